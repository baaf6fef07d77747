/** Three relays with a dashd each, three NATS servers and thirty peers: a block into any of them is at all peers, whatever is killed meanwhile. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, it, type TestContext } from 'node:test';
import { openDesk } from '../../src/adapters/nats-streams.js';
import { loadX11 } from '../../src/block/x11.js';
import { streamPlans } from '../../src/cluster/stream-plans.js';
import type { ClusterReply } from '../../src/contracts/api.js';
import { SimulatedDashd } from '../../src/simulated/dashd.js';
import { freePort } from '../../src/simulated/free-port.js';
import { mineBlock } from '../../src/simulated/miner.js';
import { NatsServers, PASSWORDS } from '../../src/simulated/nats-servers.js';
import { SimulatedNode } from '../../src/simulated/node.js';
import { RelayProcess, until } from '../support/relay-process.js';
import { hashOf } from '../support/relay-under-test.js';
import { describeWithNats } from './describe-with-nats.js';

const PEERS = 30;
const REGIONS = ['eu', 'us', 'ap'] as const;
type Region = (typeof REGIONS)[number];

/** When each block came to a node, ms; a second time is a second push. */
class Arrivals {
  readonly times = new Map<string, number[][]>();

  note(node: number, raw: Buffer): void {
    const all = this.times.get(hashOf(raw)) ?? Array.from({ length: PEERS }, () => []);
    this.times.set(hashOf(raw), all);
    all[node]?.push(performance.now());
  }

  of(raw: Buffer): readonly (readonly number[])[] {
    return this.times.get(hashOf(raw)) ?? [];
  }
}

class Relay {
  readonly process: RelayProcess;

  private constructor(
    readonly dashd: SimulatedDashd,
    readonly port: number,
    flags: Readonly<Record<string, string>>,
  ) {
    const all = {
      'dashd-rpc-url': dashd.rpcUrl,
      'dashd-rpc-user': 'user',
      'dashd-rpc-password': 'secret',
      'dashd-p2p-port': `${dashd.node.port}`,
      'dashd-zmq-url': dashd.zmqUrl,
      'http-port': `${port}`,
      ...flags,
    };
    this.process = new RelayProcess(Object.entries(all).map(([name, value]) => `--${name}=${value}`));
  }

  static async start(genesis: readonly Buffer[], flags: Readonly<Record<string, string>>): Promise<Relay> {
    const dashd = new SimulatedDashd({ user: 'user', password: 'secret' });
    await dashd.start();
    for (const raw of genesis) dashd.node.submit(raw);
    const relay = new Relay(dashd, await freePort(), flags);
    await relay.process.start();
    return relay;
  }

  async cluster(): Promise<ClusterReply> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/api/v1/cluster`);
    return (await answer.json()) as ClusterReply;
  }

  /** How often each block is on record in the history's file. */
  records(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const line of readFileSync(this.process.history, 'utf8').split('\n')) {
      const record = line.startsWith('{"type":"received"') ? (JSON.parse(line) as { hash: string }) : undefined;
      if (record !== undefined) counts.set(record.hash, (counts.get(record.hash) ?? 0) + 1);
    }
    return counts;
  }

  async stop(): Promise<void> {
    await this.process.remove();
    await this.dashd.stop();
  }
}

describeWithNats('three relays with three NATS servers and thirty peers', () => {
  const arrivals = new Arrivals();
  const blocks: Buffer[] = [];
  let servers: NatsServers;
  let genesis: readonly Buffer[];
  let nodes: SimulatedNode[] = [];
  let single: Relay | undefined;
  let relays: Readonly<Record<Region, Relay>>;
  let extraNonce = 1;

  before(async () => {
    await loadX11();
    const first = new SimulatedDashd({ user: 'user', password: 'secret' });
    await first.start();
    genesis = first.generate(1);
    await first.stop();
    nodes = Array.from(
      { length: PEERS },
      (_, index) =>
        new SimulatedNode({
          linkQuality: { latencyMs: 0 },
          processing: (raw, done) => {
            arrivals.note(index, raw);
            done();
          },
        }),
    );
    await Promise.all(nodes.map((node) => node.start()));
    for (const node of nodes) for (const raw of genesis) node.submit(raw);
  });

  after(async () => {
    await Promise.all([single, ...Object.values(relays ?? {})].map((relay) => relay?.stop()));
    await Promise.all(nodes.map((node) => node.stop()));
    await servers?.stop();
  });

  const flagsOf = (max: number): Record<string, string> => ({
    peers: nodes.map(({ address }) => address).join(','),
    'broadcast-max-peers': `${max}`,
    'broadcast-refresh-interval': '10',
    // A witness is sent no block.
    'witnesses-count': '0',
  });

  const connectionsOf = (): number[] => nodes.map(({ peers }) => [...peers].filter(({ ready }) => ready).length);

  /** Each node is connected to so many relays. */
  const settled = async (each: number): Promise<void> => {
    await until(
      () => `${each} connection each: ${connectionsOf().join(' ')}`,
      () => (connectionsOf().every((count) => count === each) ? true : undefined),
      50,
    );
  };

  const mine = (): Buffer => {
    const [node] = nodes;
    assert.ok(node);
    extraNonce += 1;
    const raw = mineBlock(node.chain.template(), { extraNonce });
    blocks.push(raw);
    return raw;
  };

  /** The pool pushes a block to a relay. @returns ms until each node had it, in order */
  const push = async (relay: Relay): Promise<number[]> => {
    const raw = mine();
    const from = performance.now();
    await relay.process.push(raw);
    await until(
      () =>
        `block ${hashOf(raw)} at all nodes, it is at ${arrivals.of(raw).filter((times) => times.length > 0).length}`,
      () => (arrivals.of(raw).filter((times) => times.length > 0).length === PEERS ? true : undefined),
    );
    return arrivals
      .of(raw)
      .map(([time = Number.NaN]) => time - from)
      .sort((a, b) => a - b);
  };

  const say = (t: TestContext, what: string, times: readonly number[]): void => {
    const at = (share: number) => (times[Math.ceil(share * times.length) - 1] ?? Number.NaN).toFixed(1);
    t.diagnostic(`${what}: first ${at(0.01)} ms, median ${at(0.5)} ms, last ${at(1)} ms`);
  };

  const mean = (runs: readonly (readonly number[])[]): number[] =>
    Array.from({ length: PEERS }, (_, i) => runs.reduce((sum, run) => sum + (run[i] ?? 0), 0) / runs.length);

  const BLOCKS = 8;
  let alone: number[] = [];

  it('a relay alone sends its blocks to all peers', async (t) => {
    single = await Relay.start(genesis, flagsOf(PEERS + 1));
    await settled(1);
    const runs: number[][] = [];
    for (let i = 0; i < BLOCKS; i += 1) runs.push(await push(single));
    alone = mean(runs.slice(2));
    say(t, 'one relay', alone);
    await single.stop();
    single = undefined;
    genesis = [...genesis, ...blocks];
  });

  it('share out the peers: each is connected to one relay', async (t) => {
    servers = await NatsServers.start({ count: REGIONS.length });
    const access = {
      servers: servers.addresses().split(','),
      client: 'setup',
      user: 'setup',
      password: PASSWORDS.setup,
      tls: { ca: servers.ca },
    };
    await until(
      'the streams',
      // The servers need a moment to agree on who leads.
      (() => {
        let isMade = false;
        let isBusy = false;
        const make = async (): Promise<void> => {
          isBusy = true;
          const desk = await openDesk(access);
          const answers = [];
          for (const plan of streamPlans('blockcast')) answers.push(await desk.make(plan, REGIONS.length));
          await desk.close();
          isMade = answers.every(({ ok }) => ok);
          isBusy = false;
        };
        return () => {
          if (isMade) return true;
          if (!isBusy) void make();
          return undefined;
        };
      })(),
      200,
    );
    const [eu, us, ap] = await Promise.all(
      REGIONS.map(
        async (region, index) => await Relay.start(genesis, { ...flagsOf(21), ...servers.flags(region, index) }),
      ),
    );
    assert.ok(eu && us && ap);
    relays = { eu, us, ap };
    await settled(1);
    const { relays: heard } = await eu.cluster();
    assert.deepEqual(
      heard.map(({ relay }) => relay),
      ['eu', 'ap', 'us'],
    );
    t.diagnostic(`peers: ${heard.map(({ relay, peers }) => `${relay} ${peers}`).join(', ')}`);
  });

  it('a block into any of them is at all peers', async (t) => {
    for (const region of REGIONS) {
      const runs: number[][] = [];
      for (let i = 0; i < BLOCKS; i += 1) runs.push(await push(relays[region]));
      const times = mean(runs.slice(2));
      say(t, `into ${region}`, times);
      const ratio = (index: number) => ((times[index] ?? 0) / (alone[index] ?? 1)).toFixed(2);
      t.diagnostic(`into ${region}, as a ratio to one relay: median ${ratio(PEERS / 2)}, last ${ratio(PEERS - 1)}`);
    }
  });

  it('a server is killed: its relay goes on with another, and no block is lost', async (t) => {
    await servers.kill(0);
    say(t, 'into us', await push(relays.us));
    say(t, 'into eu, whose server was killed', await push(relays.eu));
    await servers.begin(0);
    say(t, 'into ap', await push(relays.ap));
  });

  it('a relay is killed: the others take its peers, and it has what it missed when it is back', async (t) => {
    await relays.ap.process.kill();
    say(t, 'into us, while the others take the peers of ap', await push(relays.us));
    await settled(1);
    await relays.ap.process.start();
    await until(
      'the missed block in its history',
      () => (relays.ap.records().has(hashOf(blocks.at(-1) ?? Buffer.alloc(80))) ? true : undefined),
      100,
    );
    await settled(1);
    say(t, 'into ap, which is back', await push(relays.ap));
  });

  it('a server is cut off: the relay at it sends to its own peers at once, and the others get the block when it has another', async (t) => {
    servers.signal(1, 'SIGSTOP');
    say(t, 'into us, whose server stands still', await push(relays.us));
    servers.signal(1, 'SIGCONT');
    say(t, 'into us', await push(relays.us));
  });

  it('no block was lost, and each is on record once', async (t) => {
    const ofCluster = blocks.slice(BLOCKS);
    const twice = ofCluster.flatMap((raw) => arrivals.of(raw).filter((times) => times.length !== 1));
    t.diagnostic(`${ofCluster.length} blocks to ${PEERS} peers: ${twice.length} received twice`);
    for (const region of REGIONS) {
      const relay = relays[region];
      await until(
        `records of ${region}`,
        () => (ofCluster.every((raw) => relay.records().get(hashOf(raw)) === 1) ? true : undefined),
        100,
      );
    }
    const hashes = ofCluster.map(hashOf).sort();
    for (const region of REGIONS) {
      let known: ClusterReply | undefined;
      await until(
        () => `the cluster's records at ${region}: ${known?.blocks.length} of ${hashes.length}`,
        () => {
          void relays[region].cluster().then((reply) => {
            known = reply;
          });
          return known !== undefined && known.blocks.length >= hashes.length ? true : undefined;
        },
        500,
      );
      assert.deepEqual(known?.blocks.map(({ hash }) => hash).sort(), hashes);
      const sentTwice = known?.blocks.reduce((sum, block) => sum + block.sentTwice, 0);
      t.diagnostic(
        `records at ${region}: ${known?.blocks.length}, by all three ${known?.blocks.filter(({ relays: parts }) => parts.length === 3).length}, sent twice ${sentTwice}`,
      );
    }
    // A second time comes from two relays that are connected to one peer for a while: after a failure, or while a far peer is tried.
    assert.ok(ofCluster.every((raw) => arrivals.of(raw).every((times) => times.length > 0)));
  });
});
