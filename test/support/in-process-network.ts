/** An embedded network with a relay in it: a dashd stand-in, a simulated node for each behaviour, one block all of them have. */
import assert from 'node:assert/strict';
import { loadX11 } from '../../src/block/x11.js';
import type { ServiceEvent } from '../../src/contracts/events.js';
import type { RelayDeps } from '../../src/relay/relay.js';
import type { Behaviour, LinkQuality } from '../../src/simulated/behaviour.js';
import { SimulatedDashd } from '../../src/simulated/dashd.js';
import { type MineOptions, mineBlock, type Template } from '../../src/simulated/miner.js';
import { SimulatedNode } from '../../src/simulated/node.js';
import { hashOf, RelayUnderTest } from './relay-under-test.js';

export interface InProcessNetworkOptions {
  /** One node for each; `{}` behaves. */
  readonly peers?: readonly Behaviour[];
  /** What lies between the relay and the peer of the same index; nothing unless given. */
  readonly lines?: readonly (LinkQuality | undefined)[];
  /** Flags over those that lead to the stand-in. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly deps?: Partial<RelayDeps>;
  /** Called before the relay starts. */
  readonly prepare?: (dashd: SimulatedDashd, nodes: readonly SimulatedNode[]) => void | Promise<void>;
}

export class InProcessNetwork {
  private extraNonce = 1_000;

  private constructor(
    readonly dashd: SimulatedDashd,
    readonly nodes: readonly SimulatedNode[],
    readonly relay: RelayUnderTest,
  ) {}

  static async start({
    peers = [],
    lines = [],
    flags = {},
    deps = {},
    prepare,
  }: InProcessNetworkOptions = {}): Promise<InProcessNetwork> {
    await loadX11();
    const dashd = new SimulatedDashd({ user: 'user', password: 'secret' });
    const nodes = peers.map(
      (behaviour, index) => new SimulatedNode({ behaviour, linkQuality: lines[index] ?? { latencyMs: 0 } }),
    );
    await Promise.all([dashd, ...nodes].map((node) => node.start()));
    for (const raw of dashd.generate(1)) for (const node of nodes) assert.ok(node.submit(raw).accepted);
    await prepare?.(dashd, nodes);
    const relay = await RelayUnderTest.start(
      {
        'dashd-rpc-url': dashd.rpcUrl,
        'dashd-rpc-user': dashd.user,
        'dashd-rpc-password': dashd.password,
        'dashd-p2p-port': String(dashd.node.port),
        'dashd-zmq-url': dashd.zmqUrl,
        'broadcast-skip-bootstrap': 'true',
        peers: nodes.map(({ address }) => address).join(','),
        ...flags,
      },
      deps,
    );
    return new InProcessNetwork(dashd, nodes, relay);
  }

  /** A valid block on a node's tip, which nobody has. */
  mine(options: MineOptions = {}, on: SimulatedNode = this.dashd.node): Buffer {
    this.extraNonce += 1;
    return mineBlock(on.chain.template(), { extraNonce: this.extraNonce, ...options });
  }

  /** Blocks one upon the other, none of which anybody has. */
  mineChain(count: number, options: MineOptions = {}): Buffer[] {
    let template: Template = this.dashd.node.chain.template();
    return Array.from({ length: count }, () => {
      const raw = mineBlock(template, options);
      template = { ...template, parent: hashOf(raw), height: template.height + 1, time: template.time + 1 };
      return raw;
    });
  }

  /** Waits for a service to tell of something. */
  service(service: ServiceEvent['service'], code: string): Promise<ServiceEvent> {
    return this.relay.until(`${service}: ${code}`, (events) =>
      events.find(
        (event): event is ServiceEvent => event.type === 'service' && event.service === service && event.code === code,
      ),
    );
  }

  countServiceEvents(service: ServiceEvent['service'], code: string): number {
    return this.relay.events.filter(
      (event) => event.type === 'service' && event.service === service && event.code === code,
    ).length;
  }

  /** Waits for a peer to be lost. @returns the code of the reason */
  lost(node: SimulatedNode | undefined): Promise<string> {
    return this.relay.until(`${node?.address} to be lost`, (events) =>
      events.flatMap((event) => (event.type === 'peer lost' && event.peer === node?.address ? [event.code] : [])).at(0),
    );
  }

  async stop(): Promise<void> {
    await this.relay.stop();
    await Promise.all([this.dashd, ...this.nodes].map((node) => node.stop()));
  }
}
