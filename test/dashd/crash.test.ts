/** A relay that is killed and stopped among real dashds, which are connected to nobody else. */
import { after, before } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import { mineOn } from '../support/ground.js';
import { type Ground, survivalTests } from '../support/killing.js';
import { RelayProcess } from '../support/process.js';
import { type Dashd, describeWithDashd, startDashd } from './harness.js';

/** The first is the pool's own. */
class DashdGround implements Ground {
  flags: readonly string[] = [];
  readonly peers = 3;
  private nodes: readonly Dashd[] = [];

  async open(): Promise<void> {
    await loadX11();
    const nodes = await Promise.all(
      Array.from({ length: this.peers }, () => startDashd({ user: 'pool', password: 'x' })),
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

  async mine(count: number): Promise<Buffer[]> {
    const [local] = this.nodes;
    if (local === undefined) throw new Error('no dashd');
    const tip = await local.rpc<{ hash: string; height: number; time: number }>(
      'getblockheader',
      await local.rpc('getbestblockhash'),
    );
    return mineOn({ parent: tip.hash, height: tip.height + 1, time: tip.time + 1, special: false }, count);
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

async function isActive(node: Dashd, hash: string): Promise<boolean> {
  const header = await node.rpc<{ confirmations: number }>('getblockheader', hash).catch(() => undefined);
  return header !== undefined && header.confirmations > 0;
}

describeWithDashd('a relay among dashds', () => {
  const ground = new DashdGround();
  const flags: string[] = [];
  const relay = new RelayProcess(flags);
  before(async () => {
    await ground.open();
    flags.push(...ground.flags);
  });
  after(async () => {
    await relay.remove();
    await ground.remove();
  });
  survivalTests(relay, ground);
});
