/** blockcast's own side of a connection to a node: what is pushed, and what is proven of it. */
import assert from 'node:assert/strict';
import { BehaviorSubject, EMPTY, type Subscription } from 'rxjs';
import { inspect } from '../../src/block/gate.js';
import { hashHeader } from '../../src/block/x11.js';
import { systemPorts } from '../../src/relay/ports.js';
import type { CompactUse, PushBlock, SessionEvent } from '../../src/session/types.js';
import { pushOf } from '../../src/streams/broadcast/flight.js';
import { RecentStore } from '../../src/streams/broadcast/recent.js';
import type { Target } from '../../src/streams/connections/connection.js';
import { type Connections, createConnections } from '../../src/streams/connections/connections.js';
import type { Address } from '../../src/streams/ports.js';
import { NETWORKS } from '../../src/wire/network.js';
import { eventually } from './node-under-test.js';

const network = NETWORKS.regtest;
const NONCE = 7n;
/** Small enough that blocks of some transactions are sent compact, and that none is prefilled but the coinbase. */
const PLAN = { compactAbove: 500 };

type Proof = Extract<SessionEvent, { type: 'proof' }>;

export class Pusher {
  readonly proofs: Proof[] = [];
  private readonly recent = new RecentStore();
  private readonly connections: Connections;
  private readonly subscription: Subscription;
  private readonly peer: string;

  private constructor({ host, port }: Address) {
    this.peer = `${host}:${port}`;
    const { clock, random, scheduler, nextTurn, dial } = systemPorts;
    const target: Target = { peer: this.peer, host, port, protected: false };
    this.connections = createConnections({
      context: {
        network,
        userAgent: '/blockcast:test/',
        wallClock: () => clock.now(),
        height: () => 0,
        random,
        recent: this.recent,
        hashHeader,
      },
      dial,
      clock,
      scheduler,
      nextTurn,
      protectedPeer: undefined,
      targets$: new BehaviorSubject([target]),
      quorumTargets$: EMPTY,
    });
    this.subscription = this.connections.events$.subscribe(({ event }) => {
      if (event.type === 'proof') this.proofs.push(event);
    });
  }

  /** Connects, up to the node's word that it knows compact blocks. */
  static async ready(node: Address): Promise<Pusher> {
    const pusher = new Pusher(node);
    await eventually(() => (pusher.use?.known === true ? true : undefined), 'sendcmpct');
    return pusher;
  }

  /** The node's use of compact blocks. */
  get use(): CompactUse | undefined {
    return this.connections.live.get(this.peer)?.compact;
  }

  push(raw: Buffer): PushBlock {
    const inspection = inspect(raw, network);
    assert.ok(inspection.kind === 'block');
    const push = pushOf(inspection.block, network, NONCE, PLAN);
    const settle = this.connections.push(push, 'all');
    this.recent.add(push);
    settle();
    return push;
  }

  /** Pushes a block. @returns the form, and the round trips, by which the node accepted it */
  async delivers(raw: Buffer): Promise<string> {
    const { hash } = this.push(raw);
    const { way } = await this.proof(hash, 'accepted');
    return `${way?.form} ${way?.roundTrips}`;
  }

  async proof(hash: string, stage: Proof['stage']): Promise<Proof> {
    return eventually(() => this.proofs.find((one) => one.hash === hash && one.stage === stage), `${stage} ${hash}`);
  }

  hangUp(): void {
    this.subscription.unsubscribe();
  }
}
