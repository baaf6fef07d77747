import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defer, finalize, Subject } from 'rxjs';
import { type FeedPlan, feedEndpoints, feedPlans, planFeed } from '../../../src/streams/dashd/feed-endpoints.js';
import type { RpcNews } from '../../../src/streams/dashd/watch-rpc.js';
import type { SocketNews } from '../../../src/streams/ports.js';
import { gather } from '../../support/gather.js';
import { START, settled } from '../../support/virtual-time.js';
import { answer, FakeRpc, rpcError, UNREACHABLE } from './fake-rpc.js';

const URL = 'tcp://127.0.0.1:28332';
const REMOTE = 'tcp://dashd.example:28332';

/** What dashd answers, of topics and addresses. */
const published = (...entries: readonly (readonly [topic: string, address: string])[]) =>
  entries.map(([topic, address]) => ({ type: `pub${topic}`, address, hwm: 1000 }));

function plan(url: string, ...entries: readonly (readonly [topic: string, address: string])[]): FeedPlan {
  const made = planFeed({ ok: true, result: published(...entries) }, url);
  assert.ok(made);
  return made;
}

const ALL_HERE = [
  ['rawblock', URL],
  ['hashblock', URL],
  ['hashchainlock', URL],
] as const;

describe('the plan of a feed', () => {
  it('is dashd.zmq.url alone, without a note, where dashd publishes all there, however it writes the address', () => {
    for (const [url, address] of [
      [URL, URL],
      [URL, 'tcp://*:28332'],
      [URL, 'tcp://0.0.0.0:28332'],
      ['tcp://[::1]:28332', 'tcp://[::]:28332'],
      [REMOTE, 'tcp://*:28332'],
      [REMOTE, 'tcp://172.17.0.2:28332'],
      ['ipc:///run/dashd.sock', 'ipc:///run/dashd.sock'],
    ] as const) {
      const topics = ALL_HERE.map(([topic]) => [topic, address] as const);
      assert.deepEqual(plan(url, ...topics), { configured: true, others: [], notes: [] }, `${url} and ${address}`);
    }
  });

  it('has the other endpoints for the topics that are not at dashd.zmq.url, each once', () => {
    const made = plan(
      URL,
      ['rawblock', URL],
      ['hashblock', 'tcp://127.0.0.1:28333'],
      ['hashblock', 'tcp://127.0.0.1:28335'],
      ['hashchainlock', 'tcp://127.0.0.1:28334'],
      ['rawblock', 'tcp://127.0.0.1:28334'],
      ['rawchainlocksig', 'tcp://127.0.0.1:28336'],
    );
    assert.deepEqual(made.others, [
      { endpoint: 'tcp://127.0.0.1:28333', topics: ['hashblock'] },
      { endpoint: 'tcp://127.0.0.1:28334', topics: ['hashchainlock'] },
    ]);
    assert.deepEqual(made.notes, [
      'dashd publishes hashblock at tcp://127.0.0.1:28333, hashchainlock at tcp://127.0.0.1:28334',
    ]);
  });

  it("takes an address of every interface for the host of dashd.zmq.url's, on whatever machine", () => {
    for (const everywhere of ['*', '0.0.0.0', '[::]']) {
      const made = plan(REMOTE, ['rawblock', REMOTE], ['hashchainlock', `tcp://${everywhere}:28334`]);
      assert.deepEqual(made.others, [{ endpoint: 'tcp://dashd.example:28334', topics: ['hashchainlock'] }]);
    }
    const { others } = plan('ipc:///run/a', ['rawblock', 'tcp://*:1']);
    assert.deepEqual(others, [{ endpoint: 'tcp://127.0.0.1:1', topics: ['rawblock'] }]);
  });

  it('names what only the machine of a remote dashd can reach', () => {
    const { others, notes } = plan(
      REMOTE,
      ['rawblock', REMOTE],
      ['hashblock', 'tcp://127.0.0.1:28333'],
      ['hashchainlock', 'ipc:///run/dashd.sock'],
    );
    assert.deepEqual(others, []);
    assert.deepEqual(notes, [
      'dashd publishes hashblock at tcp://127.0.0.1:28333, which only its own machine can reach',
      'dashd publishes hashchainlock at ipc:///run/dashd.sock, which only its own machine can reach',
    ]);
  });

  it('says which topics are missing and what to write', () => {
    assert.deepEqual(plan(URL, ['rawtx', URL], ['hashchainlock', URL]), {
      configured: false,
      others: [],
      notes: [
        `dashd publishes neither rawblock nor hashblock where they can be reached, so its feed shows no block: put zmqpubrawblock=${URL} into dash.conf`,
      ],
    });
    assert.equal(plan(URL).configured, false, 'a dashd that publishes nothing');
    const far = plan(REMOTE, ['hashchainlock', REMOTE], ['rawblock', 'tcp://127.0.0.1:28333']);
    assert.match(
      far.notes.join(),
      /neither rawblock nor hashblock where they can be reached.*rawblock at tcp:.*only its own/,
    );
    assert.deepEqual(plan(URL, ['hashblock', URL]).notes, [
      `dashd does not publish rawblock, so blocks are fetched over RPC: put zmqpubrawblock=${URL} into dash.conf`,
      `dashd does not publish hashchainlock, so ChainLocks are known over RPC, later: put zmqpubhashchainlock=${URL} into dash.conf`,
    ]);
    assert.deepEqual(plan(URL, ['rawblock', URL], ['rawchainlocksig', URL]).notes, [], 'either reports ChainLocks');
  });

  it('presumes nothing missing behind translated ports', () => {
    const made = plan('tcp://nat.example:38332', ['rawblock', 'tcp://127.0.0.1:28332']);
    assert.equal(made.configured, true);
    assert.ok(!made.notes.some((note) => note.includes('neither')));
    assert.match(made.notes.join(), /rawblock at tcp:\/\/127\.0\.0\.1:28332, which only its own machine/);
  });

  it('reports a high-water mark that a reorganisation would reach', () => {
    const low = { type: 'pubrawblock', address: URL, hwm: 2 };
    const made = planFeed({ ok: true, result: [low, ...published(['hashchainlock', URL])] }, URL);
    assert.deepEqual(made?.notes, [
      'dashd drops rawblock messages when more than 2 wait: raise zmqpubrawblockhwm in dash.conf',
    ]);
    assert.deepEqual(planFeed({ ok: true, result: [{ ...low, hwm: 0 }] }, URL)?.notes.length, 1, '0 is no limit');
  });

  it('leaves out what it cannot read, and is none when dashd does not answer', () => {
    const odd = [null, 7, {}, { type: 'pubrawblock' }, { type: 'pubhashblock', address: 'inproc://x' }];
    const made = planFeed({ ok: true, result: [...odd, ...published(...ALL_HERE)] }, URL);
    assert.deepEqual([made?.configured, made?.others], [true, []]);
    for (const nothing of [UNREACHABLE, rpcError(-32_601, 'Method not found'), { ok: true, result: {} } as const]) {
      assert.equal(planFeed(nothing, URL), undefined);
    }
    const many = Array.from({ length: 10_000 }, (_, port) => ['hashblock', `tcp://127.0.0.1:${port + 1}`] as const);
    assert.equal(plan(URL, ...many).others.length, 1);
  });
});

describe('the plans of a feed', () => {
  const standing = (which: 'current' | 'wrong-network' | 'starting'): RpcNews => ({
    type: 'standing',
    standing: which,
    detail: '',
  });
  const rpcIs = (state: 'up' | 'down'): RpcNews => ({
    type: 'service',
    at: START,
    service: 'dashd-rpc',
    state,
    code: '',
    detail: '',
  });

  it('are made when dashd answers and whenever it is back, not for a dashd of another network', async () => {
    const rpc = new FakeRpc(() => 0);
    rpc.replies.set('getzmqnotifications', answer(published(...ALL_HERE)));
    const rpcNews$ = new Subject<RpcNews>();
    const gathered = gather(feedPlans({ url: URL, rpcNews$, rpc }));
    for (const [news, plans] of [
      [rpcIs('down'), 0],
      [standing('wrong-network'), 0],
      [{ type: 'tip', hash: '00' }, 0],
      [rpcIs('up'), 1],
      [standing('current'), 2],
    ] as const) {
      rpcNews$.next(news);
      await settled();
      assert.equal(gathered.values.length, plans);
    }
    rpc.replies.set('getzmqnotifications', rpcError(-32_601, 'Method not found'));
    rpcNews$.next(rpcIs('up'));
    await settled();
    assert.equal(gathered.values.length, 2, 'no plan of a dashd that does not know the question');
    gathered.stop();
  });
});

/** Endpoints on fake sockets. */
class EndpointsUnderTest {
  readonly plan$ = new Subject<FeedPlan>();
  readonly open = new Map<string, { readonly topics: readonly string[]; readonly news$: Subject<SocketNews> }>();
  private readonly feed$ = feedEndpoints({
    url: URL,
    plan$: this.plan$,
    open: ({ endpoint, topics }) =>
      defer(() => {
        const news$ = new Subject<SocketNews>();
        this.open.set(endpoint, { topics, news$ });
        return news$.pipe(finalize(() => this.open.delete(endpoint)));
      }),
  });
  private gathered = gather(this.feed$);

  is(endpoint: string, state: 'up' | 'down'): void {
    const detail = state === 'up' ? `connected to ${endpoint}` : `no answer from ${endpoint}`;
    this.open.get(endpoint)?.news$.next({ type: 'state', state, detail });
  }

  reported(): string[] {
    return this.gathered.values
      .splice(0)
      .map((news) => (news.type === 'frames' ? String(news.frames[0]) : `${news.state}: ${news.detail}`));
  }

  restart(): void {
    this.gathered.stop();
    this.gathered = gather(this.feed$);
  }
}

describe('the endpoints of a feed', () => {
  const APART = 'tcp://127.0.0.1:28333';

  it('are dashd.zmq.url for every topic, and another for what is there', () => {
    const feed = new EndpointsUnderTest();
    assert.deepEqual([...feed.open.keys()], [URL]);
    feed.is(URL, 'up');
    feed.plan$.next(plan(URL, ['rawblock', URL], ['hashchainlock', APART]));
    feed.open.get(APART)?.news$.next({ type: 'frames', frames: [Buffer.from('hashchainlock')] });
    assert.deepEqual(feed.open.get(URL)?.topics, ['rawblock', 'hashblock', 'hashchainlock', 'rawchainlocksig']);
    assert.deepEqual(feed.open.get(APART)?.topics, ['hashchainlock']);
    assert.deepEqual(feed.reported(), [
      `up: connected to ${URL}`,
      `up: connected to ${URL}; dashd publishes hashchainlock at ${APART}`,
      'hashchainlock',
    ]);
  });

  it('are up while one that shows blocks is, and down otherwise, whatever the others are', () => {
    const feed = new EndpointsUnderTest();
    feed.plan$.next(plan(URL, ['hashchainlock', URL], ['rawblock', APART]));
    const note = `dashd publishes rawblock at ${APART}`;
    feed.is(URL, 'up');
    assert.deepEqual(feed.reported(), [], 'ChainLocks alone are no feed');
    feed.is(APART, 'down');
    feed.is(APART, 'up');
    feed.is(URL, 'down');
    assert.deepEqual(feed.reported(), [`down: no answer from ${APART}; ${note}`, `up: connected to ${APART}; ${note}`]);
  });

  it('are down while dashd publishes no block anywhere, and say why', () => {
    const feed = new EndpointsUnderTest();
    feed.is(URL, 'up');
    feed.plan$.next(plan(URL, ['rawtx', URL]));
    const [up, down] = feed.reported();
    assert.equal(up, `up: connected to ${URL}`);
    assert.match(down ?? '', /^down: dashd publishes neither rawblock nor hashblock/);
    feed.plan$.next(plan(URL, ...ALL_HERE));
    assert.deepEqual(feed.reported(), [`up: connected to ${URL}`], 'dashd was started anew with the topics');
  });

  it('stay open when dashd says the same again, follow it when not, and are remembered by who subscribes anew', () => {
    const feed = new EndpointsUnderTest();
    const apart = plan(URL, ['rawblock', URL], ['hashchainlock', APART]);
    feed.plan$.next(apart);
    const first = feed.open.get(APART);
    feed.plan$.next({ ...apart });
    assert.equal(feed.open.get(APART), first);
    feed.restart();
    assert.deepEqual([...feed.open.keys()].sort(), [URL, APART]);
    feed.plan$.next(plan(URL, ...ALL_HERE));
    assert.deepEqual([...feed.open.keys()], [URL]);
  });
});
