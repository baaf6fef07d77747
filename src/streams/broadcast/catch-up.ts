/**
 * Peers that connect late, or lacked a parent, are sent our recent chain in its order. A peer is sent a block's children once it has
 * shown that it has the block: a block whose parent it lacks would cost us 10 of its 100 misbehaviour points.
 */
import type { Hash } from '../../wire/reader.js';
import type { Target } from '../connections/connection.js';
import type { ConnectedPeer, Connections } from '../connections/connections.js';
import type { Flight } from './flight.js';
import type { RecentStore } from './recent.js';
import type { ChainTip } from './tip.js';

export interface CatchUpDeps {
  /** The blocks under way, by hash. */
  readonly flights: ReadonlyMap<Hash, Flight>;
  readonly connections: Pick<Connections, 'live'>;
  readonly recent: Pick<RecentStore, 'childrenOf'>;
  readonly tip: Pick<ChainTip, 'hash'>;
  /** Sends the peer a block. */
  readonly push: (flight: Flight, peer: ConnectedPeer) => void;
  /** Sends the peer a block unless it, once asked, turns out to have it. */
  readonly offer: (flight: Flight, peer: ConnectedPeer) => void;
}

export class CatchUp {
  constructor(private readonly deps: CatchUpDeps) {}

  /** Sends a peer that has finished its handshake the first of the tip's blocks that it may lack; the others follow once it has that. */
  onReady(peer: string, height: number): void {
    const { connections, tip, push, offer } = this.deps;
    const connected = connections.live.get(peer);
    if (connected === undefined) return;
    let first: Flight | undefined;
    const chain = new Set(this.chainTo(tip.hash));
    for (const flight of chain) if (flight.standingAt(connected, height) !== 'past') first = flight;
    // Another relay of the cluster, or this one over an earlier connection, may have sent it.
    if (first !== undefined) (first.standingAt(connected, height) === 'lacks' ? push : offer)(first, connected);
    for (const flight of this.recovered()) if (first === undefined || !chain.has(flight)) offer(flight, connected);
  }

  /**
   * Blocks of before the start with none of ours upon them, which the chain may have grown past meanwhile. Who is past such a block is asked
   * for it all the same: its answer is the only proof that the block was delivered, of this one and those below it, and so of the end of
   * their time in the spool.
   */
  private *recovered(): Generator<Flight, void> {
    const { flights, recent } = this.deps;
    for (const flight of flights.values()) {
      const isRecovered = flight.released && flight.source === 'pool' && flight.arrival.late?.code === 'recovered';
      if (isRecovered && !recent.childrenOf(flight.hash).some(({ hash }) => flights.has(hash))) yield flight;
    }
  }

  /** The peer has the block: sends it the blocks above that it was not sent. */
  sendChildren(peer: string, hash: Hash): void {
    const { flights, connections, recent, push } = this.deps;
    const connected = connections.live.get(peer);
    if (connected === undefined) return;
    const due = [...recent.childrenOf(hash)];
    for (let child = due.pop(); child !== undefined; child = due.pop()) {
      const flight = flights.get(child.hash);
      if (flight?.released !== true || !flight.isDueTo(connected.target)) continue;
      push(flight, connected);
      due.push(...recent.childrenOf(child.hash));
    }
  }

  /** The block is not in the peer's chain, perhaps for want of its parent: then sends that, and the block again once the peer has it. */
  sendParent(peer: string, hash: Hash): void {
    const { flights, connections, push } = this.deps;
    const connected = connections.live.get(peer);
    const flight = flights.get(hash);
    if (connected === undefined || flight === undefined) return;
    const parent = flights.get(flight.push.previous);
    if (parent?.released === true && !parent.wasSentTo(peer)) push(parent, connected);
  }

  /**
   * A chain that has a block has its parents: those of ours that the peer was not sent, since it is past them, are proven by that
   * alone. What it was sent proves itself. Each block is looked at once for each peer.
   */
  creditParents(target: Target, hash: Hash, monotonicAt: number): void {
    const { flights } = this.deps;
    const { peer } = target;
    let flight = flights.get(hash);
    while (flight?.released === true && flight.source !== 'dashd' && flight.noteHeld(peer)) {
      if (!flight.wasSentTo(peer)) {
        flight.noteSent([target], true);
        flight.entries$.next({ type: 'proof', peer, stage: 'already-had', monotonicAt });
      }
      flight = flights.get(flight.push.previous);
    }
  }

  /** A block and those under it that are under way, the newest first. */
  private *chainTo(tip: Hash | undefined): Generator<Flight, void> {
    const { flights } = this.deps;
    let flight = tip === undefined ? undefined : flights.get(tip);
    while (flight?.released === true) {
      yield flight;
      flight = flights.get(flight.push.previous);
    }
  }
}
