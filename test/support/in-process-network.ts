/** A relay in this process with a simulated dashd and simulated peers; all nodes have the same first block. */
import assert from 'node:assert/strict';
import { loadX11 } from '../../src/block/x11.js';
import type { ServiceEvent } from '../../src/contracts/events.js';
import type { RelayDeps } from '../../src/relay/relay.js';
import type { Behaviour, LinkQuality } from '../../src/simulated/behaviour.js';
import { DASH_CORE_23, type DashCoreRelease } from '../../src/simulated/dash-core.js';
import { SimulatedDashd } from '../../src/simulated/dashd.js';
import { type MineOptions, mineBlock, type Template } from '../../src/simulated/miner.js';
import { SimulatedNode } from '../../src/simulated/node.js';
import { atEnd } from './at-end.js';
import { hashOf, RelayUnderTest } from './relay-under-test.js';

export interface InProcessNetworkOptions {
  /** A peer for each; `{}` is a node without faults. */
  readonly peers?: readonly Behaviour[];
  /** The link between the relay and the peer of the same index; without delay by default. */
  readonly links?: readonly (LinkQuality | undefined)[];
  /** The release of Dash Core that all nodes behave as; default 23. */
  readonly release?: DashCoreRelease;
  /** So many of the peers are configured, the first ones; all unless given. */
  readonly only?: number;
  /** Addresses that are configured besides. */
  readonly alsoPeers?: readonly string[];
  /** Flags that override those for the simulated dashd. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly deps?: Partial<RelayDeps>;
  /** Called before the relay starts. */
  readonly prepare?: (dashd: SimulatedDashd, nodes: readonly SimulatedNode[]) => void | Promise<void>;
}

export class InProcessNetwork {
  private extraNonce = 1_000;
  private readonly forget = atEnd(() => this.stop());

  private constructor(
    readonly dashd: SimulatedDashd,
    readonly nodes: readonly SimulatedNode[],
    readonly relay: RelayUnderTest,
  ) {}

  static async start({
    peers = [],
    links = [],
    only = peers.length,
    alsoPeers = [],
    release = DASH_CORE_23,
    flags = {},
    deps = {},
    prepare,
  }: InProcessNetworkOptions = {}): Promise<InProcessNetwork> {
    await loadX11();
    const dashd = new SimulatedDashd({ user: 'user', password: 'secret', release });
    const nodes = peers.map(
      (behaviour, index) => new SimulatedNode({ behaviour, release, linkQuality: links[index] ?? { latencyMs: 0 } }),
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
        peers: [...alsoPeers, ...nodes.slice(0, only).map(({ address }) => address)].join(','),
        ...flags,
      },
      deps,
    );
    return new InProcessNetwork(dashd, nodes, relay);
  }

  /** A valid block on a node's tip that no node has yet. */
  mine(options: MineOptions = {}, on: SimulatedNode = this.dashd.node): Buffer {
    this.extraNonce += 1;
    const raw = mineBlock(on.chain.template(), { extraNonce: this.extraNonce, ...options });
    this.relayTransactions(raw);
    return raw;
  }

  /** A chain of blocks on dashd's tip that no node has yet. */
  mineChain(count: number, options: MineOptions = {}): Buffer[] {
    let template: Template = this.dashd.node.chain.template();
    return Array.from({ length: count }, () => {
      const raw = mineBlock(template, options);
      this.relayTransactions(raw);
      template = { ...template, parent: hashOf(raw), height: template.height + 1, time: template.time + 1 };
      return raw;
    });
  }

  /** As on a real network, each node has a block's transactions before the block. */
  private relayTransactions(raw: Buffer): void {
    for (const { mempool } of [this.dashd.node, ...this.nodes]) mempool.addFrom(raw);
  }

  /** Waits for an event of a service. */
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

  /** Waits until the relay loses a peer. @returns the code of the reason */
  lost(node: SimulatedNode | undefined): Promise<string> {
    return this.relay.until(`${node?.address} to be lost`, (events) =>
      events.flatMap((event) => (event.type === 'peer-lost' && event.peer === node?.address ? [event.code] : [])).at(0),
    );
  }

  async stop(): Promise<void> {
    this.forget();
    await this.relay.stop();
    await Promise.all([this.dashd, ...this.nodes].map((node) => node.stop()));
  }
}
