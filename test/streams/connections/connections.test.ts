import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { of } from 'rxjs';
import { createPool } from '../../../src/streams/connections/connections.js';
import { momentOf } from '../../../src/time.js';
import { context, counting, theirVersion } from '../../session/support.js';
import { gather } from '../../support/gather.js';
import { Time } from '../../support/virtual-time.js';
import { FakeNet } from './fake-net.js';
import { PoolUnderTest, pushable, target } from './support.js';

describe("the pool's own dashd", () => {
  it('is connected to without being asked for', () => {
    const under = new PoolUnderTest();
    assert.equal(under.net.dials('dashd'), 1);
    under.net.to('dashd').shakeHands();
    assert.deepEqual(under.told(), ['dashd ready']);
    assert.equal(under.pool.live.get('dashd:1')?.target.protected, true);
  });

  it('is never dropped: not on demand, not by a list that names it, nor by one that does not', () => {
    const under = new PoolUnderTest();
    under.has();
    assert.equal(under.pool.drop('dashd:1'), false);
    under.targets$.next([{ ...target('dashd'), protected: false }, target('a')]);
    under.wants('a');
    under.wants();
    assert.equal(under.net.dials('dashd'), 1);
    assert.equal(under.net.to('dashd').destroyed, false);
    assert.deepEqual(under.live, ['dashd:1']);
    assert.equal(under.pool.live.get('dashd:1')?.target.protected, true);
  });

  it('is dialled for ever, ever more slowly, up to a bound', async () => {
    const under = new PoolUnderTest();
    // Three quarters of 250 ms, doubled each time, and of 5 s in the end: the die always shows one half.
    const pauses = [187.5, 375, 750, 1_500, 3_000, ...Array.from({ length: 95 }, () => 3_750)];
    for (const [i, pause] of pauses.entries()) {
      under.net.to('dashd').close('unreachable');
      await under.time.pass(pause - 0.5);
      assert.equal(under.net.dials('dashd'), i + 1);
      await under.time.pass(0.5);
      assert.equal(under.net.dials('dashd'), i + 2);
    }
  });

  it('is back fast after a connection that worked', async () => {
    const under = new PoolUnderTest();
    for (let i = 0; i < 10; i += 1) {
      under.net.to('dashd').close('unreachable');
      await under.time.pass(5_000);
    }
    under.net.to('dashd').shakeHands().close();
    const dials = under.net.dials('dashd');
    await under.time.pass(187);
    assert.equal(under.net.dials('dashd'), dials);
    await under.time.pass(1);
    assert.equal(under.net.dials('dashd'), dials + 1);
  });

  it('is dialled again between half the pause and all of it', async () => {
    for (const [float, pause] of [
      [0, 250],
      [0.999, 126],
    ] as const) {
      const under = new PoolUnderTest({ ...counting(), float: () => float });
      under.net.to('dashd').close('unreachable');
      await under.time.pass(pause - 1);
      assert.equal(under.net.dials('dashd'), 1);
      await under.time.pass(1);
      assert.equal(under.net.dials('dashd'), 2);
    }
  });
});

describe('a pool', () => {
  it('connects to those that are wanted, each once', () => {
    const under = new PoolUnderTest();
    under.wants('a', 'b', 'a');
    under.wants('a', 'b');
    assert.deepEqual(
      ['dashd', 'a', 'b'].map((host) => under.net.dials(host)),
      [1, 1, 1],
    );
  });

  it('hangs up on those that no longer are, tells that they are lost, and leaves the others alone', () => {
    const under = new PoolUnderTest();
    under.has('a', 'b');
    under.told();
    under.wants('b', 'c');
    assert.deepEqual(under.told(), ['a lost: rotated out']);
    assert.equal(under.net.to('a').destroyed, true);
    assert.equal(under.net.to('b').destroyed, false);
    assert.deepEqual(under.live, ['dashd:1', 'b:1']);
    assert.equal(under.net.dials('c'), 1);
  });

  it('does not come back to one that is not wanted, and does when it is wanted anew', async () => {
    const under = new PoolUnderTest();
    under.has('a');
    under.wants();
    await under.time.pass(3_600_000);
    assert.equal(under.net.dials('a'), 1);
    under.wants('a');
    assert.equal(under.net.dials('a'), 2);
  });

  it('drops a peer on demand, which fails what was on its way to it and does not come back by itself', async () => {
    const under = new PoolUnderTest();
    under.has('a', 'b');
    under.push(pushable(1));
    under.told();
    assert.equal(under.pool.drop('a:1'), true);
    assert.deepEqual(under.told(), ['a failed', 'a lost: rotated out']);
    assert.deepEqual(under.live, ['dashd:1', 'b:1']);
    // Shorter than an acknowledgement may take, longer than any pause after one failure.
    await under.time.pass(20_000);
    assert.equal(under.net.dials('a'), 1);
    under.pool.drop('a:1');
    under.wants('b');
    under.wants('a', 'b');
    assert.equal(under.net.dials('a'), 2);
  });

  it('drops nobody that it is not connected to, once or ever', () => {
    const under = new PoolUnderTest();
    under.has('a');
    assert.deepEqual(
      ['z:1', '', 'A:1', 'dashd:1'].map((peer) => under.pool.drop(peer)),
      [false, false, false, false],
    );
    assert.deepEqual([under.pool.drop('a:1'), under.pool.drop('a:1')], [true, false]);
    under.has('b');
    under.net.to('b').close();
    assert.equal(under.pool.drop('b:1'), false);
    under.result.stop();
    assert.equal(under.pool.drop('a:1'), false);
  });

  it('has free seats by the time that it tells of a loss', () => {
    const under = new PoolUnderTest();
    const seats: string[][] = [];
    under.pool.events$.subscribe(({ event }) => {
      if (event.type === 'lost') seats.push([...under.pool.seats.keys()]);
    });
    under.has('a', 'b');
    assert.deepEqual([...under.pool.seats.keys()], ['dashd:1', 'a:1', 'b:1']);
    under.net.to('a').close();
    under.net.to('dashd').close();
    assert.deepEqual(seats, [['dashd:1', 'b:1'], ['b:1']]);
  });

  it('knows who is live by the time that it tells', () => {
    const under = new PoolUnderTest();
    const seen: [string, boolean][] = [];
    under.pool.events$.subscribe(({ target: { peer }, event }) => {
      if (event.type === 'ready' || event.type === 'lost') seen.push([event.type, under.pool.live.has(peer)]);
    });
    under.has('a');
    under.net.to('a').close();
    assert.deepEqual(seen, [
      ['ready', true],
      ['ready', true],
      ['lost', false],
    ]);
    assert.deepEqual(under.live, ['dashd:1']);
  });

  it('remembers of a live peer what it said of itself, and since when', async () => {
    const under = new PoolUnderTest();
    await under.time.pass(40);
    under.net.to('dashd').shakeHands(777);
    const live = under.pool.live.get('dashd:1');
    assert.deepEqual([live?.remote.height, live?.since], [777, momentOf(under.time.clock)]);
  });

  it('has its sessions look at the clock', async () => {
    const under = new PoolUnderTest();
    under.net.to('dashd').open();
    await under.time.pass(9_000);
    assert.deepEqual(under.told(), []);
    await under.time.pass(1_000);
    assert.deepEqual(under.told(), ['dashd lost: handshake timeout']);
  });

  it('is one pool, however many listen', () => {
    const under = new PoolUnderTest();
    gather(under.pool.events$);
    under.wants('a');
    assert.deepEqual([under.net.dials('dashd'), under.net.dials('a')], [1, 1]);
  });

  it('goes on when no more targets come', () => {
    const under = new PoolUnderTest();
    under.wants('a');
    under.targets$.complete();
    under.net.to('a').shakeHands();
    assert.deepEqual(under.live, ['a:1']);
    assert.equal(under.result.completed, false);
  });

  it('dials eight at a time, the own dashd not counted, and the others as they get through or fail', async () => {
    const under = new PoolUnderTest();
    const hosts = Array.from({ length: 20 }, (_, i) => `h${i}`);
    const dialled = () => under.net.sockets.length - under.net.dials('dashd');
    under.wants(...hosts);
    assert.deepEqual([dialled(), under.net.dials('dashd'), under.pool.seats.size], [8, 1, 9]);
    under.net.to('h0').open();
    assert.equal(dialled(), 8, 'a connection is not yet a handshake');
    under.net.to('h0').says(theirVersion, { command: 'verack' });
    assert.equal(under.net.dials('h8'), 1);
    under.net.to('h1').close('unreachable');
    under.net.to('dashd').close('unreachable');
    assert.deepEqual([dialled(), under.net.dials('h9')], [10, 1]);
    // Peers that accept and are silent hold their places no longer than a handshake may take.
    for (const { host } of under.net.sockets) if (host !== 'h0') under.net.to(host).open();
    await under.time.pass(10_000);
    assert.equal(under.net.dials('h17'), 1);
    assert.equal(under.net.dials('h18'), 0);
    await under.time.pass(1_000);
    for (let i = 10; i < 18; i += 1) under.net.to(`h${i}`).close();
    assert.equal(dialled(), 20);
    assert.equal(new Set(under.net.sockets.map(({ host }) => host)).size, 21);
  });

  it('does not dial one whose turn had not come when it was no longer wanted, or dropped', () => {
    const under = new PoolUnderTest();
    const hosts = Array.from({ length: 12 }, (_, i) => `h${i}`);
    under.wants(...hosts);
    assert.equal(under.pool.drop('h8:1'), true);
    assert.equal(under.pool.drop('h8:1'), false);
    under.wants(...hosts.filter((host) => host !== 'h8' && host !== 'h9'));
    for (let i = 0; i < 8; i += 1) under.net.to(`h${i}`).shakeHands();
    assert.deepEqual(
      ['h8', 'h9', 'h10', 'h11'].map((host) => under.net.dials(host)),
      [0, 0, 1, 1],
    );
    assert.deepEqual(
      under.told().filter((line) => line.includes('lost')),
      [],
      'what was never begun is not lost',
    );
  });

  it('carries out one list after another, should one come because of what the other brought about', () => {
    const under = new PoolUnderTest();
    under.has('a', 'b', 'c');
    let lists = 0;
    under.pool.events$.subscribe(({ event }) => {
      if (event.type !== 'lost' || lists > 0) return;
      lists += 1;
      under.wants('e');
    });
    // `a` is lost on account of this list; the list that follows is the one that counts.
    under.wants('b', 'd');
    assert.deepEqual([...under.pool.seats.keys()], ['dashd:1', 'e:1']);
    assert.deepEqual(under.told().slice(4), [
      'a lost: rotated out',
      'c lost: rotated out',
      'b lost: rotated out',
      'd lost: rotated out',
    ]);
  });

  it('comes back to a peer that one list leaves out and the next, made because of that, names again', () => {
    const under = new PoolUnderTest();
    under.has('a');
    under.pool.events$.subscribe(({ event }) => {
      if (event.type === 'lost' && under.net.dials('a') === 1) under.wants('a');
    });
    under.wants();
    assert.equal(under.net.dials('a'), 2);
    assert.deepEqual([...under.pool.seats.keys()], ['dashd:1', 'a:1']);
  });

  it('does not spin when each loss is answered with the same list', () => {
    const under = new PoolUnderTest();
    under.pool.events$.subscribe(({ event }) => {
      if (event.type === 'lost') under.wants('a', 'b');
    });
    under.has('a', 'b');
    under.net.to('a').close();
    assert.deepEqual([under.net.dials('a'), under.net.dials('b')], [1, 1]);
    under.wants('a', 'b');
    assert.deepEqual([under.net.dials('a'), under.net.dials('b')], [2, 1]);
  });

  it('keeps its word to one that is dropped while a list is carried out', () => {
    const under = new PoolUnderTest();
    under.has('a', 'b');
    const dropped: boolean[] = [];
    under.pool.events$.subscribe(({ target: { host }, event }) => {
      if (host === 'a' && event.type === 'lost') dropped.push(under.pool.drop('b:1'), under.pool.drop('c:1'));
    });
    under.wants('b', 'c', 'd');
    assert.deepEqual(dropped, [true, true]);
    assert.deepEqual([...under.pool.seats.keys()], ['dashd:1', 'd:1']);
    assert.deepEqual([under.net.dials('b'), under.net.dials('c')], [1, 0]);
    under.wants('b', 'c', 'd');
    assert.deepEqual([under.net.dials('b'), under.net.dials('c')], [2, 1]);
  });

  it('begins anew when somebody listens again, even if they stopped in the middle of a list', () => {
    const under = new PoolUnderTest();
    under.result.stop();
    const listening = under.pool.events$.subscribe(({ event }) => {
      if (event.type === 'lost') listening.unsubscribe();
    });
    under.wants('a');
    under.wants('b');
    assert.deepEqual([under.net.dials('b'), under.pool.seats.size], [0, 0]);
    gather(under.pool.events$);
    assert.deepEqual([...under.pool.seats.keys()], ['dashd:1', 'b:1']);
  });

  it('may be without a dashd', () => {
    const time = new Time();
    const net = new FakeNet();
    const pool = createPool({
      context: context(),
      dial: net.dial,
      clock: time.clock,
      scheduler: time.scheduler,
      protectedPeer: undefined,
      targets$: of([target('a')]),
    });
    gather(pool.events$);
    assert.equal(net.sockets.length, 1);
  });

  it('hangs up on all, and leaves no timer behind, when nobody listens any more', async () => {
    const under = new PoolUnderTest();
    under.has('a', 'b');
    under.net.to('a').close();
    under.net.to('dashd').close();
    await under.time.pass(100);
    under.result.stop();
    assert.deepEqual(
      under.net.sockets.map(({ destroyed }) => destroyed),
      under.net.sockets.map(() => true),
    );
    assert.deepEqual(under.live, []);
    assert.equal(under.time.pending, 0);
    const dials = under.net.sockets.length;
    await under.time.pass(3_600_000);
    assert.equal(under.net.sockets.length, dials);
  });
});
