import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ServiceEvent } from '../../../src/contracts/events.js';
import { keyOf } from '../../../src/peers/address.js';
import { type SourceDeps, type SourceNews, sources } from '../../../src/streams/peering/sources.js';
import type { RpcAnswer } from '../../../src/streams/ports.js';
import { NETWORKS } from '../../../src/wire/network.js';
import { answer, FakeRpc, gather, inTurn, later, rpcError, START, Time, UNREACHABLE } from '../support.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';

const WARMING = rpcError(-28, 'Loading block index...');

/** As dashd 23.1.2 prints it, shortened. */
const outbound = (addr: string, more: object = {}) => ({
  id: 1,
  addr,
  network: 'ipv4',
  services: '0000000000000c05',
  inbound: false,
  minping: 0.0125,
  connection_type: 'outbound-full-relay',
  ...more,
});

const masternode = (address: string, status = 'ENABLED') => ({
  proTxHash: 'ab',
  address,
  addresses: { core_p2p: [address] },
  payee: 'X',
  status,
  type: 'Regular',
});

class Asked {
  readonly time = new Time();
  readonly rpc = new FakeRpc(() => this.time.now);
  readonly resolved: [string, number][] = [];
  isThin = true;
  seed: () => Promise<readonly string[]> = async () => [];
  private gathered: ReturnType<typeof gather<SourceNews | ServiceEvent>> | undefined;

  begin(more: Partial<SourceDeps> = {}): this {
    const { time, rpc } = this;
    this.gathered = gather(
      sources({
        network: NETWORKS.mainnet,
        rpc,
        askDashd: true,
        resolve: (name) => {
          this.resolved.push([name, time.now]);
          return this.seed();
        },
        isThin: () => this.isThin,
        clock: time.clock,
        scheduler: time.scheduler,
        ...more,
      }),
    );
    return this;
  }

  get news(): readonly (SourceNews | ServiceEvent)[] {
    return this.gathered?.values ?? [];
  }

  stop(): void {
    this.gathered?.stop();
  }

  /** Addresses heard of from a source, in order. */
  heard(source: SourceNews['source']): string[] {
    return this.news.flatMap((news) =>
      news.type === 'heard' && news.source === source ? news.peers.map(({ address }) => keyOf(address)) : [],
    );
  }

  get faults(): string[] {
    return this.news.flatMap((news) =>
      news.type === 'service' ? [`${news.state}: ${news.code}: ${news.detail}`] : [],
    );
  }
}

describe("dashd's connections", () => {
  it('are read as their operator typed them, with the port of the network where none was given', async () => {
    const under = new Asked();
    const typed = [
      '10.0.0.2',
      'node.example.org',
      'Node.Example.org:10001',
      'fd00::1337',
      '[fd00::1338]',
      '[fd00::1]:9',
    ];
    under.rpc.replies.set('getpeerinfo', answer(typed.map((addr) => outbound(addr, { connection_type: 'manual' }))));
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('dashd'), [
      '10.0.0.2:9999',
      'node.example.org:9999',
      'node.example.org:10001',
      '[fd00::1337]:9999',
      '[fd00::1338]:9999',
      '[fd00::1]:9',
    ]);
  });

  it('lose what cannot be read of them, not themselves', async () => {
    const under = new Asked();
    const odd = { minping: -1, services: 'NETWORK', connection_type: 7 };
    under.rpc.replies.set(
      'getpeerinfo',
      answer([outbound('5.6.7.8:9999', odd), outbound('5.6.7.9', { minping: '1' })]),
    );
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('dashd'), ['5.6.7.8:9999', '5.6.7.9:9999']);
    assert.deepEqual(
      under.news.flatMap((news) => (news.type === 'heard' ? news.peers.map(({ known }) => known) : [])),
      [{}, { services: 0xc05n }],
    );
  });

  it('are told apart from inbound ones by either field, and left out without both', async () => {
    const under = new Asked();
    under.rpc.replies.set(
      'getpeerinfo',
      answer([
        outbound('5.6.7.1:9999', { inbound: undefined }),
        outbound('5.6.7.2:9999', { inbound: undefined, connection_type: 'inbound' }),
        outbound('5.6.7.3:9999', { inbound: undefined, connection_type: undefined }),
      ]),
    );
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('dashd'), ['5.6.7.1:9999']);
  });

  it('are complained about when there are some and none can be read', async () => {
    const under = new Asked();
    under.rpc.replies.set('getpeerinfo', answer([outbound('?'), outbound('a b')]));
    under.begin();
    await under.time.pass(60_000);
    assert.deepEqual(under.faults, [
      'fault: no-address: dashd has 2 outbound peers, none of them with an address that can be read',
    ]);
  });

  it('are heard with what dashd knows of them', async () => {
    const under = new Asked();
    under.rpc.replies.set('getpeerinfo', answer([outbound('5.6.7.8:9999')]));
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.news, [
      {
        type: 'heard',
        source: 'dashd',
        peers: [
          {
            address: { host: '5.6.7.8', port: 9999, family: 'ipv4' },
            known: { services: 0xc05n, pingMs: 12.5 },
          },
        ],
      },
    ]);
    assert.deepEqual(under.rpc.calls[0], { method: 'getpeerinfo', params: [], at: 0 });
  });

  it('are heard whatever their network, in the one spelling', async () => {
    const under = new Asked();
    under.rpc.replies.set(
      'getpeerinfo',
      answer([
        outbound('[2001:DB8:0:0::1]:9999'),
        outbound('[::ffff:5.6.7.8]:9999'),
        outbound(`${ONION.toUpperCase()}:9999`, { network: 'onion' }),
      ]),
    );
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('dashd'), ['[2001:db8::1]:9999', '5.6.7.8:9999', `${ONION}:9999`]);
  });

  it('are not heard when they came in: the port is not one to be reached at', async () => {
    const under = new Asked();
    under.rpc.replies.set('getpeerinfo', answer([outbound('5.6.7.8:51234', { inbound: true })]));
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.news, []);
  });

  it('may lack services and ping', async () => {
    const under = new Asked();
    under.rpc.replies.set('getpeerinfo', answer([{ addr: '5.6.7.8:9999', inbound: false }]));
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(
      under.news.map((news) => news.type === 'heard' && news.peers.map(({ known }) => known)),
      [[{}]],
    );
  });

  it('cost the good entries nothing when others are garbage', async () => {
    const garbage = [
      null,
      7,
      'x',
      [],
      {},
      outbound(''),
      outbound('5.6.7.8?'),
      outbound('5.6.7.8:0'),
      outbound('5.6.7.8:65536'),
      outbound('5.6.7.8:-1'),
      outbound('[5.6.7.8]:9999'),
      outbound('2001:db8::1::9999'),
      outbound('127.1:9999'),
      outbound('ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p:0'),
      outbound('aaaa.onion:9999'),
      { ...outbound('1.2.3.4:9999'), addr: 5 },
    ];
    const under = new Asked();
    under.rpc.replies.set('getpeerinfo', answer([...garbage, outbound('5.6.7.8:9999'), ...garbage]));
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('dashd'), ['5.6.7.8:9999']);
    assert.deepEqual(under.faults, []);
  });

  it('are asked for again every ten seconds until a dashd that just started has some, then every ten minutes', async () => {
    const under = new Asked();
    under.rpc.replies.set(
      'getpeerinfo',
      inTurn(
        UNREACHABLE,
        WARMING,
        answer([]),
        answer([outbound('5.6.7.8:51234', { inbound: true })]),
        answer([outbound('5.6.7.8:9999')]),
        answer([]),
        UNREACHABLE,
        answer([outbound('5.6.7.9:9999')]),
      ),
    );
    under.begin();
    await under.time.pass(31 * MINUTE);
    assert.deepEqual(
      under.rpc.times('getpeerinfo').map((at) => at / 1_000),
      [0, 10, 20, 30, 40, 640, 1_240, 1_840],
    );
    assert.deepEqual(under.heard('dashd'), ['5.6.7.8:9999', '5.6.7.9:9999']);
    assert.deepEqual(under.faults, []);
  });

  it('are not asked for while dashd still thinks about the last time', async () => {
    const under = new Asked();
    const slow = later();
    under.rpc.replies.set('getpeerinfo', slow.answer);
    under.begin();
    await under.time.pass(HOUR);
    assert.equal(under.rpc.times('getpeerinfo').length, 1);
    slow.give(answer([outbound('5.6.7.8:9999')]));
    await under.time.pass(0);
    assert.deepEqual(under.heard('dashd'), ['5.6.7.8:9999']);
  });

  it('are complained about once when the answer is no list, and again after it was one', async () => {
    const under = new Asked();
    const list = answer([]);
    const replies = [answer(null), answer({}), answer('<html>'), answer(5), list, answer(null), answer(null)];
    under.rpc.replies.set('getpeerinfo', inTurn(...replies));
    under.begin();
    await under.time.pass(35_000);
    const fault = 'fault: not understood: the answer to getpeerinfo is not what dashd 23 or 24 answers';
    assert.deepEqual(under.faults, [fault]);
    await under.time.pass(30_000);
    assert.deepEqual(under.faults, [fault, fault]);
    assert.deepEqual(
      under.news.map((news) => news.type === 'service' && [news.service, news.at]),
      [
        ['dashd rpc', START],
        ['dashd rpc', START + 50_000],
      ],
    );
  });
});

describe('masternodes', () => {
  const asking = (...replies: readonly RpcAnswer[]) => {
    const under = new Asked();
    under.rpc.replies.set('masternodelist', inTurn(...replies));
    return under;
  };

  it('are heard when they are enabled', async () => {
    const under = asking(
      answer({
        'a-0': masternode('5.6.7.8:9999'),
        'b-0': masternode('5.6.7.9:9999', 'POSE_BANNED'),
        'c-0': masternode('5.6.7.10:9999', 'enabled'),
        'd-1': masternode('[2001:db8::2]:9999'),
        // One that is registered and has no address yet.
        'e-1': masternode('[::]:0'),
      }),
    );
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('masternode'), ['5.6.7.8:9999', '[2001:db8::2]:9999']);
    assert.deepEqual(under.rpc.calls.find(({ method }) => method === 'masternodelist')?.params, ['json']);
    assert.equal(under.rpc.times('protx').length, 0);
  });

  it('of Dash Core 24 have their address in addresses.core_p2p alone, a list or a text, the first that can be read', async () => {
    const under = new Asked();
    const { address: _gone, ...v24 } = masternode('5.6.7.1:9999');
    const extended = { core_p2p: [7, '?', '[2001:db8::1]:9999', '5.6.7.2:9999'], platform_p2p: ['5.6.7.2:26656'] };
    under.rpc.replies.set(
      'masternodelist',
      answer({
        a: v24,
        b: { ...v24, addresses: extended },
        c: { ...v24, addresses: { core_p2p: '5.6.7.3:9999' } },
        d: { ...masternode('5.6.7.4:9999'), addresses: {} },
        e: { ...masternode('5.6.7.5:9999'), status: undefined },
        f: { ...v24, status: 'POSE_BANNED' },
      }),
    );
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('masternode'), [
      '5.6.7.1:9999',
      '[2001:db8::1]:9999',
      '5.6.7.3:9999',
      '5.6.7.4:9999',
      '5.6.7.5:9999',
    ]);
    assert.deepEqual(under.faults, []);
  });

  it('of `protx list` likewise', async () => {
    const under = new Asked();
    under.rpc.replies.set('masternodelist', answer({ a: { status: 'ENABLED', elsewhere: '5.6.7.8:9999' } }));
    under.rpc.replies.set(
      'protx',
      answer([{ state: { addresses: { core_p2p: ['5.6.7.8:9999'] } } }, { state: { service: '5.6.7.9:9999' } }]),
    );
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('masternode'), ['5.6.7.8:9999', '5.6.7.9:9999']);
  });

  it('are complained about once when there are some and none has an address', async () => {
    const under = new Asked();
    under.rpc.replies.set('masternodelist', answer({ a: { status: 'ENABLED' }, b: { status: 'ENABLED' } }));
    under.rpc.replies.set('protx', answer([{ state: {} }, { state: { addresses: { core_p2p: [] } } }]));
    under.begin();
    await under.time.pass(60_000);
    assert.deepEqual(under.faults, [
      'fault: no-address: dashd has 2 masternodes, none of them with an address that can be read (addresses.core_p2p, address, service)',
    ]);
  });

  it('cost each other nothing when one cannot be read', async () => {
    const under = asking(
      answer({
        a: masternode('5.6.7.8:9999'),
        b: null,
        c: { status: 'ENABLED' },
        d: masternode('nowhere'),
        e: 'ENABLED',
      }),
    );
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('masternode'), ['5.6.7.8:9999']);
    assert.deepEqual([under.faults, under.rpc.times('protx')], [[], []]);
  });

  it('are asked for as `protx list` where the other answer is not understood', async () => {
    for (const reply of [
      answer({ a: 'ENABLED 5.6.7.8:9999' }),
      answer([]),
      answer(null),
      answer('x'),
      rpcError(-32601, 'Method not found'),
    ]) {
      const under = asking(reply);
      under.rpc.replies.set(
        'protx',
        answer([
          { type: 'Regular', state: { service: '5.6.7.8:9999' } },
          { state: {} },
          7,
          { state: { service: '[::]:0' } },
          { state: { service: '[2001:db8::3]:9999' } },
        ]),
      );
      under.begin();
      await under.time.pass(0);
      assert.deepEqual(under.heard('masternode'), ['5.6.7.8:9999', '[2001:db8::3]:9999']);
      assert.deepEqual(under.rpc.calls.find(({ method }) => method === 'protx')?.params, ['list', 'valid', true]);
    }
  });

  it('are complained about once when neither is understood, not when dashd does not answer', async () => {
    const under = asking(answer(null));
    under.rpc.replies.set('protx', answer({}));
    under.begin();
    await under.time.pass(MINUTE);
    assert.deepEqual(under.faults, [
      'fault: not understood: the answer to protx list is not what dashd 23 or 24 answers',
    ]);
    const silent = asking(WARMING).begin();
    await silent.time.pass(MINUTE);
    assert.deepEqual(silent.news, []);
    assert.deepEqual(silent.rpc.times('masternodelist').length, 7);
  });

  it('are asked for every hour once there are some', async () => {
    const under = asking(
      answer({}),
      answer({ a: masternode('5.6.7.8:9999', 'POSE_BANNED') }),
      answer({ a: masternode('5.6.7.8:9999') }),
    );
    under.begin();
    await under.time.pass(2 * HOUR + MINUTE);
    assert.deepEqual(
      under.rpc.times('masternodelist').map((at) => at / 1_000),
      [0, 10, 20, 3_620, 7_220],
    );
  });
});

describe('whatever dashd answers', () => {
  it('is heard as addresses, told as a fault, or passed over', async () => {
    const anything = fc.anything({ maxDepth: 4, withBigInt: true, withNullPrototype: true });
    const nearly = fc.array(fc.record({ addr: fc.anything(), inbound: fc.anything(), minping: fc.anything() }));
    const list = fc.dictionary(fc.string(), fc.record({ address: fc.anything(), status: fc.constant('ENABLED') }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(anything, nearly, list), fc.oneof(anything, list), async (peers, masternodes) => {
        const under = new Asked();
        for (const method of ['masternodelist', 'protx']) under.rpc.replies.set(method, answer(masternodes));
        under.rpc.replies.set('getpeerinfo', answer(peers));
        under.begin();
        await under.time.pass(20_000);
        assert.equal(under.rpc.times('getpeerinfo').length >= 1, true);
        for (const news of under.news) {
          if (news.type === 'heard') assert.ok(news.peers.every(({ address }) => address.port > 0));
          else assert.ok(['not understood', 'no-address'].includes(news.code));
        }
        under.stop();
        assert.equal(under.time.pending, 0);
      }),
      { numRuns: 200 },
    );
  });

  it('is not asked for where the operator does not want it', async () => {
    const under = new Asked().begin({ askDashd: false });
    await under.time.pass(3 * HOUR);
    assert.deepEqual(under.rpc.calls, []);
    assert.deepEqual(under.resolved[0], ['dnsseed.dash.org', 11_000]);
  });
});

describe('DNS seeds', () => {
  it('are asked when dashd had its time to name peers and few are known', async () => {
    const under = new Asked();
    under.seed = async () => ['5.6.7.8', '2001:db8::1', '', 'x y', '5.6.7.300'];
    under.begin();
    await under.time.pass(10_999);
    assert.deepEqual(under.resolved, []);
    await under.time.pass(1);
    assert.deepEqual(under.resolved, [['dnsseed.dash.org', 11_000]]);
    assert.deepEqual(under.heard('dns'), ['5.6.7.8:9999', '[2001:db8::1]:9999']);
  });

  it('give addresses with the port of their network', async () => {
    const under = new Asked();
    under.seed = async () => ['5.6.7.8'];
    under.begin({ network: NETWORKS.testnet });
    await under.time.pass(11_000);
    assert.deepEqual(under.resolved, [['testnet-seed.dashdot.io', 11_000]]);
    assert.deepEqual(under.heard('dns'), ['5.6.7.8:19999']);
  });

  it('are left alone while enough peers are known, and on networks that have none', async () => {
    const rich = new Asked();
    rich.isThin = false;
    rich.begin();
    await rich.time.pass(3 * HOUR);
    assert.deepEqual(rich.resolved, []);
    for (const network of [NETWORKS.devnet, NETWORKS.regtest]) {
      const local = new Asked().begin({ network });
      await local.time.pass(3 * HOUR);
      assert.deepEqual([local.resolved, local.heard('dns')], [[], []]);
    }
  });

  it('are asked again until they answer, as when the network was down at the start, and then for hours no more', async () => {
    const under = new Asked();
    const answers = [[], [], ['5.6.7.8']];
    under.seed = async () => answers.shift() ?? [];
    under.begin();
    await under.time.pass(HOUR);
    assert.deepEqual(
      under.resolved.map(([, at]) => at),
      [11_000, 21_000, 31_000],
    );
    assert.deepEqual(under.heard('dns'), ['5.6.7.8:9999']);
    await under.time.pass(HOUR);
    assert.equal(under.resolved.length, 4, 'few peers are known still');
  });

  it('are not asked twice at a time, however slow the resolver', async () => {
    const under = new Asked();
    under.seed = () => new Promise(() => undefined);
    under.begin();
    await under.time.pass(HOUR);
    assert.equal(under.resolved.length, 1);
  });
});

describe('sources that are no longer wanted', () => {
  it('leave no timer behind', async () => {
    const under = new Asked().begin();
    await under.time.pass(95_000);
    assert.notEqual(under.time.pending, 0);
    under.stop();
    assert.equal(under.time.pending, 0);
    const calls = under.rpc.calls.length;
    await under.time.pass(HOUR);
    assert.equal(under.rpc.calls.length, calls);
  });
});
