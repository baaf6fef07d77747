import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BlockFinality, BlockReceived, BlockVerdict } from '../../src/contracts/events.js';
import type { BlockRecord, Kpis } from '../../src/contracts/view.js';
import { formatFile, formatLine, type HistoryLine, parseLine } from '../../src/history/format.js';
import { History } from '../../src/history/history.js';
import { AT, failure, finality, hashOf, proof, propagation, received, states, verdict, verdicts } from './support.js';

const historyOf = (lines: readonly HistoryLine[], maxBlocks = 1_000): History => {
  const history = new History(maxBlocks);
  for (const line of lines) history.apply(line);
  return history;
};
const numbers = (blocks: Iterable<BlockRecord>) => [...blocks].map(({ hash }) => Number.parseInt(hash, 16));

describe('the history', () => {
  it('shows a block as it is known so far', () => {
    const history = new History(10);
    history.note(received(1, { transactions: 5, gateMs: 0.4 }));
    const block = { hash: hashOf(1), height: 101, size: 1_001, transactions: 5, receivedAt: AT + 1, gateMs: 0.4 };
    assert.deepEqual(history.get(hashOf(1)), { ...block, finality: { at: AT + 1, state: 'pending' } });
    history.note(verdict(1));
    const { type: _type, at: _at, ...said } = verdict(1);
    assert.deepEqual(history.get(hashOf(1))?.verdict, said);
    history.note(finality(1, 'orphaned', { by: hashOf(9) }));
    assert.deepEqual(history.get(hashOf(1)), {
      ...block,
      verdict: said,
      finality: { at: AT + 1_001, state: 'orphaned', by: hashOf(9) },
    });
    assert.equal(history.get(hashOf(2)), undefined);
  });

  it('learns a height that the coinbase did not have', () => {
    const { height: _height, ...unknown } = received(1);
    const history = historyOf([unknown, finality(1, 'chainlocked', { height: 7 })]);
    assert.equal(history.get(hashOf(1))?.height, 7);
  });

  it("is about the pool's blocks only, and about blocks that came", () => {
    const history = new History(10);
    const silent = [
      received(1, { source: 'dashd' }),
      verdict(1, { source: 'dashd' }),
      verdict(2),
      finality(2, 'buried'),
      { type: 'repeated', at: AT, hash: hashOf(1), source: 'pool' },
    ] as const;
    for (const event of silent) assert.equal(history.note(event), undefined);
    assert.equal(history.size, 0);
  });

  it("records how fast the pool's blocks reached the witnesses, before or after the verdict, and not those of others", () => {
    const history = historyOf([
      received(1),
      propagation(1),
      verdict(1),
      received(2),
      propagation(2, { medianMs: 100 }),
    ]);
    assert.equal(history.note(propagation(3, { own: false })), undefined);
    const { type: _type, at: _at, hash: _hash, ...shown } = propagation(1);
    assert.deepEqual(history.get(hashOf(1))?.propagation, shown);
    assert.equal(history.kpis().networkPropagationMs, 80);
    assert.deepEqual(
      [...history.lines()].map(({ type }) => type),
      ['received', 'verdict', 'propagation', 'received', 'propagation'],
    );
    assert.equal(history.lineTotal, 5);
    assert.deepEqual(parseLine(formatLine(propagation(1)).trim()), propagation(1));
  });

  it('records which transactions delay the ChainLock, keeps that with a later verdict, and counts the blocks that were delayed', () => {
    const history = new History(10);
    for (const n of [1, 2, 3]) history.note(received(n));
    const counts = { transactions: 2, locked: 1, aged: 0, unchecked: 0, named: [] };
    const locks = (n: number, delaying: number) => ({
      type: 'locks' as const,
      at: AT,
      hash: hashOf(n),
      ...counts,
      delaying,
    });
    assert.ok(history.note(locks(1, 1)) !== undefined);
    history.note(locks(2, 0));
    history.note({ ...locks(3, 0), unknown: 'instantsend-off' });
    history.note(verdict(1));
    assert.deepEqual(history.get(hashOf(1))?.locks, { at: AT, ...counts, delaying: 1 });
    assert.equal(history.kpis().delayedRate, 1 / 2, 'of those that were counted');
    assert.deepEqual([...history.lines()].filter(({ type }) => type === 'locks').length, 3);
    assert.equal(history.lineTotal, 7);
    assert.equal(history.note(locks(9, 1)), undefined, 'of a block that did not come');
  });

  it('keeps the results per peer of the newest blocks, and of older ones the figures', () => {
    const history = new History(10, 5);
    const peers = [1, 2].map((n) => proof(n));
    for (const n of [1, 2, 3]) {
      history.note(received(n));
      history.note(verdict(n, { peers }));
    }
    const before = history.kpis();
    const kept = () => [1, 2, 3].map((n) => history.get(hashOf(n))?.verdict?.peers.length);
    assert.deepEqual(kept(), [0, 2, 2]);
    assert.equal(history.get(hashOf(1))?.verdict?.medianMs, verdict(1).medianMs);
    history.note(finality(1, 'chainlocked'));
    assert.equal(history.kpis().propagationMs, before.propagationMs);
    assert.equal(history.dropped, 2);
    const lines = [...history.lines()];
    assert.equal(history.dropped, 0, 'a file that was written from these lines has no more');
    assert.equal(lines.flatMap((line) => (line.type === 'verdict' ? line.peers : [])).length, 4);
    history.note(verdict(3, { peers: [...peers, proof(3), proof(4), proof(5), proof(6)] }));
    assert.deepEqual(kept(), [0, 0, 6], 'the newest keeps its own, however many they are');
  });

  it('gives pages, the newest block first', () => {
    const history = historyOf([1, 2, 3, 4, 5].map((n) => received(n)));
    assert.deepEqual(numbers(history.latest(2)), [5, 4]);
    assert.deepEqual(numbers(history.latest(2, hashOf(4))), [3, 2]);
    assert.deepEqual(numbers(history.latest(2, hashOf(2))), [1]);
    assert.deepEqual(numbers(history.latest(2, hashOf(1))), []);
    assert.deepEqual(numbers(history.latest(2, hashOf(77))), [], 'a block that has gone');
    assert.deepEqual(numbers(history.latest(0)), []);
    assert.deepEqual(numbers(history.latest(100)), [5, 4, 3, 2, 1]);
  });

  it('keeps the newest blocks, and counts its lines', () => {
    const history = new History(3);
    for (const n of [1, 2, 3, 4, 5]) for (const event of [received(n), verdict(n)]) history.note(event);
    assert.deepEqual(numbers(history.latest(9)), [5, 4, 3]);
    assert.equal(history.lineTotal, 6);
    assert.equal([...history.lines()].length, 6);
    assert.equal(history.note(finality(1, 'buried')), undefined, 'too late for it');
    assert.deepEqual(numbers(history.unsettled()), [5, 4, 3]);
  });

  it('is in order of time though a clock was set back', () => {
    const history = historyOf([received(5), received(6), received(2), received(4)]);
    assert.deepEqual(numbers(history.latest(9)), [6, 5, 4, 2]);
    assert.equal(history.kpis(AT + 4).blocks, 3);
  });

  it('takes a block that failed and comes again as new, but not one that was delivered', () => {
    const history = new History(10);
    const again = (n: number) => ({ ...received(n), at: AT + 500, size: 77 });
    for (const event of [received(1), failure(1), received(2), verdict(2), received(3)]) history.note(event);
    assert.ok(history.note(again(1)) !== undefined);
    assert.equal(history.get(hashOf(1))?.verdict, undefined);
    assert.equal(history.get(hashOf(1))?.size, 77);
    assert.deepEqual(numbers(history.latest(1)), [1]);
    history.note(verdict(1));
    assert.equal(history.get(hashOf(1))?.verdict?.success, true);
    // The process died before there was a verdict on 3.
    assert.ok(history.note(again(3)) !== undefined);
    assert.equal(history.note(again(2)), undefined);
    assert.equal(history.note(failure(2)), undefined, 'what comes of it now is not what came of it');
    assert.equal(history.get(hashOf(2))?.verdict?.success, true);
    assert.ok(history.note(finality(2, 'orphaned')) !== undefined);
    assert.equal(history.size, 3);
  });

  it('takes a later verdict for the better one', () => {
    const history = new History(10);
    for (const event of [received(1), verdict(1), failure(1)]) assert.ok(history.note(event) !== undefined);
    assert.equal(history.get(hashOf(1))?.verdict?.success, false);
  });

  it('knows whose end is open', () => {
    const history = historyOf([1, 2, 3, 4, 5].map((n) => received(n)));
    history.note(finality(1, 'chainlocked'));
    history.note(finality(2, 'orphaned'));
    history.note(finality(3, 'buried'));
    assert.deepEqual(numbers(history.unsettled()), [5, 4, 2]);
    history.settle(hashOf(2));
    assert.deepEqual(numbers(history.unsettled()), [5, 4]);
  });

  it('shows how deep a block is, and does not keep it', () => {
    const history = historyOf([received(1), verdict(1)]);
    history.deepen(hashOf(1), 42, AT + 9_999);
    assert.deepEqual(history.get(hashOf(1))?.finality, { at: AT + 9_999, state: 'pending', confirmations: 42 });
    assert.equal([...history.lines()].length, 2);
    history.deepen(hashOf(9), 1, AT);
  });

  it('is the same after a journey through its file', () => {
    fc.assert(
      fc.property(linesOf(12), fc.integer({ min: 1, max: 15 }), (lines, maxBlocks) => {
        const history = historyOf(lines, maxBlocks);
        const [, ...text] = [...formatFile(history.lines())].join('').split('\n').slice(0, -1);
        const read = text.map((line) => parseLine(line));
        assert.equal(read.length, history.lineTotal);
        const again = historyOf(
          read.flatMap((line) => line ?? []),
          maxBlocks,
        );
        assert.deepEqual(again.latest(100), history.latest(100));
        assert.deepEqual(again.kpis(), history.kpis());
      }),
    );
  });

  it('is not changed by lines that are read twice, as they are in a file that was written anew meanwhile', () => {
    fc.assert(
      fc.property(linesOf(12), fc.integer({ min: 1, max: 15 }), fc.nat(60), (lines, maxBlocks, from) => {
        const once = new History(maxBlocks);
        const kept = lines.flatMap((line) => once.note(line) ?? []);
        const twice = historyOf([...kept, ...kept.slice(from)], maxBlocks);
        assert.deepEqual(twice.latest(100), once.latest(100));
      }),
    );
  });
});

/** Anything that a file may hold, of so many blocks. */
function linesOf(blocks: number): fc.Arbitrary<HistoryLine[]> {
  return fc.array(
    fc.nat(blocks - 1).chain((n) =>
      fc.oneof(
        fc.constant<HistoryLine>(received(n)),
        verdicts(n) as fc.Arbitrary<HistoryLine>,
        states.map((state): HistoryLine => finality(n, state)),
      ),
    ),
    { maxLength: 60 },
  );
}

describe('the KPIs', () => {
  it('are none where there is nothing to divide by', () => {
    const finality = { pending: 0, chainlocked: 0, buried: 0, orphaned: 0 };
    assert.deepEqual(new History(1).kpis(), { blocks: 0, finality });
    assert.deepEqual(historyOf([received(1)]).kpis(), { blocks: 1, finality: { ...finality, pending: 1 } });
  });

  it('are what they say', () => {
    const peers = (times: readonly (number | undefined)[]) =>
      times.map((acknowledgedMs, i) => ({
        peer: `a:${i}`,
        protected: i === 0,
        ...(acknowledgedMs === undefined
          ? { status: 'failed' as const, reason: 'closed' }
          : { status: 'acknowledged' as const, acknowledgedMs }),
      }));
    const history = historyOf([
      // Nine of ten: the ninth of ten.
      received(1),
      verdict(1, { peers: peers([1, 2, 3, 4, 5, 6, 7, 80, 90, 1_000]), medianMs: 5, peersReached: 10, peersTried: 10 }),
      finality(1, 'chainlocked'),
      // Nine of ten never had it.
      received(2),
      verdict(2, { peers: peers([1, 2, undefined, undefined]), medianMs: 1, peersReached: 2, peersTried: 4 }),
      finality(2, 'orphaned'),
      // Who had it before does not count, so four of four.
      received(3),
      verdict(3, {
        peers: [...peers([4, 3, 2, 30]), { peer: 'b:1', protected: false, status: 'already-had' }],
        medianMs: 3,
        success: false,
        outcome: 'failed',
        peersReached: 5,
        peersTried: 6,
      }),
      finality(3, 'buried'),
      received(4),
    ]);
    assert.deepEqual(history.kpis(), {
      blocks: 4,
      successRate: 2 / 3,
      averageBroadcastMs: 3,
      peerAvailability: 17 / 20,
      orphanRate: 1 / 3,
      propagationMs: 60,
      finality: { pending: 1, chainlocked: 1, buried: 1, orphaned: 1 },
    });
    assert.deepEqual(history.kpis(AT + 3).finality, { pending: 1, chainlocked: 0, buried: 1, orphaned: 0 });
    assert.equal(history.kpis(AT + 5).blocks, 0);
  });

  it('change with each line', () => {
    const history = new History(2);
    const counts = [received(1), finality(1, 'orphaned'), finality(1, 'chainlocked'), received(2), received(3)].map(
      (line) => {
        history.note(line);
        const { blocks, orphanRate, finality } = history.kpis();
        return [blocks, orphanRate, finality.pending];
      },
    );
    assert.deepEqual(counts, [
      [1, undefined, 1],
      [1, 1, 0],
      [1, 0, 0],
      [2, 0, 1],
      [2, undefined, 2],
    ]);
  });

  it('are those of a naive count, whatever came', () => {
    fc.assert(
      fc.property(linesOf(20), fc.option(fc.nat(25), { nil: undefined }), (lines, since) => {
        const kpis = historyOf(lines).kpis(since === undefined ? undefined : AT + since);
        agree(kpis, naive(lines, since === undefined ? 0 : AT + since));
      }),
    );
  });

  it('of ten thousand blocks are had without effort', () => {
    const history = new History(10_000);
    for (let n = 0; n < 11_000; n += 1) for (const line of [received(n), verdict(n)]) history.note(line);
    assert.equal(history.kpis().blocks, 10_000);
    assert.equal(history.kpis(), history.kpis(), 'counted once per change');
    assert.equal(history.kpis(AT + 10_990).blocks, 10);
  });
});

/** The definitions, word for word, without a thought for the effort. */
function naive(lines: readonly HistoryLine[], since: number): Kpis {
  const blocks = new Map<string, { received: BlockReceived; verdict?: BlockVerdict; finality?: BlockFinality }>();
  for (const line of lines) {
    const known = blocks.get(line.hash);
    if (line.type === 'received')
      blocks.set(line.hash, { received: line, ...(known?.finality && { finality: known.finality }) });
    else if (known !== undefined) blocks.set(line.hash, { ...known, [line.type]: line });
  }
  const all = [...blocks.values()].filter(({ received: { at } }) => at >= since);
  const judged = all.flatMap(({ verdict }) => verdict ?? []);
  const inState = (state: string) => all.filter((block) => (block.finality?.state ?? 'pending') === state).length;
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const mean = (values: readonly number[]) => (values.length === 0 ? undefined : sum(values) / values.length);
  const ratio = (part: number, whole: number) => (whole === 0 ? undefined : part / whole);
  const ended = all.length - inState('pending');
  const figures = {
    successRate: ratio(judged.filter(({ success }) => success).length, judged.length),
    averageBroadcastMs: mean(judged.flatMap(({ medianMs }) => medianMs ?? [])),
    peerAvailability: ratio(sum(judged.map((v) => v.peersReached)), sum(judged.map((v) => v.peersTried))),
    orphanRate: ratio(inState('orphaned'), ended),
    propagationMs: mean(judged.flatMap((v) => nineOfTen(v) ?? [])),
  };
  return {
    blocks: all.length,
    ...Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined)),
    finality: {
      pending: inState('pending'),
      chainlocked: inState('chainlocked'),
      buried: inState('buried'),
      orphaned: inState('orphaned'),
    },
  };
}

function nineOfTen({ peers }: BlockVerdict): number | undefined {
  const pushed = peers.filter(({ status }) => status !== 'already-had');
  const times = pushed.flatMap((peer) => peer.acknowledgedMs ?? peer.acceptedMs ?? []);
  return times
    .sort((a, b) => a - b)
    .find((time) => times.filter((other) => other <= time).length * 10 >= pushed.length * 9);
}

function agree(kpis: Kpis, expected: Kpis): void {
  const near = (value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(9)) : value);
  const rounded = (of: Kpis) => Object.fromEntries(Object.entries(of).map(([name, value]) => [name, near(value)]));
  assert.deepEqual(rounded(kpis), rounded(expected));
}

describe('lines of a history', () => {
  it('are the events themselves, and carry what a later version may add', () => {
    for (const line of [received(1), verdict(1), finality(1, 'orphaned', { by: hashOf(2) })]) {
      assert.deepEqual(parseLine(formatLine(line)), line);
      assert.deepEqual(parseLine(JSON.stringify({ ...line, colour: 'blue' })), { ...line, colour: 'blue' });
    }
  });

  it('have the codes of today, also where they were written with spaces before 0.1.0', () => {
    const peers = [proof(1, { status: 'already-had' }), proof(2, { status: 'failed', reason: 'closed-by-peer' })];
    const line = verdict(1, { outcome: 'local-only', reason: 'no other peer was connected', peers });
    const old = formatLine(line)
      .replace('local-only', 'local only')
      .replace('already-had', 'already had')
      .replace('closed-by-peer', 'closed by peer');
    assert.deepEqual(parseLine(old), line);
  });

  it('are no others', () => {
    const proof = { type: 'proof', at: 1, hash: hashOf(1), peer: 'a:1', protected: false, status: 'pending' };
    const { hash: _hash, ...nameless } = received(1);
    for (const text of ['', '{', 'null', '[]', '5', JSON.stringify(proof), JSON.stringify(nameless)]) {
      assert.equal(parseLine(text), undefined, text);
    }
  });
});
