/**
 * A relay, a pool, dashd and peers, each in its own process, with network paths that can be cut. The nodes are connected only to the relay,
 * so they have a round's blocks from it alone.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type DashdCommand, type DashdProcess, findDashd, startDashd } from '../../src/simulated/dashd-process.js';
import type { Template } from '../../src/simulated/miner.js';
import { LEAD_SECONDS, PLAIN_COINBASES } from '../dashd/dashd-test-network.js';
import { RelayProcess } from '../support/relay-process.js';
import { hashOf } from '../support/relay-under-test.js';
import { mineOn } from '../support/simulated-test-network.js';
import { Forwarder } from './forwarder.js';

/** docs/clients/push-block.mjs: what a pool is asked to use. */
interface BlockPusher {
  push(
    raw: Buffer,
    hash: string,
    options: { readonly giveUpAfterMs: number },
  ): Promise<{ readonly type: string } | undefined>;
  close(): void;
}
interface PusherModule {
  readonly BlockPusher: new (pool: string, events: string) => BlockPusher;
}

const PUSHER = new URL('../../../docs/clients/push-block.mjs', import.meta.url).href;
const SIMULATED: DashdCommand = [process.execPath, fileURLToPath(new URL('./simulated-dashd.js', import.meta.url))];
const CLOCK_SHIFT = pathToFileURL(fileURLToPath(new URL('./clock-shift.js', import.meta.url))).href;
const PEERS = 2;
/** Regtest's genesis block. Source: Dash Core `kernel/chainparams.cpp`. */
const GENESIS = '000008ca1832a4baf228eb1553c03d3a2c8e02399550dd6ea8d65cec3ef23d2e';

export interface Node {
  readonly name: string;
  readonly process: DashdProcess;
  /** In front of its P2P port. */
  readonly path: Forwarder;
}

export class ChaosNetwork {
  readonly relay: RelayProcess;
  /** Blocks that every node had, from height 1: a node that lost them gets them back, as from a network. */
  private readonly settled: Buffer[] = [];
  private newest: Template = {
    parent: GENESIS,
    height: 1,
    time: Math.floor(Date.now() / 1_000) - LEAD_SECONDS,
    special: false,
  };

  private constructor(
    readonly isReal: boolean,
    readonly dashd: Node,
    readonly peers: readonly Node[],
    /** In front of dashd's RPC and ZeroMQ ports. */
    private readonly services: readonly [rpc: Forwarder, zmq: Forwarder],
    private readonly pool: (network: ChaosNetwork) => BlockPusher,
  ) {
    const [rpc, zmq] = services;
    const flags: string[] = [];
    this.relay = new RelayProcess(flags, {
      NODE_OPTIONS: `--import=${CLOCK_SHIFT}`,
      CHAOS_CLOCK: join(dashd.process.dataDirectory, 'clock'),
    });
    flags.push(
      // A peer that returns is dialled at the next review of the peers.
      '--broadcast-refresh-interval=1',
      `--dashd-rpc-url=http://127.0.0.1:${rpc.port}`,
      `--dashd-rpc-cookie-file=${this.cookieFile}`,
      `--dashd-p2p-port=${dashd.path.port}`,
      `--dashd-zmq-url=tcp://127.0.0.1:${zmq.port}`,
      `--peers=${peers.map(({ path }) => `127.0.0.1:${path.port}`).join(',')}`,
    );
    this.shiftClock(0);
    this.publishCookie();
  }

  /** @param simulated uses the simulated dashd, even if there is a real one */
  static async open(simulated: boolean): Promise<ChaosNetwork> {
    const isReal = !simulated && findDashd() !== undefined;
    const { BlockPusher } = (await import(PUSHER)) as PusherModule;
    const processes: DashdProcess[] = [];
    try {
      // One after the other: each looks for free ports.
      processes.push(await startDashd({ arguments: PLAIN_COINBASES }, isReal ? undefined : SIMULATED));
      while (processes.length <= PEERS) processes.push(await startDashd({}, SIMULATED));
    } catch (error) {
      await Promise.all(processes.map((process) => process.remove()));
      throw error;
    }
    const [dashd, ...peers] = await Promise.all(
      processes.map(async (process, index) => ({
        name: index === 0 ? 'dashd' : `peer ${index}`,
        process,
        path: await pathTo(process.port),
      })),
    );
    if (dashd === undefined) throw new Error('no dashd');
    const [rpc, zmq] = await Promise.all(
      [dashd.process.rpcUrl, dashd.process.zmqUrl].map((url) => pathTo(portOf(url))),
    );
    if (rpc === undefined || zmq === undefined) throw new Error('no paths');
    const network = new ChaosNetwork(isReal, dashd, peers, [rpc, zmq], ({ relay }) => {
      return new BlockPusher(relay.endpoint('pool'), relay.endpoint('events'));
    });
    const [first = Buffer.alloc(0)] = network.mine(1);
    await Promise.all(network.nodes.map(({ process }) => process.rpc('submitblock', first.toString('hex'))));
    network.settle([first]);
    await network.relay.start();
    await network.relay.connected(network.nodes.length);
    return network;
  }

  get nodes(): readonly Node[] {
    return [this.dashd, ...this.peers];
  }

  /** Mines blocks on top of the last one. */
  mine(count: number): Buffer[] {
    const raws = mineOn(this.newest, count);
    const { height, time } = this.newest;
    const last = raws.at(-1);
    if (last !== undefined)
      this.newest = { ...this.newest, parent: hashOf(last), height: height + count, time: time + count };
    return raws;
  }

  /** Opens a pool's client; the caller closes it. */
  openPool(): BlockPusher {
    return this.pool(this);
  }

  settle(raws: readonly Buffer[]): void {
    this.settled.push(...raws);
  }

  /** The nodes that lack the block in their active chain. */
  async lackers(hash: string): Promise<readonly string[]> {
    const lacking = await Promise.all(
      this.nodes.map(async ({ name, process }) => {
        const header = await process.rpc<{ confirmations: number }>('getblockheader', hash).catch(() => undefined);
        return header !== undefined && header.confirmations > 0 ? [] : [name];
      }),
    );
    return lacking.flat();
  }

  /** Restarts a node that was killed or stopped, and sends it the blocks that other nodes would send. */
  async start({ process }: Node, ...more: readonly string[]): Promise<void> {
    await process.start(...more).catch(async (error: unknown) => {
      // A killed dashd may ask its operator for this.
      if (!(error instanceof Error && error.message.includes('restart with -reindex'))) throw error;
      await process.start('-reindex');
    });
    const height = await process.rpc<number>('getblockcount');
    for (const raw of this.settled.slice(height)) await process.rpc('submitblock', raw.toString('hex'));
  }

  /** The paths from the relay to the nodes. */
  paths(scope: 'all' | 'dashd' | 'peers'): readonly Forwarder[] {
    const toDashd = [this.dashd.path, ...this.services];
    const toPeers = this.peers.map(({ path }) => path);
    if (scope === 'all') return [...toDashd, ...toPeers];
    return scope === 'dashd' ? toDashd : toPeers;
  }

  /** The file in which the relay finds dashd's cookie: a copy. */
  private get cookieFile(): string {
    return join(this.dashd.process.dataDirectory, 'cookie');
  }

  publishCookie(): void {
    writeFileSync(this.cookieFile, readFileSync(this.dashd.process.cookieFile));
  }

  /** Sets the offset of the relay's wall clock, milliseconds. */
  shiftClock(ms: number): void {
    writeFileSync(join(this.dashd.process.dataDirectory, 'clock'), String(ms));
  }

  async close(): Promise<void> {
    await this.relay.remove();
    await Promise.all(this.paths('all').map((path) => path.refuse()));
    await Promise.all(this.nodes.map(({ process }) => process.remove()));
  }
}

async function pathTo(port: number): Promise<Forwarder> {
  const path = new Forwarder(port);
  await path.open();
  return path;
}

function portOf(url: string): number {
  return Number(url.split(':').at(-1));
}
