/**
 * Three relays with a dashd each, three NATS servers and thirty peers: a block into any of them is at all peers, whatever is killed meanwhile.
 * The dashds are real ones where there is a dashd.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, it, type TestContext } from 'node:test';
import { openDesk } from '../../src/adapters/nats-streams.js';
import { loadX11 } from '../../src/block/x11.js';
import { streamPlans } from '../../src/cluster/stream-plans.js';
import type { ClusterReply, PeersReply } from '../../src/contracts/api.js';
import { SimulatedDashd } from '../../src/simulated/dashd.js';
import { findDashd, startDashd } from '../../src/simulated/dashd-process.js';
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

/** The dashd of a relay. */
interface OwnDashd {
  readonly rpcUrl: string;
  readonly zmqUrl: string;
  readonly port: number;
  /** Whether its chain has a block. */
  has(hash: string): Promise<boolean>;
  stop(): Promise<void>;
}

const ACCESS = { user: 'user', password: 'secret' } as const;

/** @param genesis the chain until now */
async function startSimulated(genesis: readonly Buffer[]): Promise<OwnDashd> {
  const dashd = new SimulatedDashd(ACCESS);
  await dashd.start();
  const { node, rpcUrl, zmqUrl } = dashd;
  for (const raw of genesis) node.submit(raw);
  const has = async (hash: string): Promise<boolean> => node.chain.get(hash)?.connected === true;
  return { rpcUrl, zmqUrl, port: node.port, has, stop: () => dashd.stop() };
}

async function startReal(genesis: readonly Buffer[]): Promise<OwnDashd> {
  const dashd = await startDashd(ACCESS);
  const { rpcUrl, zmqUrl, port } = dashd;
  for (const raw of genesis) assert.equal(await dashd.rpc('submitblock', raw.toString('hex')), null);
  const has = async (hash: string): Promise<boolean> => {
    const header = await dashd.rpc<{ confirmations: number }>('getblockheader', hash).catch(() => undefined);
    return header !== undefined && header.confirmations > 0;
  };
  return { rpcUrl, zmqUrl, port, has, stop: () => dashd.remove() };
}

const isReal = findDashd() !== undefined;

class Relay {
  readonly process: RelayProcess;

  private constructor(
    readonly dashd: OwnDashd,
    readonly port: number,
    flags: Readonly<Record<string, string>>,
  ) {
    const all = {
      'dashd-rpc-url': dashd.rpcUrl,
      'dashd-rpc-user': ACCESS.user,
      'dashd-rpc-password': ACCESS.password,
      'dashd-p2p-port': `${dashd.port}`,
      'dashd-zmq-url': dashd.zmqUrl,
      'http-port': `${port}`,
      ...flags,
    };
    this.process = new RelayProcess(Object.entries(all).map(([name, value]) => `--${name}=${value}`));
  }

  static async start(genesis: readonly Buffer[], flags: Readonly<Record<string, string>>): Promise<Relay> {
    const dashd = await (isReal ? startReal(genesis) : startSimulated(genesis));
    const relay = new Relay(dashd, await freePort(), flags);
    await relay.process.start();
    return relay;
  }

  async cluster(): Promise<ClusterReply> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/api/v1/cluster`);
    return (await answer.json()) as ClusterReply;
  }

  /** The peers that it is connected to, its dashd not among them, with their round trips, ms. */
  async peers(): Promise<ReadonlyMap<string, number | undefined>> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/api/v1/peers`);
    const { peers } = (await answer.json()) as PeersReply;
    return new Map(peers.filter((peer) => !peer.protected).map(({ peer, pingMs }) => [peer, pingMs]));
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
  /** Of each block, the most relays that each node was connected to from the push to the next one. */
  const connected = new Map<Buffer, number[]>();
  let watch: NodeJS.Timeout | undefined;
  let servers: NatsServers;
  let genesis: readonly Buffer[];
  let nodes: SimulatedNode[] = [];
  let single: Relay | undefined;
  let relays: Readonly<Record<Region, Relay>>;
  let extraNonce = 1;

  before(async () => {
    await loadX11();
    const first = new SimulatedNode();
    genesis = [mineBlock(first.chain.template())];
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
    watch = setInterval(() => {
      const most = connected.get(blocks.at(-1) ?? Buffer.alloc(0));
      for (const [i, count] of connectionsOf().entries()) if (most) most[i] = Math.max(most[i] ?? 0, count);
    }, 5);
  });

  after(async () => {
    clearInterval(watch);
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

  /** Each node is connected to one relay. */
  const settled = async (): Promise<void> => {
    try {
      await until(
        () => `one connection each: ${connectionsOf().join(' ')}`,
        () => (connectionsOf().every((count) => count === 1) ? true : undefined),
        50,
      );
    } catch (error) {
      throw new Error(`${await whoHas()}`, { cause: error });
    }
  };

  /** Of the peers with none or several, the relays that say that they have them, with their round trips. */
  const whoHas = async (): Promise<string> => {
    const living = Object.entries(relays ?? {}).filter(([, { process }]) => process.pid > 0);
    const all = await Promise.all(living.map(async ([name, relay]) => ({ name, peers: await relay.peers() })));
    const counts = connectionsOf();
    const odd = nodes.flatMap(({ address }, i) => {
      const by = all.filter(({ peers }) => peers.has(address));
      const trips = by.map(({ name, peers }) => `${name} (${peers.get(address)?.toFixed(1)} ms)`);
      return counts[i] === 1 ? [] : [`${address} has ${counts[i]} connections, of ${trips.join(', ') || 'no relay'}`];
    });
    return [all.map(({ name, peers }) => `${name} has ${peers.size} peers`).join(', '), ...odd].join('; ');
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
    connected.set(raw, connectionsOf());
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

  const eventually = async (what: string | (() => string), ask: () => Promise<boolean>): Promise<void> => {
    let isSo = false;
    let isAsking = false;
    const look = async (): Promise<void> => {
      isAsking = true;
      isSo = await ask();
      isAsking = false;
    };
    await until(
      what,
      () => {
        if (!isSo && !isAsking) void look();
        return isSo ? true : undefined;
      },
      200,
    );
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
    await settled();
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
    // The servers need a moment to agree on who leads.
    await eventually('the streams', async () => {
      const desk = await openDesk(access);
      const answers = [];
      for (const plan of streamPlans('blockcast')) answers.push(await desk.make(plan, REGIONS.length));
      await desk.close();
      return answers.every(({ ok }) => ok);
    });
    const [eu, us, ap] = await Promise.all(
      REGIONS.map(
        async (region, index) => await Relay.start(genesis, { ...flagsOf(21), ...servers.flags(region, index) }),
      ),
    );
    assert.ok(eu && us && ap);
    relays = { eu, us, ap };
    await settled();
    const { relays: heard } = await eu.cluster();
    assert.deepEqual(
      heard.map(({ relay }) => relay),
      ['eu', 'ap', 'us'],
    );
    t.diagnostic(`dashds: ${isReal ? 'real' : 'simulated'}`);
    t.diagnostic(`peers: ${heard.map(({ relay, peers }) => `${relay} ${peers}`).join(', ')}`);
  });

  it('a block into any of them is at all peers', async (t) => {
    for (const region of REGIONS) {
      const runs: number[][] = [];
      for (let i = 0; i < BLOCKS; i += 1) {
        await settled();
        runs.push(await push(relays[region]));
      }
      const times = mean(runs.slice(2));
      say(t, `into ${region}`, times);
      const ratio = (index: number) => ((times[index] ?? 0) / (alone[index] ?? 1)).toFixed(2);
      t.diagnostic(`into ${region}, as a ratio to one relay: median ${ratio(PEERS / 2)}, last ${ratio(PEERS - 1)}`);
    }
    const twice = blocks.slice(BLOCKS).flatMap((raw) => arrivals.of(raw).filter(({ length }) => length > 1));
    assert.equal(twice.length, 0, 'each peer was sent each block once');
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
    const missed = blocks.at(-1) ?? Buffer.alloc(0);
    await settled();
    await relays.ap.process.start();
    await until(
      'the missed block in its history',
      () => (relays.ap.records().has(hashOf(missed)) ? true : undefined),
      100,
    );
    await settled();
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
    const tally = { once: 0, shared: 0, again: 0 };
    for (const [raw, most] of connected) {
      for (const [i, times] of arrivals.of(raw).entries()) {
        const { length } = times;
        const relaysOfPeer = Math.max(1, most[i] ?? 0);
        assert.ok(length >= 1, 'a peer was not sent a block');
        const later = times.map((at) => `${Math.round(at - (times[0] ?? 0))} ms`).join(', ');
        const place = `block ${blocks.indexOf(raw) + 1} of ${blocks.length}`;
        assert.ok(
          length <= relaysOfPeer,
          `${place}: a peer that ${relaysOfPeer} relays had was sent it after ${later}`,
        );
        if (relaysOfPeer === 1) tally.once += 1;
        else tally.shared += 1;
        tally.again += length - 1;
      }
    }
    t.diagnostic(
      `${blocks.length} blocks to ${PEERS} peers: once to ${tally.once} that one relay had; ${tally.shared} had several relays for a moment, and ${tally.again} were sent a block again`,
    );
    for (const region of REGIONS) {
      const relay = relays[region];
      const counts = (): (number | undefined)[] => ofCluster.map((raw) => relay.records().get(hashOf(raw)));
      await until(
        () => `one record of each block at ${region}: ${counts().join(' ')}`,
        () => (counts().every((count) => count === 1) ? true : undefined),
        100,
      );
      await eventually(`all blocks in the chain of the dashd of ${region}`, async () => {
        const have = await Promise.all(ofCluster.map(async (raw) => await relay.dashd.has(hashOf(raw))));
        return have.every(Boolean);
      });
    }
    const hashes = ofCluster.map(hashOf).sort();
    for (const region of REGIONS) {
      let known: ClusterReply['blocks'] = [];
      const byAll = () => known.filter(({ relays: parts }) => parts.length === REGIONS.length).length;
      await eventually(
        () => `the cluster's records at ${region}: ${known.length} of ${hashes.length}, ${byAll()} by all three`,
        async () => {
          known = (await relays[region].cluster()).blocks;
          return byAll() >= hashes.length;
        },
      );
      assert.deepEqual(known.map(({ hash }) => hash).sort(), hashes);
    }
  });
});
