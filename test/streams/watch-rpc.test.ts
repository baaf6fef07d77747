import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type RpcNews, watchRpc } from '../../src/streams/watch-rpc.js';
import { answer, FakeRpc, gather, inTurn, later, rpcError, START, Time, UNREACHABLE } from './support.js';

const hash = (height: number) => height.toString(16).padStart(64, '0');

/** `getblockheader` over a chain whose genesis has height 0. */
function header(which: unknown) {
  const height = Number.parseInt(String(which), 16);
  return answer({ hash: hash(height), height, ...(height > 0 && { previousblockhash: hash(height - 1) }), nonce: 5 });
}

function watching() {
  const time = new Time();
  const rpc = new FakeRpc(() => time.now);
  rpc.replies.set('getblockheader', header);
  return { time, rpc, news$: watchRpc(rpc, time.clock, time.scheduler) };
}

const brief = (news: RpcNews): string => {
  switch (news.type) {
    case 'tip':
      return `tip ${Number.parseInt(news.hash, 16)}`;
    case 'chain block':
      return `block ${news.height} on ${news.previous === undefined ? 'nothing' : Number.parseInt(news.previous, 16)}`;
    case 'service':
      return `${news.state}: ${news.code}: ${news.detail}`;
  }
};

describe("watching dashd's RPC", () => {
  it('asks at once and every 5 seconds, and tells the tip each time', async () => {
    const { time, rpc, news$ } = watching();
    rpc.replies.set('getbestblockhash', inTurn(answer(hash(0)), answer(hash(0)), answer(hash(1))));
    const { values, stop } = gather(news$);
    await time.pass(12_000);
    assert.deepEqual(rpc.times('getbestblockhash'), [0, 5_000, 10_000]);
    assert.deepEqual(values.map(brief), [
      'up: answers: dashd answers',
      'tip 0',
      'block 0 on nothing',
      'tip 0',
      'tip 1',
    ]);
    stop();
    assert.equal(time.pending, 0);
  });

  it('tells the twelve blocks that end with the first tip, and of later tips no more than themselves', async () => {
    const { time, rpc, news$ } = watching();
    rpc.replies.set('getbestblockhash', inTurn(answer(hash(100)), answer(hash(200))));
    const { values } = gather(news$);
    await time.pass(60_000);
    const blocks = values.filter((news) => news.type === 'chain block').map(({ height }) => height);
    assert.deepEqual(
      blocks,
      Array.from({ length: 12 }, (_, i) => 100 - i),
    );
  });

  it('stops at what it cannot read of the chain', async () => {
    for (const reply of [
      UNREACHABLE,
      answer(null),
      answer({ hash: 'x', height: 1 }),
      answer({ hash: hash(1), height: -1 }),
    ]) {
      const { time, rpc, news$ } = watching();
      rpc.replies.set('getbestblockhash', answer(hash(100)));
      rpc.replies.set('getblockheader', inTurn(header(hash(100)), reply));
      const { values } = gather(news$);
      await time.pass(0);
      assert.deepEqual(values.map(brief).slice(1), ['tip 100', 'block 100 on 99']);
    }
  });

  it('tells that dashd is down once, that it is down for another reason, and that it is up again', async () => {
    const { time, rpc, news$ } = watching();
    const warming = { ok: false, code: 'warming up', detail: 'Loading', rpcCode: -28 } as const;
    rpc.replies.set(
      'getbestblockhash',
      inTurn(
        UNREACHABLE,
        UNREACHABLE,
        { ...UNREACHABLE, detail: 'EHOSTDOWN' },
        warming,
        warming,
        answer(hash(0)),
        UNREACHABLE,
      ),
    );
    const { values } = gather(news$);
    await time.pass(60_000);
    const services = values.flatMap((news) => (news.type === 'service' ? [news] : []));
    assert.deepEqual(services.map(brief), [
      'down: unreachable: ECONNREFUSED',
      'down: warming up: Loading',
      'up: answers: dashd answers',
      'down: unreachable: ECONNREFUSED',
    ]);
    assert.deepEqual(
      services.map(({ at }) => at - START),
      [0, 15_000, 25_000, 30_000],
    );
  });

  it('takes no garbage for a tip', async () => {
    const { time, rpc, news$ } = watching();
    rpc.replies.set(
      'getbestblockhash',
      inTurn(answer(7), answer('AB'), answer(null), answer({}), answer(`${hash(1)}0`)),
    );
    const { values } = gather(news$);
    await time.pass(30_000);
    assert.deepEqual(values.map(brief), ['up: answers: dashd answers']);
  });

  it('has one question under way, however slow dashd is', async () => {
    const { time, rpc, news$ } = watching();
    const slow = later();
    rpc.replies.set('getbestblockhash', slow.answer);
    const { values } = gather(news$);
    await time.pass(60_000);
    assert.deepEqual(rpc.times('getbestblockhash'), [0]);
    slow.give(rpcError(-1, 'at last'));
    await time.pass(0);
    assert.deepEqual(values.map(brief), ['down: rpc error: at last']);
    await time.pass(5_000);
    assert.equal(rpc.calls.length, 2);
  });
});
