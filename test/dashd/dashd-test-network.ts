/** Real dashds that are connected to nobody but the relay, as the network of a relay's tests. */
import { loadX11 } from '../../src/block/x11.js';
import { type DashdProcess, startDashd } from '../../src/simulated/dashd-process.js';
import type { Funding } from '../../src/simulated/filler.js';
import { mineOn, REWARD } from '../support/simulated-test-network.js';
import type { TestNetwork } from '../support/survival-tests.js';

/** Coinbases stay without a payload for as long as a test mines. */
export const PLAIN_COINBASES = [
  '-dip3params=9000:9000',
  '-testactivationheight=v20@9000',
  '-testactivationheight=mn_rr@9000',
];
/** Blocks are a second apart, so a test can mine so many. */
export const LEAD_SECONDS = 3_600;
/** Dash Core `consensus/consensus.h`: COINBASE_MATURITY. */
const MATURITY = 100;

/** The first is the pool's own. */
export class DashdTestNetwork implements TestNetwork {
  flags: readonly string[] = [];
  readonly peers = 3;
  nodes: readonly DashdProcess[] = [];

  /** @param more arguments of each dashd */
  constructor(private readonly more: readonly string[] = []) {}

  async open(): Promise<void> {
    await loadX11();
    const nodes = await Promise.all(
      Array.from({ length: this.peers }, () =>
        startDashd({ user: 'pool', password: 'x', arguments: [...PLAIN_COINBASES, ...this.more] }),
      ),
    );
    const [local, ...others] = nodes;
    if (local === undefined) throw new Error('no dashd');
    this.nodes = nodes;
    // A dashd may have been built without a miner.
    for (const raw of await this.mine(1)) {
      await Promise.all(nodes.map((node) => node.rpc('submitblock', raw.toString('hex'))));
    }
    this.flags = [
      `--dashd-rpc-url=${local.rpcUrl}`,
      '--dashd-rpc-user=pool',
      '--dashd-rpc-password=x',
      `--dashd-p2p-port=${local.port}`,
      `--dashd-zmq-url=${local.zmqUrl}`,
      `--peers=${others.map(({ address }) => address).join(',')}`,
    ];
  }

  async mine(count: number, size?: number): Promise<Buffer[]> {
    const [local] = this.nodes;
    if (local === undefined) throw new Error('no dashd');
    const tip = await local.rpc<{ hash: string; height: number; time: number }>(
      'getblockheader',
      await local.rpc('getbestblockhash'),
    );
    // An older tip would mean that dashd has yet to download the chain.
    const time = Math.max(tip.time + 1, Math.floor(Date.now() / 1_000) - LEAD_SECONDS);
    const funding = size === undefined ? undefined : await this.ripeCoinbase(local, tip.height);
    return mineOn({ parent: tip.hash, height: tip.height + 1, time, special: false }, count, { size, funding });
  }

  /** A coinbase that may be spent by now. */
  private async ripeCoinbase(local: DashdProcess, height: number): Promise<Funding> {
    const hash = await local.rpc<string>('getblockhash', height - MATURITY);
    const block = await local.rpc<{ tx: string[] }>('getblock', hash);
    return { txid: block.tx[0] ?? '', index: 0, value: REWARD };
  }

  async lackers(hash: string): Promise<number> {
    const have = await Promise.all(this.nodes.map((node) => isActive(node, hash)));
    return have.filter((has) => !has).length;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  async start(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.start()));
  }

  async remove(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.remove()));
  }
}

async function isActive(node: DashdProcess, hash: string): Promise<boolean> {
  const header = await node.rpc<{ confirmations: number }>('getblockheader', hash).catch(() => undefined);
  return header !== undefined && header.confirmations > 0;
}
