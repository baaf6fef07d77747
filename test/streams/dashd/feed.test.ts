import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defer, finalize, Subject } from 'rxjs';
import { type FeedNews, feed } from '../../../src/streams/dashd/feed.js';
import { FEED_TOPICS } from '../../../src/streams/dashd/feed-endpoints.js';
import type { SocketNews } from '../../../src/streams/ports.js';
import { gather } from '../../support/gather.js';
import { Time } from '../../support/virtual-time.js';
import { answer, FakeRpc, later, rpcError, UNREACHABLE } from './fake-rpc.js';

const hash = (digit: string) => digit.repeat(64);
const raw = (digit: string) => Buffer.from(`block ${digit}`);
const sequenceOf = (sequence: number) => {
  const frame = Buffer.alloc(4);
  frame.writeUInt32LE(sequence);
  return frame;
};

/** A feed on a fake socket, beside a dashd that has every block in its active chain. */
class FeedUnderTest {
  readonly time = new Time();
  readonly rpc = new FakeRpc(() => this.time.now);
  readonly witness$ = new Subject<string>();
  readonly had = new Set<string>();
  isCurrent = true;
  /** Blocks of a test are too short for a header unless it says otherwise. */
  hashOf: (block: Buffer) => string | undefined = () => undefined;
  /** How often the socket was opened, and closed. */
  opened = 0;
  closed = 0;
  private news$ = new Subject<SocketNews>();
  private readonly gathered;

  constructor() {
    this.rpc.replies.set('getblockheader', answer({ confirmations: 1 }));
    this.rpc.replies.set('getblock', (which) => answer(raw(String(which)[0] ?? '').toString('hex')));
    this.gathered = gather(
      feed({
        open$: defer(() => {
          this.opened += 1;
          this.news$ = new Subject();
          return this.news$.pipe(finalize(() => (this.closed += 1)));
        }),
        witness$: this.witness$,
        rpc: this.rpc,
        hashOf: (block) => this.hashOf(block),
        has: (which) => this.had.has(which),
        isCurrent: () => this.isCurrent,
        clock: this.time.clock,
        scheduler: this.time.scheduler,
      }),
    );
  }

  gives(...frames: readonly (Buffer | string)[]): void {
    this.news$.next({
      type: 'frames',
      frames: frames.map((frame) => (typeof frame === 'string' ? Buffer.from(frame, 'latin1') : frame)),
    });
  }

  givesHash(digit: string, sequence: number): void {
    this.gives('hashblock', Buffer.from(hash(digit), 'hex'), sequenceOf(sequence));
  }

  givesRaw(digit: string, sequence: number): void {
    this.had.add(hash(digit));
    this.gives('rawblock', raw(digit), sequenceOf(sequence));
  }

  state(state: 'up' | 'down', detail = ''): void {
    this.news$.next({ type: 'state', state, detail });
  }

  /** What was reported since it was last asked, in brief. */
  reported(): string[] {
    return this.gathered.values.splice(0).map(brief);
  }

  stop(): void {
    this.gathered.stop();
  }
}

function brief(news: FeedNews): string {
  switch (news.type) {
    case 'tip':
      return `tip ${news.hash[0]}`;
    case 'raw':
      return news.raw.toString();
    case 'chainlock':
      return `chainlock ${news.hash}`;
    case 'service':
      return `${news.state}: ${news.code}: ${news.detail}`;
  }
}

describe('the feed', () => {
  it('listens for blocks and ChainLocks', () => {
    assert.deepEqual(FEED_TOPICS, ['rawblock', 'hashblock', 'hashchainlock', 'rawchainlocksig']);
  });

  it('reports which block is ChainLocked, by whichever topic dashd publishes', async () => {
    const feed = new FeedUnderTest();
    const locked = '0123456789abcdef'.repeat(4);
    feed.gives('hashchainlock', Buffer.from(locked, 'hex'), sequenceOf(0));
    // The block, height 7, the hash in wire order, the signature.
    const lock = [Buffer.of(7, 0, 0, 0), Buffer.from(locked, 'hex').reverse(), Buffer.alloc(96, 0xff)];
    feed.gives('rawchainlocksig', Buffer.concat([Buffer.alloc(300), ...lock]), sequenceOf(0));
    feed.gives('rawchainlocksig', Buffer.concat([Buffer.alloc(80), ...lock]), sequenceOf(3));
    feed.gives('rawchainlocksig', Buffer.concat([Buffer.alloc(79), ...lock]), sequenceOf(4));
    feed.gives('hashchainlock', Buffer.alloc(31), sequenceOf(1));
    assert.deepEqual(feed.reported(), [
      `chainlock ${locked}`,
      `chainlock ${locked}`,
      'fault: gap: 2 rawchainlocksig messages were missed',
      `chainlock ${locked}`,
      'fault: garbage: rawchainlocksig with 211 bytes',
      'fault: garbage: hashchainlock with 31 bytes',
    ]);
    await feed.time.pass(60_000);
    assert.deepEqual(feed.rpc.calls, [], 'no block is missing for that');
    feed.stop();
  });

  it('reports blocks and tips in the order in which they come, and asks for nothing more', async () => {
    const feed = new FeedUnderTest();
    feed.givesRaw('a', 0);
    feed.givesHash('a', 0);
    assert.deepEqual(feed.reported(), ['block a', 'tip a']);
    await feed.time.pass(60_000);
    assert.deepEqual(feed.reported(), []);
    assert.deepEqual(feed.rpc.calls, []);
    assert.equal(feed.time.pending, 0);
  });

  it('takes hashes in display order', () => {
    const feed = new FeedUnderTest();
    feed.gives('hashblock', Buffer.from(`01${'00'.repeat(30)}ff`, 'hex'));
    assert.deepEqual(feed.reported(), ['tip 0']);
  });

  it('reports when it comes and goes', () => {
    const feed = new FeedUnderTest();
    feed.state('up', 'connected to it');
    feed.state('down', 'it went away');
    assert.deepEqual(feed.reported(), ['up: connected: connected to it', 'down: disconnected: it went away']);
  });

  it('reports what is no message of a feed, and goes on', () => {
    const feed = new FeedUnderTest();
    feed.gives();
    feed.gives('rawblock');
    feed.gives('rawtx', 'x', sequenceOf(1));
    feed.gives('\x00\x1b[31m', 'x');
    feed.gives('hashblock', Buffer.alloc(31), sequenceOf(1));
    feed.givesRaw('a', 2);
    assert.deepEqual(feed.reported(), [
      'fault: garbage: 0 frames beginning with ""',
      'fault: garbage: 1 frames beginning with "rawblock"',
      'fault: garbage: 3 frames beginning with "rawtx"',
      'fault: garbage: 2 frames beginning with "\\u0000\\u001b[31m"',
      'fault: garbage: hashblock with 31 bytes',
      'block a',
    ]);
  });
});

describe('a gap in the feed', () => {
  it('is reported, by topic', () => {
    const feed = new FeedUnderTest();
    feed.givesRaw('a', 7);
    feed.givesHash('a', 3);
    feed.givesRaw('b', 8);
    feed.givesHash('b', 4);
    feed.reported();
    feed.givesRaw('e', 11);
    feed.givesHash('e', 7);
    assert.deepEqual(feed.reported(), [
      'fault: gap: 2 rawblock messages were missed',
      'block e',
      'fault: gap: 2 hashblock messages were missed',
      'tip e',
    ]);
  });

  it('is none when dashd starts anew, nor after a disconnection that was reported, nor without numbers', () => {
    const feed = new FeedUnderTest();
    feed.givesRaw('a', 90);
    feed.givesRaw('b', 0);
    feed.givesRaw('c', 1);
    feed.state('down');
    feed.state('up');
    feed.givesRaw('d', 40);
    feed.gives('rawblock', raw('e'));
    feed.gives('rawblock', raw('f'), Buffer.of(1, 2));
    feed.givesRaw('1', 41);
    assert.deepEqual(
      feed.reported().filter((news) => news.includes('gap')),
      [],
    );
  });
});

describe('a hash without its block', () => {
  it('has the block fetched after a moment', async () => {
    const feed = new FeedUnderTest();
    feed.givesHash('a', 0);
    await feed.time.pass(999);
    assert.deepEqual(feed.reported(), ['tip a']);
    await feed.time.pass(1);
    assert.deepEqual(feed.rpc.calls, [{ method: 'getblock', params: [hash('a'), 0], at: 1_000 }]);
    assert.deepEqual(feed.reported(), ['block a']);
  });

  it('of several, has each fetched', async () => {
    const feed = new FeedUnderTest();
    for (const digit of ['a', 'b', 'c']) feed.givesHash(digit, 0);
    feed.had.add(hash('b'));
    await feed.time.pass(1_000);
    assert.deepEqual(feed.reported().slice(3), ['block a', 'block c']);
  });

  it('is a fault, reported once, when dashd does not give it', async () => {
    for (const [reply, why] of [
      [UNREACHABLE, 'unreachable: ECONNREFUSED'],
      [rpcError(-1, 'Block not available (pruned data)'), 'rpc-error: Block not available (pruned data)'],
      [answer({ hash: 'a' }), 'the answer is not a block'],
      [answer('abc'), 'the answer is not a block'],
      [answer(''), 'the answer is not a block'],
      [answer(null), 'the answer is not a block'],
    ] as const) {
      const feed = new FeedUnderTest();
      feed.rpc.replies.set('getblock', reply);
      feed.givesHash('a', 0);
      await feed.time.pass(60_000);
      assert.deepEqual(feed.reported().slice(1), [
        `fault: not-fetched: block ${hash('a')} could not be fetched over RPC: ${why}`,
      ]);
    }
  });
});

describe('a silent feed', () => {
  it('is subscribed to anew, and the block fetched, when others have had a block for a while', async () => {
    const feed = new FeedUnderTest();
    feed.givesHash('a', 0);
    feed.had.add(hash('a'));
    feed.reported();
    feed.witness$.next(hash('b'));
    await feed.time.pass(14_999);
    assert.deepEqual([feed.reported(), feed.opened], [[], 1]);
    await feed.time.pass(1);
    assert.deepEqual(feed.reported(), [
      `fault: silent: the feed does not show ${hash('b')}, which others have: subscribed again`,
      'tip b',
      'block b',
    ]);
    assert.deepEqual([feed.opened, feed.closed], [2, 1]);
    feed.givesRaw('c', 5);
    assert.deepEqual(feed.reported(), ['block c'], 'the new subscription is heard');
  });

  it('is asked about one block at a time, however often that is reported, and once', async () => {
    const feed = new FeedUnderTest();
    feed.witness$.next(hash('a'));
    for (let i = 0; i < 20; i += 1) {
      feed.witness$.next(hash('b'));
      await feed.time.pass(5_000);
    }
    assert.equal(feed.reported().filter((news) => news.includes('silent')).length, 1);
    assert.equal(feed.opened, 2);
    feed.witness$.next(hash('c'));
    await feed.time.pass(15_000);
    assert.equal(feed.opened, 3, 'the next block is another matter');
  });

  it('has its block when that came from elsewhere: nothing is fetched', async () => {
    const feed = new FeedUnderTest();
    feed.witness$.next(hash('a'));
    feed.had.add(hash('b'));
    feed.witness$.next(hash('b'));
    await feed.time.pass(15_000);
    assert.deepEqual(feed.reported().slice(1), ['tip b']);
    assert.deepEqual(feed.rpc.times('getblock'), []);
  });

  it('is not silent when it shows the block within the time', async () => {
    const feed = new FeedUnderTest();
    feed.witness$.next(hash('a'));
    feed.witness$.next(hash('b'));
    await feed.time.pass(10_000);
    feed.givesHash('b', 0);
    feed.had.add(hash('b'));
    await feed.time.pass(60_000);
    assert.deepEqual(feed.reported(), ['tip b']);
    assert.equal(feed.opened, 1);
  });

  it('is not silent for the tip that stood when it began, though it never shows it', async () => {
    const feed = new FeedUnderTest();
    for (let i = 0; i < 10; i += 1) {
      feed.witness$.next(hash('a'));
      await feed.time.pass(5_000);
    }
    assert.deepEqual(feed.reported(), []);
    assert.deepEqual([feed.opened, feed.rpc.calls.length], [1, 0]);
  });

  it('is right to be silent about a block that dashd does not follow', async () => {
    for (const reply of [answer({ confirmations: -1 }), rpcError(-5, 'Block not found')]) {
      const feed = new FeedUnderTest();
      feed.rpc.replies.set('getblockheader', reply);
      feed.witness$.next(hash('a'));
      feed.witness$.next(hash('b'));
      await feed.time.pass(60_000);
      assert.deepEqual(feed.reported(), []);
      assert.deepEqual([feed.opened, feed.rpc.times('getblock').length], [1, 0]);
      feed.rpc.replies.set('getblockheader', answer({ confirmations: 1 }));
      feed.witness$.next(hash('b'));
      await feed.time.pass(15_000);
      assert.equal(feed.opened, 2, 'until dashd does follow it');
    }
  });

  it('is taken for silent when dashd cannot be asked', async () => {
    const feed = new FeedUnderTest();
    feed.rpc.replies.set('getblockheader', UNREACHABLE);
    feed.rpc.replies.set('getblock', UNREACHABLE);
    feed.witness$.next(hash('a'));
    feed.witness$.next(hash('b'));
    await feed.time.pass(15_000);
    assert.deepEqual(
      feed.reported().map((news) => news.split(':', 2).join(':')),
      ['fault: silent', 'tip b', 'fault: not-fetched'],
    );
  });

  it('is not silent when it speaks while dashd is being asked', async () => {
    const feed = new FeedUnderTest();
    const reply = later();
    feed.rpc.replies.set('getblockheader', reply.answer);
    feed.witness$.next(hash('a'));
    feed.witness$.next(hash('b'));
    await feed.time.pass(15_000);
    feed.givesRaw('b', 0);
    feed.givesHash('b', 0);
    reply.give(answer({ confirmations: 1 }));
    await feed.time.pass(60_000);
    assert.deepEqual(feed.reported(), ['block b', 'tip b']);
    assert.equal(feed.opened, 1);
  });
});

describe('a feed of rawblock alone', () => {
  it('reports each tip, is not silent, and has nothing fetched', async () => {
    const feed = new FeedUnderTest();
    feed.hashOf = (block) => hash(block.toString().slice(-1));
    for (const [sequence, digit] of ['a', 'b', 'c'].entries()) {
      feed.givesRaw(digit, sequence);
      feed.witness$.next(hash(digit));
      await feed.time.pass(60_000);
    }
    assert.deepEqual(feed.reported(), ['tip a', 'block a', 'tip b', 'block b', 'tip c', 'block c']);
    assert.deepEqual([feed.opened, feed.rpc.calls.length], [1, 0]);
    feed.givesHash('d', 0);
    feed.givesRaw('d', 3);
    assert.deepEqual(feed.reported(), ['tip d', 'block d'], 'beside hashblock each tip is reported once');
    feed.stop();
  });
});

describe('the feed of a dashd that is catching up', () => {
  it('is not silent, whatever dashd and the peers report, and fetches nothing', async () => {
    const feed = new FeedUnderTest();
    feed.isCurrent = false;
    for (const digit of ['a', 'b', 'c', 'd']) {
      feed.witness$.next(hash(digit));
      await feed.time.pass(20_000);
    }
    feed.givesHash('e', 0);
    await feed.time.pass(20_000);
    assert.deepEqual(feed.reported(), ['tip e']);
    assert.deepEqual([feed.opened, feed.rpc.calls.length], [1, 0]);
    feed.stop();
  });

  it('is not found silent by a question that was asked before', async () => {
    const feed = new FeedUnderTest();
    feed.witness$.next(hash('a'));
    feed.witness$.next(hash('b'));
    await feed.time.pass(10_000);
    feed.isCurrent = false;
    await feed.time.pass(60_000);
    assert.deepEqual([feed.reported(), feed.opened, feed.rpc.calls.length], [[], 1, 0]);
    feed.stop();
  });

  it('need not show the block that dashd caught up with, and is watched as ever from then on', async () => {
    const feed = new FeedUnderTest();
    feed.givesHash('1', 0);
    feed.had.add(hash('1'));
    feed.isCurrent = false;
    feed.witness$.next(hash('a'));
    feed.isCurrent = true;
    feed.witness$.next(hash('b'));
    await feed.time.pass(60_000);
    assert.deepEqual([feed.reported(), feed.opened], [['tip 1'], 1]);
    feed.witness$.next(hash('c'));
    await feed.time.pass(15_000);
    assert.deepEqual(feed.reported().slice(1), ['tip c', 'block c']);
    assert.equal(feed.opened, 2);
    feed.stop();
  });
});

describe('a feed that is no longer wanted', () => {
  it('is closed, with no timer left', async () => {
    const feed = new FeedUnderTest();
    feed.witness$.next(hash('a'));
    feed.witness$.next(hash('b'));
    feed.givesHash('c', 0);
    await feed.time.pass(500);
    assert.equal(feed.time.pending, 2);
    feed.stop();
    assert.equal(feed.time.pending, 0);
    assert.equal(feed.closed, 1);
    assert.equal(feed.witness$.observed, false);
  });
});
