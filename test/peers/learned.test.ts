import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  earliness,
  earlinessBounds,
  LEARNING_WINDOW,
  type Learned,
  learn,
  learnedLot,
  MAX_LAG_MS,
  pathTime,
} from '../../src/peers/learned.js';
import { observe, type PeerRecord } from '../../src/peers/record.js';
import { score, WEIGHTS } from '../../src/peers/score.js';
import { NOW, peer, provenPeer, seeded } from './support.js';

const KEY = '1.2.3.4:9999';
const LEARNED = { ...WEIGHTS, learned: 500 };

const after = (lags: readonly number[]): Learned | undefined =>
  lags.reduce<Learned | undefined>((before, lag) => learn(before, lag), undefined);
const pinged = (minMs: number, more: Partial<PeerRecord> = {}): PeerRecord =>
  provenPeer(KEY, { ping: { minMs, smoothedMs: minMs, at: NOW }, ...more });

test('what is learned of a peer is the mean of its lags, in which later blocks weigh more', () => {
  assert.deepEqual(after([]), undefined);
  assert.deepEqual(after([40]), { blocks: 1, lagMs: 40 });
  const early = after([...Array<number>(100).fill(100), ...Array<number>(100).fill(10)]);
  assert.ok(early !== undefined && early.lagMs < 25, `${early?.lagMs}`);
});

test('absurd times move what is learned no further than a late block does', () => {
  const usual = after([20, 20, 20, 20]);
  const lags = [Number.POSITIVE_INFINITY, 1e300, MAX_LAG_MS];
  assert.deepEqual(...(lags.slice(0, 2).map((lag) => learn(usual, lag)) as [unknown, unknown]));
  assert.deepEqual(learn(usual, 1e300), learn(usual, MAX_LAG_MS));
  assert.deepEqual(learn(usual, Number.NEGATIVE_INFINITY), learn(usual, 0));
  assert.deepEqual(learn(usual, Number.NaN), usual);
});

test('weights, lags and points stay within their bounds, whatever is observed', () => {
  fc.assert(
    fc.property(fc.array(fc.double(), { maxLength: 200 }), fc.double({ min: 0, noNaN: true }), (lags, minMs) => {
      const learned = after(lags);
      if (learned !== undefined) {
        assert.ok(learned.blocks > 0 && learned.blocks <= LEARNING_WINDOW + 1e-9);
        assert.ok(learned.lagMs >= 0 && learned.lagMs <= MAX_LAG_MS);
      }
      const record = pinged(minMs, learned && { learned });
      const { least, most } = earlinessBounds(record);
      assert.ok(least >= 0 && least <= earliness(record) && earliness(record) <= most && most <= 1);
    }),
  );
});

test('a peer that announces early and is near is worth more than one that is only one of the two', () => {
  const early = after(Array<number>(20).fill(5));
  const late = after(Array<number>(20).fill(90));
  const of = (learned: Learned | undefined, pingMs: number) => earliness(pinged(pingMs, learned && { learned }));
  assert.ok(of(early, 10) > of(late, 10));
  assert.ok(of(early, 10) > of(early, 200));
  assert.ok(of(early, 10) > of(undefined, 10));
});

test('the time in which a peer proves blocks counts for its way, where it is known, and not its ping', () => {
  const proven = pinged(10, { broadcasts: { ...peer(KEY).broadcasts, proofMs: 300 } });
  assert.equal(pathTime(pinged(10)).wayMs, 5);
  assert.equal(pathTime(proven).wayMs, 150);
});

test('the more blocks were seen, the closer are the bounds', () => {
  const width = (count: number): number => {
    const learned = after(Array<number>(count).fill(30));
    const { least, most } = earlinessBounds(pinged(20, learned && { learned }));
    return most - least;
  };
  assert.ok(width(0) > width(3) && width(3) > width(30));
});

test('the pool’s own blocks, which peers have from us, teach nothing about announcements', () => {
  const seen = (own?: boolean) =>
    observe(peer(KEY), { kind: 'announced', lagMs: 70, ...(own === true && { own }) }, NOW, seeded(1));
  assert.deepEqual(seen().learned, { blocks: 1, lagMs: 70 });
  const own = seen(true);
  assert.equal(own.learned, undefined);
  assert.equal(own.announcements.count, 1);
});

test('the score has a term for what was learned, explained with its figures, and none where it is off', () => {
  const learned = { blocks: 12, lagMs: 20 };
  const { total, terms } = score(pinged(20, { learned }), NOW, LEARNED);
  const term = terms.find(({ label }) => label === 'learned');
  assert.match(term?.why ?? '', /announces blocks 20 ms behind the first \(12 of the latest\), and is 10 ms away/);
  assert.ok(Math.abs(terms.reduce((sum, { value }) => sum + value, 0) - total) < 1e-9);
  assert.match(
    score(pinged(20), NOW, LEARNED)
      .terms.map(({ why }) => why)
      .join(),
    /no announcement seen yet/,
  );
  assert.ok(score(pinged(20, { learned }), NOW).terms.every(({ label }) => label !== 'learned'));
});

test('among equals those over which a block needs the least time come first, and unknown ones are drawn among the near', () => {
  const known = new Map([
    ['near', pinged(10)],
    ['far', pinged(300)],
    ['late', pinged(10, { learned: { blocks: 40, lagMs: 400 } })],
  ]);
  const draws: Readonly<Record<string, number>> = { lucky: 0, unlucky: 2 ** 32 - 1 };
  const lot = learnedLot(
    (name) => known.get(name),
    (name) => draws[name] ?? 0,
  );
  const names = ['far', 'late', 'near', 'unlucky', 'lucky'].sort((a, b) => lot(a) - lot(b));
  assert.deepEqual(names, ['lucky', 'near', 'unlucky', 'far', 'late']);
});
