import { scanTransactions } from '../../src/block/scan.js';
import { SimulatedDashd } from '../../src/simulated/dashd.js';
import type { Funding } from '../../src/simulated/filler.js';
import { mineBlock, type Template } from '../../src/simulated/miner.js';
import { SimulatedNode } from '../../src/simulated/node.js';
import { hashFromWire } from '../../src/wire/reader.js';
import { hashOf } from './relay-under-test.js';
import type { TestNetwork } from './survival-tests.js';

/** Makes blocks of all rounds differ. */
let extraNonce = 0;

export const REWARD = 100_000_000n;

export interface Mined {
  /** Of each block, bytes. */
  readonly size?: number | undefined;
  /** What the transactions of the first block spend; those of each further one spend the one before. */
  readonly funding?: Funding | undefined;
}

export function mineOn(template: Template, count: number, { size, funding }: Mined = {}): Buffer[] {
  let next = template;
  let from = funding;
  return Array.from({ length: count }, () => {
    extraNonce += 1;
    const raw = mineBlock(next, {
      extraNonce,
      reward: REWARD,
      ...(size !== undefined && { size }),
      ...(from !== undefined && { funding: from }),
    });
    if (from !== undefined) from = { ...from, txid: lastTransaction(raw) };
    next = { ...next, parent: hashOf(raw), height: next.height + 1, time: next.time + 1 };
    return raw;
  });
}

function lastTransaction(raw: Buffer): string {
  const scan = scanTransactions(raw);
  return scan.ok ? hashFromWire(scan.txids.at(-1) ?? Buffer.alloc(32)) : '';
}

/** A simulated dashd and two simulated peers, which are connected to nobody but the relay. */
export class SimulatedTestNetwork implements TestNetwork {
  readonly peers = 3;

  private constructor(
    readonly dashd: SimulatedDashd,
    readonly nodes: readonly SimulatedNode[],
  ) {}

  static async open(): Promise<SimulatedTestNetwork> {
    const dashd = new SimulatedDashd({ user: 'user', password: 'secret' });
    const nodes = Array.from({ length: 2 }, () => new SimulatedNode({ linkQuality: { latencyMs: 0 } }));
    const network = new SimulatedTestNetwork(dashd, nodes);
    await network.start();
    for (const raw of dashd.generate(1)) for (const node of nodes) node.submit(raw);
    return network;
  }

  get flags(): readonly string[] {
    const { dashd, nodes } = this;
    return [
      `--dashd-rpc-url=${dashd.rpcUrl}`,
      `--dashd-rpc-user=${dashd.user}`,
      `--dashd-rpc-password=${dashd.password}`,
      `--dashd-p2p-port=${dashd.node.port}`,
      `--dashd-zmq-url=${dashd.zmqUrl}`,
      `--peers=${nodes.map(({ address }) => address).join(',')}`,
    ];
  }

  async mine(count: number, size?: number): Promise<Buffer[]> {
    return mineOn(this.dashd.node.chain.template(), count, { size });
  }

  async lackers(hash: string): Promise<number> {
    return [this.dashd.node, ...this.nodes].filter(({ chain }) => chain.get(hash)?.connected !== true).length;
  }

  async stop(): Promise<void> {
    await Promise.all([this.dashd, ...this.nodes].map((node) => node.stop()));
  }

  async start(): Promise<void> {
    await Promise.all([this.dashd, ...this.nodes].map((node) => node.start()));
  }
}
