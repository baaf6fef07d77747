/** The connections of a relay, to a dashd and to targets that the test sets. */
import assert from 'node:assert/strict';
import { BehaviorSubject } from 'rxjs';
import type { PushBlock } from '../../../src/session/types.js';
import type { Target } from '../../../src/streams/connections/connection.js';
import { createConnections, type PeerNews } from '../../../src/streams/connections/connections.js';
import type { IsProxied } from '../../../src/streams/connections/isolation.js';
import type { Audience } from '../../../src/streams/connections/multicast.js';
import type { Random } from '../../../src/time.js';
import { frameOf } from '../../../src/wire/frame.js';
import { NETWORKS } from '../../../src/wire/network.js';
import { block, context, counting } from '../../session/support.js';
import { gather } from '../../support/gather.js';
import { Time } from '../../support/virtual-time.js';
import { FakeNet } from './fake-net.js';

const { magic } = NETWORKS.regtest;

export function target(host: string): Target {
  return { host, port: 1, peer: `${host}:1`, protected: host === 'dashd' };
}

export function pushable(number: number): PushBlock {
  return { ...block(number), frame: frameOf(magic, 'block', Buffer.concat([block(number).header, Buffer.of(0)])) };
}

/** Connections around a dashd, with targets that the test sets. */
export class ConnectionsUnderTest {
  readonly time = new Time();
  readonly net = new FakeNet();
  readonly targets$ = new BehaviorSubject<readonly Target[]>([]);
  readonly quorumTargets$ = new BehaviorSubject<readonly Target[]>([]);
  readonly connections;
  readonly result: ReturnType<typeof gather<PeerNews>>;

  constructor(random: Random = counting(), isProxied?: IsProxied) {
    const { time, net, targets$, quorumTargets$ } = this;
    this.connections = createConnections({
      context: { ...context(), random },
      dial: net.dial,
      isProxied,
      clock: time.clock,
      scheduler: time.scheduler,
      nextTurn: setImmediate,
      protectedPeer: target('dashd'),
      targets$,
      quorumTargets$,
    });
    assert.equal(net.sockets.length, 0, 'nothing is dialled before somebody subscribes');
    this.result = gather(this.connections.events$);
  }

  wants(...hosts: readonly string[]): void {
    this.targets$.next(hosts.map(target));
  }

  /** Sets the members of quorums that are wanted. */
  wantsMembers(...hosts: readonly string[]): void {
    this.quorumTargets$.next(hosts.map((host) => ({ ...target(host), quorum: true })));
  }

  push(block: PushBlock, audience: Audience = 'all'): void {
    this.connections.push(block, audience)();
  }

  /** Sets the targets, and completes their handshakes and dashd's. */
  has(...hosts: readonly string[]): void {
    this.wants(...hosts);
    for (const host of ['dashd', ...hosts]) this.net.to(host).shakeHands();
  }

  get live(): string[] {
    return [...this.connections.live.keys()];
  }

  /** Peers that became ready or were lost, and proofs, since the last call. */
  reported(): string[] {
    return this.result.values.splice(0).flatMap(({ target: { host }, event }) => {
      if (event.type === 'ready') return [`${host} ready`];
      if (event.type === 'lost') return [`${host} lost: ${event.fault.code}`];
      return event.type === 'proof' ? [`${host} ${event.stage}`] : [];
    });
  }
}
