import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OurChain } from '../../../src/streams/dashd/chain-standing.js';
import { type RpcNews, watchRpc } from '../../../src/streams/dashd/watch-rpc.js';
import { gather } from '../../support/gather.js';
import { START, Time } from '../../support/virtual-time.js';
import { answer, FakeRpc, inTurn, later, rpcError, UNREACHABLE } from './fake-rpc.js';

const hash = (height: number) => height.toString(16).padStart(64, '0');

/** `getblockheader` over a chain whose genesis has height 0. */
function header(which: unknown) {
  const height = Number.parseInt(String(which), 16);
  return answer({
    hash: hash(height),
    height,
    ...(height > 0 && { previousblockhash: hash(height - 1) }),
    time: 1_790_000_000 + height,
    bits: '207fffff',
  });
}

/** `getblockchaininfo` of a dashd whose tip has a height. */
const info = (height: number, more: object = {}) =>
  answer({
    chain: 'main',
    blocks: height,
    headers: height,
    bestblockhash: hash(height),
    initialblockdownload: false,
    ...more,
  });

function watching(chain: OurChain = { network: 'mainnet' }) {
  const time = new Time();
  const rpc = new FakeRpc(() => time.now);
  rpc.replies.set('getblockheader', header);
  const news$ = watchRpc({ rpc, chain, clock: time.clock, scheduler: time.scheduler });
  return { time, rpc, news$ };
}

const brief = (news: RpcNews): string => {
  switch (news.type) {
    case 'tip':
      return `tip ${Number.parseInt(news.hash, 16)}`;
    case 'chain-block':
      return `block ${news.height} on ${news.previous === undefined ? 'nothing' : Number.parseInt(news.previous, 16)}`;
    case 'standing':
      return `standing ${news.standing}`;
    case 'service':
      return `${news.service} ${news.state}: ${news.code}: ${news.detail}`;
  }
};

const standingsIn = (values: readonly RpcNews[]) =>
  values.flatMap((news) => (news.type === 'standing' ? [news.standing] : []));

describe("watching dashd's RPC", () => {
  it('asks at once and every 5 seconds, and reports the tip each time', async () => {
    const { time, rpc, news$ } = watching();
    rpc.replies.set('getblockchaininfo', inTurn(info(0), info(0), info(1)));
    const { values, stop } = gather(news$);
    await time.pass(12_000);
    assert.deepEqual(rpc.times('getblockchaininfo'), [0, 5_000, 10_000]);
    assert.deepEqual(values.map(brief), [
      'dashd-rpc up: answers: connected',
      'standing current',
      'dashd-chain up: synchronised: dashd is synchronised at height 0',
      'tip 0',
      'block 0 on nothing',
      'tip 0',
      'tip 1',
      'block 1 on 0',
    ]);
    stop();
    assert.equal(time.pending, 0);
  });

  it('reports the 24 blocks that end with a tip, each once, with what their headers say', async () => {
    const { time, rpc, news$ } = watching();
    rpc.replies.set('getblockchaininfo', inTurn(info(100), info(103)));
    const { values } = gather(news$);
    await time.pass(60_000);
    const blocks = values.filter((news) => news.type === 'chain-block');
    assert.deepEqual(
      blocks.map(({ height }) => height),
      [...Array.from({ length: 24 }, (_, i) => 100 - i), 103, 102, 101],
    );
    assert.deepEqual(blocks[0]?.header, { time: 1_790_000_100, bits: 0x207f_ffff });
  });

  it('stops at what it cannot read of the chain', async () => {
    for (const reply of [
      UNREACHABLE,
      answer(null),
      answer({ hash: 'x', height: 1 }),
      answer({ hash: hash(1), height: -1 }),
    ]) {
      const { time, rpc, news$ } = watching();
      rpc.replies.set('getblockchaininfo', info(100));
      rpc.replies.set('getblockheader', inTurn(header(hash(100)), reply));
      const { values } = gather(news$);
      await time.pass(0);
      assert.deepEqual(values.map(brief).slice(3), ['tip 100', 'block 100 on 99']);
    }
  });

  it('reports that dashd is down once, that it is down for another reason, and that it is up again', async () => {
    const { time, rpc, news$ } = watching();
    const warming = { ok: false, code: 'warming-up', detail: 'Loading', rpcCode: -28 } as const;
    rpc.replies.set(
      'getblockchaininfo',
      inTurn(UNREACHABLE, UNREACHABLE, { ...UNREACHABLE, detail: 'EHOSTDOWN' }, warming, warming, info(0), UNREACHABLE),
    );
    const { values } = gather(news$);
    await time.pass(60_000);
    const services = values.flatMap((news) => (news.type === 'service' && news.service === 'dashd-rpc' ? [news] : []));
    assert.deepEqual(services.map(brief), [
      'dashd-rpc down: unreachable: ECONNREFUSED',
      'dashd-rpc down: warming-up: Loading',
      'dashd-rpc up: answers: connected',
      'dashd-rpc down: unreachable: ECONNREFUSED',
    ]);
    assert.deepEqual(
      services.map(({ at }) => at - START),
      [0, 15_000, 25_000, 30_000],
    );
  });

  it('says that the chain is unknown when the first answer says nothing about it, or does not come in 3 seconds, and what it is later', async () => {
    for (const reply of [() => UNREACHABLE, () => answer([])]) {
      const { time, rpc, news$ } = watching();
      rpc.replies.set('getblockchaininfo', inTurn(reply(), reply(), info(0)));
      const { values } = gather(news$);
      await time.pass(0);
      assert.deepEqual(standingsIn(values), ['unknown']);
      await time.pass(12_000);
      assert.deepEqual(standingsIn(values), ['unknown', 'current']);
    }
    const { time, rpc, news$ } = watching();
    const late = later();
    rpc.replies.set('getblockchaininfo', late.answer);
    const { values, stop } = gather(news$);
    await time.pass(2_999);
    assert.deepEqual(standingsIn(values), []);
    await time.pass(1);
    assert.deepEqual(standingsIn(values), ['unknown']);
    late.give(info(0));
    await time.pass(0);
    assert.deepEqual(standingsIn(values), ['unknown', 'current']);
    stop();
    assert.equal(time.pending, 0);
  });

  it('takes no garbage for a tip, and says once that it is none', async () => {
    const { time, rpc, news$ } = watching();
    rpc.replies.set(
      'getblockchaininfo',
      inTurn(
        ...[7, null, [], { bestblockhash: `${hash(1)}0`, blocks: -1, time: 1e300, softforks: 7, chain: 1 }].map(answer),
      ),
    );
    const { values } = gather(news$);
    await time.pass(30_000);
    assert.deepEqual(values.map(brief), [
      'dashd-rpc up: answers: connected',
      'dashd-rpc fault: not-understood: the answer to getblockchaininfo is not what dashd 23 or 24 answers',
      'standing unknown',
      'standing current',
      'dashd-chain up: synchronised: dashd is synchronised',
    ]);
  });

  it('has one question under way, however slow dashd is', async () => {
    const { time, rpc, news$ } = watching();
    const slow = later();
    rpc.replies.set('getblockchaininfo', slow.answer);
    const { values } = gather(news$);
    await time.pass(60_000);
    assert.deepEqual(rpc.times('getblockchaininfo'), [0]);
    slow.give(rpcError(-1, 'at last'));
    await time.pass(0);
    assert.deepEqual(values.map(brief), ['standing unknown', 'dashd-rpc down: rpc-error: at last']);
    await time.pass(5_000);
    assert.equal(rpc.calls.length, 2);
  });
});

describe("dashd's chain", () => {
  const chainEvents = (values: readonly RpcNews[]) =>
    values.flatMap((news) => (news.type === 'service' && news.service === 'dashd-chain' ? [brief(news)] : []));

  it('is compared with ours at the first answer, and reports no tip while it is another', async () => {
    const cases: readonly (readonly [OurChain, string, string])[] = [
      [{ network: 'mainnet' }, 'test', 'set network to match'],
      [{ network: 'testnet' }, 'regtest', 'set network to match'],
      [{ network: 'regtest' }, 'main', 'set network to match'],
      [{ network: 'mainnet' }, 'devnet-foo', 'set network to devnet and devnet.name to foo'],
      [{ network: 'devnet' }, 'devnet-foo', 'set network to devnet and devnet.name to foo'],
      [{ network: 'devnet', devnet: 'bar' }, 'devnet-foo', 'set network to devnet and devnet.name to foo'],
      [{ network: 'devnet', devnet: 'bar' }, 'devnet', 'unset devnet.name'],
    ];
    for (const [chain, theirs, remedy] of cases) {
      const { time, rpc, news$ } = watching(chain);
      rpc.replies.set('getblockchaininfo', info(7, { chain: theirs }));
      const { values, stop } = gather(news$);
      await time.pass(20_000);
      const [event = '', ...more] = chainEvents(values);
      assert.deepEqual(more, [], 'reported once');
      assert.ok(event.startsWith(`dashd-chain down: wrong-network: dashd is on chain ${theirs}, but`), event);
      assert.ok(event.includes(remedy), event);
      assert.ok(!values.some(({ type }) => type === 'tip' || type === 'chain-block'));
      stop();
    }
  });

  it('is ours on each network by its own name', async () => {
    const cases: readonly (readonly [OurChain, string])[] = [
      [{ network: 'mainnet' }, 'main'],
      [{ network: 'testnet' }, 'test'],
      [{ network: 'regtest' }, 'regtest'],
      [{ network: 'devnet' }, 'devnet'],
      [{ network: 'devnet', devnet: 'foo' }, 'devnet-foo'],
    ];
    for (const [chain, theirs] of cases) {
      const { time, rpc, news$ } = watching(chain);
      rpc.replies.set('getblockchaininfo', info(7, { chain: theirs }));
      const { values } = gather(news$);
      await time.pass(0);
      assert.ok(values.map(brief).includes('standing current'), theirs);
    }
  });

  it('is compared anew at each answer: a dashd that comes back on another chain is found out', async () => {
    const { time, rpc, news$ } = watching();
    rpc.replies.set('getblockchaininfo', inTurn(info(7), UNREACHABLE, info(7, { chain: 'test' }), info(8)));
    const { values } = gather(news$);
    await time.pass(20_000);
    assert.deepEqual(standingsIn(values), ['current', 'wrong-network', 'current']);
    assert.deepEqual(
      values.flatMap((news) => (news.type === 'tip' ? [brief(news)] : [])),
      ['tip 7', 'tip 8', 'tip 8'],
    );
  });

  it('that is catching up gives no tip, is reported with its heights every minute, and then all is as ever', async () => {
    const { time, rpc, news$ } = watching();
    let height = 1_000;
    let initialblockdownload = true;
    rpc.replies.set('getblockchaininfo', () => {
      height += 10;
      return info(height, { headers: 5_000, initialblockdownload });
    });
    const { values } = gather(news$);
    await time.pass(120_000);
    assert.deepEqual(chainEvents(values), [
      'dashd-chain down: catching-up: dashd is catching up (height 1010 of 5000)',
      'dashd-chain down: catching-up: dashd is catching up (height 1130 of 5000)',
      'dashd-chain down: catching-up: dashd is catching up (height 1250 of 5000)',
    ]);
    assert.ok(!values.some(({ type }) => type === 'tip' || type === 'chain-block'));
    [height, initialblockdownload] = [4_990, false];
    await time.pass(5_000);
    assert.deepEqual(values.slice(-27).map(brief).slice(0, 3), [
      'standing current',
      'dashd-chain up: synchronised: dashd is synchronised at height 5000',
      'tip 5000',
    ]);
    assert.equal(values.filter(({ type }) => type === 'chain-block').length, 24, 'possible parents are asked for');
  });

  it('with headers far ahead of its blocks is catching up, whatever it calls it', async () => {
    for (const [headers, standing] of [
      [112, 'current'],
      [113, 'catching-up'],
    ] as const) {
      const { time, rpc, news$ } = watching();
      rpc.replies.set('getblockchaininfo', info(100, { headers }));
      const { values } = gather(news$);
      await time.pass(0);
      assert.ok(values.map(brief).includes(`standing ${standing}`), String(headers));
    }
  });

  it('without a newer header, as after days of being off, says how old its newest block is', async () => {
    const { time, rpc, news$ } = watching();
    rpc.replies.set('getblockchaininfo', info(100, { initialblockdownload: true, time: 1_700_000_000 }));
    const { values } = gather(news$);
    await time.pass(0);
    assert.deepEqual(chainEvents(values), [
      'dashd-chain down: catching-up: dashd is catching up (height 100 of 100, a block of 2023-11-14T22:13:20.000Z): it knows no newer block yet',
    ]);
  });

  it('that dashd still loads is reported as starting', async () => {
    const { time, rpc, news$ } = watching();
    const warming = { ok: false, code: 'warming-up', detail: 'Verifying blocks…', rpcCode: -28 } as const;
    rpc.replies.set('getblockchaininfo', inTurn(warming, warming, info(1)));
    const { values } = gather(news$);
    await time.pass(10_000);
    assert.deepEqual(chainEvents(values), [
      'dashd-chain down: starting: dashd is starting: Verifying blocks…',
      'dashd-chain up: synchronised: dashd is synchronised at height 1',
    ]);
  });

  it('names the forks that are to come, at the heights that dashd reports', async () => {
    const { time, rpc, news$ } = watching();
    const softforks = {
      v23: { type: 'bip9', bip9: { status: 'active', since: 5 }, height: 5, active: true },
      v24: { type: 'bip9', bip9: { status: 'locked_in', activation_height: 2_580_480 }, active: false },
      v25: { type: 'bip9', bip9: { status: 'started', since: 5 }, active: false },
      v26: { type: 'bip9', bip9: { status: 'defined', since: 0 }, active: false },
      v27: { type: 'buried', height: 3_000_000, active: false },
      v28: 'soon',
    };
    rpc.replies.set('getblockchaininfo', info(7, { softforks }));
    const { values } = gather(news$);
    await time.pass(0);
    assert.deepEqual(chainEvents(values), [
      'dashd-chain up: synchronised: dashd is synchronised at height 7; v24 activates at height 2580480, v25 is being signalled, v27 activates at height 3000000',
    ]);
  });
});
