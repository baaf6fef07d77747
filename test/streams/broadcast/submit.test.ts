import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RpcAnswer } from '../../../src/contracts/rpc.js';
import { type Submission, submit } from '../../../src/streams/broadcast/submit.js';
import { gather } from '../../support/gather.js';
import { Time } from '../../support/virtual-time.js';
import { answer, FakeRpc, inTurn, later, rpcError, UNREACHABLE } from '../dashd/fake-rpc.js';

const block = { hash: 'ab'.repeat(32), raw: Buffer.from('a block') };
const GIVE_UP_MS = 60_000;

function submitting(...replies: readonly RpcAnswer[]) {
  const time = new Time();
  const rpc = new FakeRpc(() => time.now);
  rpc.replies.set('submitblock', inTurn(...replies));
  const submission$ = submit(block, { rpc, clock: time.clock, scheduler: time.scheduler, giveUpAfterMs: GIVE_UP_MS });
  return { time, rpc, submission$ };
}

const brief = ({ outcome, reason, ms, stored }: Submission) => [ms, outcome, stored, reason];

describe('submitting a block', () => {
  it('calls when it is subscribed to, not before, and before it returns', () => {
    const { rpc, submission$ } = submitting(answer(null));
    assert.deepEqual(rpc.calls, []);
    gather(submission$);
    assert.deepEqual(rpc.calls, [{ method: 'submitblock', params: [block.raw], at: 0 }]);
  });

  for (const [word, outcome, stored] of [
    [null, 'accepted', true],
    ['duplicate', 'duplicate', true],
    ['high-hash', 'rejected', false],
  ] as const) {
    it(`is done with ${word}`, async () => {
      const { time, rpc, submission$ } = submitting(answer(word));
      const result = gather(submission$);
      await time.pass(0);
      assert.deepEqual(
        result.values.map((value) => [value.outcome, value.stored]),
        [[outcome, stored]],
      );
      assert.equal(result.completed, true);
      assert.equal(time.pending, 0);
      assert.deepEqual(rpc.calls.length, 1);
    });
  }

  it('counts the time dashd took', async () => {
    const time = new Time();
    const rpc = new FakeRpc();
    const reply = later();
    rpc.replies.set('submitblock', reply.answer);
    const { values } = gather(
      submit(block, { rpc, clock: time.clock, scheduler: time.scheduler, giveUpAfterMs: GIVE_UP_MS }),
    );
    await time.pass(340);
    assert.deepEqual(values, []);
    reply.give(answer(null));
    await time.pass(0);
    assert.deepEqual(values.map(brief), [[340, 'accepted', true, undefined]]);
  });

  it('asks a dashd that is not there every second, each failure reported, until it answers', async () => {
    const { time, rpc, submission$ } = submitting(
      UNREACHABLE,
      rpcError(-28, 'Loading'),
      rpcError(-25, 'disk'),
      answer(null),
    );
    const result = gather(submission$);
    await time.pass(10_000);
    assert.deepEqual(result.values.map(brief), [
      [0, 'unavailable', false, 'unreachable: ECONNREFUSED'],
      [1_000, 'unavailable', false, 'rpc-error: Loading'],
      [2_000, 'unavailable', false, 'rpc-error: disk'],
      [3_000, 'accepted', true, undefined],
    ]);
    assert.deepEqual(rpc.times('submitblock'), [0, 1_000, 2_000, 3_000]);
    assert.equal(result.completed, true);
  });

  it('gives up on it in the end', async () => {
    const { time, rpc, submission$ } = submitting(UNREACHABLE);
    const result = gather(submission$);
    await time.pass(2 * GIVE_UP_MS);
    assert.equal(rpc.times('submitblock').at(-1), GIVE_UP_MS);
    assert.equal(result.completed, true);
    assert.equal(time.pending, 0);
  });

  it("offers a block again that is ahead of dashd's clock: the clock may be set", async () => {
    const { time, submission$ } = submitting(answer('time-too-new'), answer(null));
    const result = gather(submission$);
    await time.pass(10_000);
    assert.deepEqual(
      result.values.map(({ outcome, ms }) => [ms, outcome]),
      [
        [0, 'rejected'],
        [1_000, 'accepted'],
      ],
    );
  });

  it('offers a block again whose parent dashd does not have yet, and lets it go with any other refusal', async () => {
    const { time, submission$ } = submitting(
      answer('prev-blk-not-found'),
      answer('prev-blk-not-found'),
      answer('bad-cb'),
    );
    const result = gather(submission$);
    await time.pass(10_000);
    assert.deepEqual(result.values.map(brief), [
      [0, 'rejected', false, 'prev-blk-not-found'],
      [1_000, 'rejected', false, 'prev-blk-not-found'],
      [2_000, 'rejected', false, 'bad-cb'],
    ]);
    assert.equal(result.completed, true);
  });

  it('looks up what was inconclusive, until it is in the active chain', async () => {
    const { time, rpc, submission$ } = submitting(answer('inconclusive'));
    rpc.replies.set(
      'getblockheader',
      inTurn(rpcError(-5, 'Block not found'), answer({ confirmations: -1 }), answer({ confirmations: 1 })),
    );
    const result = gather(submission$);
    await time.pass(60_000);
    assert.deepEqual(result.values.map(brief), [
      [0, 'inconclusive', false, 'inconclusive, unknown'],
      [200, 'inconclusive', true, 'inconclusive, side-branch'],
      [1_200, 'accepted', true, undefined],
    ]);
    assert.deepEqual(rpc.calls.at(-1)?.params, [block.hash]);
    assert.equal(result.completed, true);
  });

  it('leaves it at that when it stays beside the chain', async () => {
    const { time, rpc, submission$ } = submitting(answer('inconclusive'));
    rpc.replies.set('getblockheader', answer({ confirmations: -1 }));
    const result = gather(submission$);
    await time.pass(60_000);
    assert.deepEqual(rpc.times('getblockheader'), [0, 200, 1_200, 6_200]);
    assert.deepEqual(result.values.at(-1)?.outcome, 'inconclusive');
    assert.equal(result.completed, true);
  });

  describe("whose first request is somebody else's", () => {
    function after(first: RpcAnswer, ...replies: readonly RpcAnswer[]) {
      const time = new Time();
      const rpc = new FakeRpc(() => time.now);
      rpc.replies.set('submitblock', inTurn(...replies));
      const deps = { rpc, clock: time.clock, scheduler: time.scheduler, giveUpAfterMs: GIVE_UP_MS };
      return { time, rpc, result: gather(submit(block, deps, () => Promise.resolve(first))) };
    }

    for (const word of [null, 'duplicate', 'high-hash']) {
      it(`takes ${word} for dashd's word`, async () => {
        const { time, rpc, result } = after(answer(word));
        await time.pass(GIVE_UP_MS);
        assert.deepEqual([result.values.length, result.completed, rpc.calls], [1, true, []]);
      });
    }

    for (const code of ['unauthorised', 'forbidden'] as const) {
      it(`does not ask by itself where dashd does not accept the submitter: ${code}`, async () => {
        const { time, rpc, result } = after({ ok: false, code, detail: 'no' });
        await time.pass(GIVE_UP_MS);
        assert.deepEqual([result.values.map(({ outcome }) => outcome), result.completed], [['unavailable'], true]);
        assert.deepEqual(rpc.calls, []);
      });
    }

    it('asks by itself at once when that brings no word, and every second from then on', async () => {
      const { time, rpc, result } = after(UNREACHABLE, UNREACHABLE, UNREACHABLE, answer(null));
      await time.pass(10_000);
      assert.deepEqual(
        result.values.map(({ ms, outcome }) => [ms, outcome]),
        [
          [0, 'unavailable'],
          [0, 'unavailable'],
          [1_000, 'unavailable'],
          [2_000, 'accepted'],
        ],
      );
      assert.deepEqual(rpc.times('submitblock'), [0, 1_000, 2_000]);
    });

    it('offers the block again where the parent was missing, and looks up what was inconclusive', async () => {
      const early = after(answer('prev-blk-not-found'), answer(null));
      await early.time.pass(10_000);
      assert.deepEqual(early.rpc.times('submitblock'), [1_000]);
      const beside = after(answer('inconclusive'));
      beside.rpc.replies.set('getblockheader', answer({ confirmations: 1 }));
      await beside.time.pass(10_000);
      assert.deepEqual(
        beside.result.values.map(({ outcome }) => outcome),
        ['accepted'],
      );
      assert.deepEqual(beside.rpc.times('submitblock'), []);
    });
  });

  it('leaves no timer, and reports nothing more, when it is unsubscribed from', async () => {
    for (const reply of [UNREACHABLE, answer('inconclusive')]) {
      const { time, rpc, submission$ } = submitting(reply);
      const result = gather(submission$);
      await time.pass(500);
      const reported = result.values.length;
      result.stop();
      assert.equal(time.pending, 0);
      await time.pass(60_000);
      assert.deepEqual([result.values.length, rpc.times('submitblock').length], [reported, 1]);
    }
  });
});
