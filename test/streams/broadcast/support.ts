/** A relay without its adapters, for the tests of the broadcaster. */
import assert from 'node:assert/strict';
import { BehaviorSubject } from 'rxjs';
import { hashHeader } from '../../../src/block/x11.js';
import type { BlockEvent, BlockProof, BlockVerdict } from '../../../src/contracts/events.js';
import type { RpcAnswer } from '../../../src/contracts/rpc.js';
import type { QuorumView } from '../../../src/quorum/active-quorums.js';
import { type PushPlan, planPush } from '../../../src/quorum/push-plan.js';
import { SeededRandom } from '../../../src/simulated/seeded-random.js';
import { type BroadcastDeps, Broadcaster } from '../../../src/streams/broadcast/broadcast.js';
import { Gatekeeper } from '../../../src/streams/broadcast/gatekeeper.js';
import { RecentStore } from '../../../src/streams/broadcast/recent.js';
import { ChainTip } from '../../../src/streams/broadcast/tip.js';
import type { Target } from '../../../src/streams/connections/connection.js';
import { createConnections } from '../../../src/streams/connections/connections.js';
import type { NextTurn } from '../../../src/streams/ports.js';
import { INV } from '../../../src/wire/inventory.js';
import { NETWORKS } from '../../../src/wire/network.js';
import { buildCoinbase, mineBlock } from '../../block/support.js';
import { counting, HEIGHT } from '../../session/support.js';
import { Time } from '../../support/virtual-time.js';
import { FakeNet, type FakeSocket } from '../connections/fake-net.js';
import { answer, FakeRpc } from '../dashd/fake-rpc.js';

export const network = NETWORKS.regtest;
export const PARENT = '11'.repeat(32);
export const FRESH_MS = 600_000;

export const target = (host: string): Target => ({ host, port: 1, peer: `${host}:1`, protected: host === 'dashd' });
export const hashOf = (raw: Buffer) => hashHeader(raw.subarray(0, 80));
let mined = 0;

/** A new block on a parent, by default at height 1,000. */
export function mine(previous = PARENT, height = HEIGHT): Buffer {
  mined += 1;
  const script = Buffer.from([2, height & 0xff, height >> 8, 0]);
  return mineBlock({ previous, time: 1_790_000_000 + mined, transactions: [buildCoinbase(script)] });
}

export function mineChain(length: number): Buffer[] {
  let parent = PARENT;
  return Array.from({ length }, (_, i) => {
    const raw = mine(parent, HEIGHT + i);
    parent = hashOf(raw);
    return raw;
  });
}

/** The same header, another body. */
export function changed(raw: Buffer): Buffer {
  const copy = Buffer.from(raw);
  copy.writeUInt8(copy.readUInt8(copy.length - 5) ^ 1, copy.length - 5);
  return copy;
}

/** A broadcaster whose next turn is this one. */
export function newBroadcaster(
  deps: Omit<BroadcastDeps, 'random' | 'nextTurn' | 'fallback'>,
  more: Partial<BroadcastDeps> = {},
): Broadcaster {
  const usual = { random: new SeededRandom(1), nextTurn: (action: () => void) => action(), fallback: true };
  return new Broadcaster({ ...usual, ...deps, ...more });
}

/** A broadcaster with dashd and some peers connected, and the chain's tip known. */
export class BroadcasterUnderTest {
  readonly time = new Time();
  /** Messages, calls and events, in order. */
  readonly log: string[] = [];
  readonly net = new FakeNet((host, command) => this.log.push(`${command} to ${host}`));
  readonly rpc = new FakeRpc(() => this.time.now);
  readonly tip = new ChainTip();
  readonly recent = new RecentStore();
  readonly gate = new Gatekeeper(network, this.tip, this.time.clock);
  readonly broadcaster: Broadcaster;
  readonly events: BlockEvent[] = [];
  ended = false;
  private readonly targets$ = new BehaviorSubject<readonly Target[]>([]);
  private readonly idle: number;

  /** By which blocks are pushed; unless set, in the order of the connections. */
  plan: PushPlan = planPush({ peers: [] });
  /** The signers of blocks upon a block that is not the tip. */
  readonly signers = new Map<string, ReadonlySet<string>>();
  readonly signersUpon = (previous: string) => this.signers.get(previous);

  constructor(hosts: readonly string[] = ['a', 'b'], fallback = true) {
    const { time, net, rpc, tip, recent } = this;
    const { clock, scheduler } = time;
    const connections = createConnections({
      context: { network, userAgent: '', wallClock: () => 0, height: () => 0, random: counting(), recent, hashHeader },
      dial: net.dial,
      clock,
      scheduler,
      nextTurn: setImmediate,
      protectedPeer: target('dashd'),
      targets$: this.targets$,
    });
    this.broadcaster = newBroadcaster(
      { network, connections, rpc, recent, tip, clock, scheduler },
      {
        nextTurn: (action) => this.nextTurn(action),
        keep: (arrival, isKept) => this.keep(arrival, isKept),
        quorums: { view: () => this.quorums },
        fallback,
        planner: this,
      },
    );
    this.broadcaster.events$.subscribe({
      next: (event) => {
        this.log.push(event.type);
        this.events.push(event);
      },
      complete: () => {
        this.ended = true;
      },
    });
    connections.events$.subscribe((news) => this.broadcaster.onPeer(news));
    tip.see(PARENT, '00'.repeat(32), HEIGHT - 1);
    tip.move(PARENT);
    rpc.replies.set('submitblock', (raw) => {
      this.log.push('submitblock');
      return this.submission(raw as Buffer);
    });
    net.to('dashd').shakeHands();
    this.join(...hosts);
    this.idle = time.pending;
    this.log.splice(0);
  }

  /** How dashd answers `submitblock`. */
  submission: (raw: Buffer) => RpcAnswer | Promise<RpcAnswer> = () => answer(null);

  /** On disk at once unless replaced. */
  keep: NonNullable<BroadcastDeps['keep']> = (_arrival, isKept) => isKept();

  /** None unless set. */
  quorums: QuorumView | undefined;

  /** At once unless replaced. */
  nextTurn: NextTurn = (action) => action();

  /** Timers beside those of the connections. */
  get pending(): number {
    return this.time.pending - this.idle;
  }

  /** New peers, at a height, that have just shaken hands. */
  join(...hosts: readonly string[]): void {
    this.joinAt(HEIGHT - 1, ...hosts);
  }

  joinAt(height: number, ...hosts: readonly string[]): void {
    this.targets$.next([...this.targets$.value, ...hosts.map(target)]);
    for (const host of hosts) this.peer(host).shakeHands(height);
  }

  peer(host: string): FakeSocket {
    return this.net.to(host);
  }

  get peers(): FakeSocket[] {
    return ['dashd', ...this.targets$.value.map(({ host }) => host)].map((host) => this.peer(host));
  }

  /** @param ask sends the submitter's own `submitblock`, as for a block from the proxy */
  fromPool(raw: Buffer, ask?: () => Promise<RpcAnswer>): number {
    const admission = this.gate.fromPool([raw]);
    assert.ok(admission.type === 'block', JSON.stringify(admission));
    return this.broadcaster.send(admission, ask);
  }

  fromFeed(raw: Buffer): void {
    const admission = this.gate.fromFeed(raw);
    assert.ok(admission?.type === 'block', JSON.stringify(admission));
    this.broadcaster.send(admission);
  }

  fromSpool(raw: Buffer): void {
    const admission = this.gate.fromSpool(hashOf(raw), raw, 0);
    assert.ok(admission.type === 'block', JSON.stringify(admission));
    this.broadcaster.send(admission);
  }

  /** The peer answers the pings behind what it was sent, and then announces the block. */
  announces(host: string, raw: Buffer): void {
    this.peer(host).pongs();
    this.peer(host).says({ command: 'inv', items: [{ type: INV.block, hash: hashOf(raw) }] });
  }

  /** How many blocks each peer was sent, in the order of `peers`. */
  get sent(): number[] {
    return this.peers.map(({ blocks }) => blocks.length);
  }

  proofs(host: string): string[] {
    return this.events
      .filter((event): event is BlockProof => event.type === 'proof' && event.peer === `${host}:1`)
      .map(({ status, reason }) => (reason === undefined ? status : `${status}: ${reason}`));
  }

  /** The verdicts on a block: outcome, reached of tried, dashd's answer. */
  verdicts(raw: Buffer): string[] {
    return this.events
      .filter((event): event is BlockVerdict => event.type === 'verdict' && event.hash === hashOf(raw))
      .map(
        ({ outcome, peersReached, peersTried, rpc }) =>
          `${outcome} ${peersReached}/${peersTried} ${rpc?.outcome ?? 'silent'}`,
      );
  }
}
