/**
 * The proofs of one block by peer, as an immutable table: a block that goes to 1,350 peers has some 4,000 proofs, and each makes a new
 * table. That copies one chunk and the list of chunks, not all entries as a new `Map` would.
 *
 * Cost: replacing a proof copies {@link CHUNK} references and one for each chunk; adding and removing peers copies everything.
 */
import type { PeerProof } from '../contracts/events.js';

const CHUNK = 32;

export class ProofTable {
  static readonly EMPTY = new ProofTable(new Map(), []);

  private constructor(
    /** Where each peer's proof is. */
    private readonly places: ReadonlyMap<string, number>,
    private readonly chunks: readonly (readonly PeerProof[])[],
  ) {}

  get size(): number {
    return this.places.size;
  }

  get(peer: string): PeerProof | undefined {
    const place = this.places.get(peer);
    return place === undefined ? undefined : this.chunks[Math.floor(place / CHUNK)]?.[place % CHUNK];
  }

  /** In the order in which the peers were added. */
  values(): readonly PeerProof[] {
    return this.chunks.flat();
  }

  /** Replaces the proof of a peer that is in the table; a proof of any other changes nothing. */
  replace(proof: PeerProof): ProofTable {
    const place = this.places.get(proof.peer);
    const at = place === undefined ? 0 : Math.floor(place / CHUNK);
    const chunk = this.chunks[at];
    if (place === undefined || chunk === undefined) return this;
    return new ProofTable(this.places, this.chunks.with(at, chunk.with(place % CHUNK, proof)));
  }

  /** Adds proofs behind the others. That of a peer that is in the table replaces its proof. */
  add(proofs: readonly PeerProof[]): ProofTable {
    if (proofs.length === 0) return this;
    return ProofTable.of([...new Map([...this.values(), ...proofs].map((proof) => [proof.peer, proof])).values()]);
  }

  remove(peer: string): ProofTable {
    return this.places.has(peer) ? ProofTable.of(this.values().filter((proof) => proof.peer !== peer)) : this;
  }

  /** @param proofs one for each peer */
  private static of(proofs: readonly PeerProof[]): ProofTable {
    const chunks = Array.from({ length: Math.ceil(proofs.length / CHUNK) }, (_, at) =>
      proofs.slice(at * CHUNK, (at + 1) * CHUNK),
    );
    return new ProofTable(new Map(proofs.map(({ peer }, place) => [peer, place])), chunks);
  }
}
