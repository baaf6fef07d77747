import { ReplaySubject, type Subject } from 'rxjs';
import type { Block } from '../../block/gate.js';
import type { BlockSource, QuorumRole, RpcResult } from '../../contracts/events.js';
import type { Entry, Tried } from '../../delivery/ledger.js';
import { networkGroup, toAddress } from '../../peers/address.js';
import { FIRST_FLIGHT_BYTES, type PushPlan } from '../../quorum/push-plan.js';
import type { PushBlock } from '../../session/types.js';
import { FRAME_HEADER_BYTES, frameOf } from '../../wire/frame.js';
import type { Network } from '../../wire/network.js';
import type { Hash } from '../../wire/reader.js';
import type { Target } from '../connections/connection.js';
import type { ConnectedPeer } from '../connections/connections.js';
import { compactFormOf } from './compact-form.js';
import type { Arrival } from './gatekeeper.js';
import type { Submission } from './submit.js';

type CompactPlan = Pick<PushPlan, 'compactAbove' | 'pace'>;

/**
 * A block as sessions need it; its frames are built once, for all of them.
 * @param nonce of the compact form's short ids; without one there is none
 * @param plan of which size on a block has a compact form
 */
export function pushOf(
  block: Block,
  network: Network,
  nonce?: bigint,
  plan: CompactPlan = { compactAbove: FIRST_FLIGHT_BYTES },
): PushBlock {
  const { hash, header, previous } = block;
  const frame = frameOf(network.magic, 'block', block.raw);
  const raw = frame.subarray(FRAME_HEADER_BYTES);
  const compact = nonce === undefined ? undefined : compactFormOf({ ...block, raw }, network, nonce, plan);
  // A copy of the header: a view would keep the buffer that it is a view of.
  return { hash, header: Buffer.from(header), previous, frame, ...(compact !== undefined && { compact }) };
}

/** One block from its arrival until it is no longer fresh: which peers it was sent to, and what is known of it there. */
export class Flight {
  /** What is learned about the block. Replayed: some entries are made before anybody can subscribe. */
  readonly entries$: Subject<Entry> = new ReplaySubject();
  /** Emits when the block's memory is needed for another. Replayed, as above. */
  readonly superseded$: Subject<void> = new ReplaySubject(1);
  /** False while the block waits for dashd to accept it: until then no peer is sent it. */
  released = false;
  /** True once a verdict was emitted. */
  judged = false;
  /** dashd's answer, when it rejected the block. */
  rejection?: RpcResult;

  private current: { readonly arrival: Arrival; readonly push: PushBlock };
  /** Connected peers that were sent the block over this connection. */
  private readonly sentTo = new Set<string>();
  /** Of those, peers whose chain did not have it. */
  private readonly lackedBy = new Set<string>();
  /** Connected peers whose chain has it. */
  private readonly heldBy = new Set<string>();

  /**
   * @param dashdIsAsked true while dashd has its own submitter's request: if the block reached it over P2P first, it would answer
   * that request with `duplicate`
   * @param roleOf what a peer is for the block
   */
  constructor(
    arrival: Arrival,
    push: PushBlock,
    public dashdIsAsked: boolean,
    private readonly roleOf: (peer: string) => QuorumRole | undefined = () => undefined,
  ) {
    this.current = { arrival: { ...arrival, block: withFrameOf(arrival.block, push) }, push };
  }

  get arrival(): Arrival {
    return this.current.arrival;
  }

  get push(): PushBlock {
    return this.current.push;
  }

  get hash(): Hash {
    return this.push.hash;
  }

  get source(): BlockSource {
    return this.arrival.source;
  }

  /** True when dashd may be sent the block over P2P: it does not come from dashd, and dashd's own submitter is not asking about it. */
  get isForDashd(): boolean {
    return this.source !== 'dashd' && !this.dashdIsAsked;
  }

  /**
   * True when dashd's answer clears a block in doubt. Where only its parent was unknown and dashd does not answer, it goes out all the
   * same: at worst it costs 10 misbehaviour points of 100, while a body in doubt would cost every peer. `duplicate` says nothing of a
   * body: dashd answers it to any that comes under a header it knows.
   */
  isClearedBy({ stored, outcome, turnedAway }: Submission): boolean {
    if (turnedAway) return false;
    if (this.arrival.doubts.every(({ code }) => code === 'parent')) return stored || outcome === 'unavailable';
    return stored && outcome !== 'duplicate';
  }

  /** Takes another body under the same header. */
  replace(block: Block, push: PushBlock): void {
    this.current = { arrival: { ...this.arrival, block: withFrameOf(block, push) }, push };
  }

  /** Records that these peers were sent the block. @param late not with the first, but once it was known that they may lack it */
  noteSent(targets: readonly Target[], late?: true): void {
    for (const { peer } of targets) {
      this.sentTo.add(peer);
      this.lackedBy.delete(peer);
    }
    const peers = targets.map((target): Tried => {
      const { peer, protected: isProtected } = target;
      const role = isProtected ? undefined : this.roleOf(peer);
      return {
        peer,
        protected: isProtected,
        ...(role !== undefined && { role }),
        group: groupOf(target),
        ...(late === true && { late }),
      };
    });
    this.entries$.next({ type: 'tried', peers });
  }

  wasSentTo(peer: string): boolean {
    return this.sentTo.has(peer);
  }

  /** Records that the peer's chain does not have the block. */
  noteLacked(peer: string): void {
    this.lackedBy.add(peer);
  }

  /** Records that the peer's chain has the block. @returns false when that was known */
  noteHeld(peer: string): boolean {
    if (this.heldBy.has(peer)) return false;
    this.heldBy.add(peer);
    return true;
  }

  /** The connection is over: should the peer come back, nothing was sent over the new one. */
  forgetPeer(peer: string): void {
    this.heldBy.delete(peer);
    this.sentTo.delete(peer);
    this.lackedBy.delete(peer);
  }

  /** True when a peer whose chain has the parent is to be sent the block: it was not, or did not take it. */
  isDueTo({ peer, protected: isProtected }: Target): boolean {
    return (!this.sentTo.has(peer) || this.lackedBy.has(peer)) && (!isProtected || this.isForDashd);
  }

  /**
   * What the height of a peer that has just connected says of the block: it lacks it, is past it, or may have another one in
   * its place. A block that came from dashd is the network's: at its height a peer is past it, whichever it has.
   * @param height the peer's, from its `version` message
   */
  standingAt({ target }: ConnectedPeer, height: number): 'lacks' | 'may-lack' | 'past' {
    const { block } = this.arrival;
    if (target.protected) return this.isForDashd ? 'lacks' : 'past';
    if (this.source === 'dashd') return height < (block.height ?? 0) ? 'lacks' : 'past';
    if (block.height === undefined || height === block.height) return 'may-lack';
    return height < block.height ? 'lacks' : 'past';
  }
}

/** The frame holds the block: the buffer in which it came is released. */
function withFrameOf(block: Block, { frame }: PushBlock): Block {
  // The layout is of use until the compact form is made, and takes more memory than a small block.
  const { layout: _layout, ...rest } = block;
  return { ...rest, raw: frame.subarray(FRAME_HEADER_BYTES) };
}

/** The network of each connection's peer: of 1,350 they are not to be parsed while a block is on its way. */
const groups = new WeakMap<Target, string>();

function groupOf(target: Target): string {
  const known = groups.get(target);
  if (known !== undefined) return known;
  const address = toAddress(target.host, target.port);
  const group = (address && networkGroup(address)) ?? target.peer;
  groups.set(target, group);
  return group;
}
