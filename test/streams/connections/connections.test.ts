import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { of } from 'rxjs';
import { createConnections } from '../../../src/streams/connections/connections.js';
import { momentOf } from '../../../src/time.js';
import { context, counting, theirVersion } from '../../session/support.js';
import { gather } from '../../support/gather.js';
import { Time } from '../../support/virtual-time.js';
import { FakeNet } from './fake-net.js';
import { ConnectionsUnderTest, pushable, target } from './support.js';

describe("the pool's own dashd", () => {
  it('is connected to without being asked for', () => {
    const under = new ConnectionsUnderTest();
    assert.equal(under.net.dials('dashd'), 1);
    under.net.to('dashd').shakeHands();
    assert.deepEqual(under.reported(), ['dashd ready']);
    assert.equal(under.connections.live.get('dashd:1')?.target.protected, true);
  });

  it('is never dropped: not on demand, not by a list that names it, nor by one that does not', () => {
    const under = new ConnectionsUnderTest();
    under.has();
    assert.equal(under.connections.drop('dashd:1'), false);
    under.targets$.next([{ ...target('dashd'), protected: false }, target('a')]);
    under.wants('a');
    under.wants();
    assert.equal(under.net.dials('dashd'), 1);
    assert.equal(under.net.to('dashd').destroyed, false);
    assert.deepEqual(under.live, ['dashd:1']);
    assert.equal(under.connections.live.get('dashd:1')?.target.protected, true);
  });

  it('is dialled for ever, ever more slowly, up to a bound', async () => {
    const under = new ConnectionsUnderTest();
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
    const under = new ConnectionsUnderTest();
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
      const under = new ConnectionsUnderTest({ ...counting(), float: () => float });
      under.net.to('dashd').close('unreachable');
      await under.time.pass(pause - 1);
      assert.equal(under.net.dials('dashd'), 1);
      await under.time.pass(1);
      assert.equal(under.net.dials('dashd'), 2);
    }
  });
});

describe('connections', () => {
  it('are made to each wanted peer, once', () => {
    const under = new ConnectionsUnderTest();
    under.wants('a', 'b', 'a');
    under.wants('a', 'b');
    assert.deepEqual(
      ['dashd', 'a', 'b'].map((host) => under.net.dials(host)),
      [1, 1, 1],
    );
  });

  it('to peers no longer wanted are closed and emitted as lost; the others stay', () => {
    const under = new ConnectionsUnderTest();
    under.has('a', 'b');
    under.reported();
    under.wants('b', 'c');
    assert.deepEqual(under.reported(), ['a lost: rotated-out']);
    assert.equal(under.net.to('a').destroyed, true);
    assert.equal(under.net.to('b').destroyed, false);
    assert.deepEqual(under.live, ['dashd:1', 'b:1']);
    assert.equal(under.net.dials('c'), 1);
  });

  it('are not made again to a peer that is not wanted, and are when it is wanted again', async () => {
    const under = new ConnectionsUnderTest();
    under.has('a');
    under.wants();
    await under.time.pass(3_600_000);
    assert.equal(under.net.dials('a'), 1);
    under.wants('a');
    assert.equal(under.net.dials('a'), 2);
  });

  it('are dropped on demand: blocks under way to the peer fail, and it is not dialled again by itself', async () => {
    const under = new ConnectionsUnderTest();
    under.has('a', 'b');
    under.push(pushable(1));
    under.reported();
    assert.equal(under.connections.drop('a:1'), true);
    assert.deepEqual(under.reported(), ['a failed', 'a lost: rotated-out']);
    assert.deepEqual(under.live, ['dashd:1', 'b:1']);
    // Shorter than an acknowledgement may take, longer than any pause after one failure.
    await under.time.pass(20_000);
    assert.equal(under.net.dials('a'), 1);
    under.connections.drop('a:1');
    under.wants('b');
    under.wants('a', 'b');
    assert.equal(under.net.dials('a'), 2);
  });

  it('that do not exist are not dropped', () => {
    const under = new ConnectionsUnderTest();
    under.has('a');
    assert.deepEqual(
      ['z:1', '', 'A:1', 'dashd:1'].map((peer) => under.connections.drop(peer)),
      [false, false, false, false],
    );
    assert.deepEqual([under.connections.drop('a:1'), under.connections.drop('a:1')], [true, false]);
    under.has('b');
    under.net.to('b').close();
    assert.equal(under.connections.drop('b:1'), false);
    under.result.stop();
    assert.equal(under.connections.drop('a:1'), false);
  });

  it('have a free slot by the time that a loss is emitted', () => {
    const under = new ConnectionsUnderTest();
    const slots: string[][] = [];
    under.connections.events$.subscribe(({ event }) => {
      if (event.type === 'lost') slots.push([...under.connections.slots.keys()]);
    });
    under.has('a', 'b');
    assert.deepEqual([...under.connections.slots.keys()], ['dashd:1', 'a:1', 'b:1']);
    under.net.to('a').close();
    under.net.to('dashd').close();
    assert.deepEqual(slots, [['dashd:1', 'b:1'], ['b:1']]);
  });

  it('are live, or no longer live, by the time that it is emitted', () => {
    const under = new ConnectionsUnderTest();
    const seen: [string, boolean][] = [];
    under.connections.events$.subscribe(({ target: { peer }, event }) => {
      if (event.type === 'ready' || event.type === 'lost') seen.push([event.type, under.connections.live.has(peer)]);
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

  it('hold what a connected peer sent about itself, and since when it is connected', async () => {
    const under = new ConnectionsUnderTest();
    await under.time.pass(40);
    under.net.to('dashd').shakeHands(777);
    const live = under.connections.live.get('dashd:1');
    assert.deepEqual([live?.remote.height, live?.since], [777, momentOf(under.time.clock)]);
  });

  it('let their sessions look at the clock', async () => {
    const under = new ConnectionsUnderTest();
    under.net.to('dashd').open();
    await under.time.pass(9_000);
    assert.deepEqual(under.reported(), []);
    await under.time.pass(1_000);
    assert.deepEqual(under.reported(), ['dashd lost: handshake-timeout']);
  });

  it('are shared by all subscribers', () => {
    const under = new ConnectionsUnderTest();
    gather(under.connections.events$);
    under.wants('a');
    assert.deepEqual([under.net.dials('dashd'), under.net.dials('a')], [1, 1]);
  });

  it('go on when no more targets come', () => {
    const under = new ConnectionsUnderTest();
    under.wants('a');
    under.targets$.complete();
    under.net.to('a').shakeHands();
    assert.deepEqual(under.live, ['a:1']);
    assert.equal(under.result.completed, false);
  });

  it('are dialled eight at a time, the own dashd not counted; the others follow as dials succeed or fail', async () => {
    const under = new ConnectionsUnderTest();
    const hosts = Array.from({ length: 20 }, (_, i) => `h${i}`);
    const dialled = () => under.net.sockets.length - under.net.dials('dashd');
    under.wants(...hosts);
    assert.deepEqual([dialled(), under.net.dials('dashd'), under.connections.slots.size], [8, 1, 9]);
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

  it('that still wait for their dial are not made once they are dropped or no longer wanted', () => {
    const under = new ConnectionsUnderTest();
    const hosts = Array.from({ length: 12 }, (_, i) => `h${i}`);
    under.wants(...hosts);
    assert.equal(under.connections.drop('h8:1'), true);
    assert.equal(under.connections.drop('h8:1'), false);
    under.wants(...hosts.filter((host) => host !== 'h8' && host !== 'h9'));
    for (let i = 0; i < 8; i += 1) under.net.to(`h${i}`).shakeHands();
    assert.deepEqual(
      ['h8', 'h9', 'h10', 'h11'].map((host) => under.net.dials(host)),
      [0, 0, 1, 1],
    );
    assert.deepEqual(
      under.reported().filter((line) => line.includes('lost')),
      [],
      'what was never begun is not lost',
    );
  });

  it('follow one list of targets after another, also when carrying out one brings the next', () => {
    const under = new ConnectionsUnderTest();
    under.has('a', 'b', 'c');
    let lists = 0;
    under.connections.events$.subscribe(({ event }) => {
      if (event.type !== 'lost' || lists > 0) return;
      lists += 1;
      under.wants('e');
    });
    // `a` is lost on account of this list; the list that follows is the one that counts.
    under.wants('b', 'd');
    assert.deepEqual([...under.connections.slots.keys()], ['dashd:1', 'e:1']);
    assert.deepEqual(under.reported().slice(4), [
      'a lost: rotated-out',
      'c lost: rotated-out',
      'b lost: rotated-out',
      'd lost: rotated-out',
    ]);
  });

  it('are made again to a peer that one list leaves out and the next, made because of that, names again', () => {
    const under = new ConnectionsUnderTest();
    under.has('a');
    under.connections.events$.subscribe(({ event }) => {
      if (event.type === 'lost' && under.net.dials('a') === 1) under.wants('a');
    });
    under.wants();
    assert.equal(under.net.dials('a'), 2);
    assert.deepEqual([...under.connections.slots.keys()], ['dashd:1', 'a:1']);
  });

  it('do not loop when each loss is answered with the same list', () => {
    const under = new ConnectionsUnderTest();
    under.connections.events$.subscribe(({ event }) => {
      if (event.type === 'lost') under.wants('a', 'b');
    });
    under.has('a', 'b');
    under.net.to('a').close();
    assert.deepEqual([under.net.dials('a'), under.net.dials('b')], [1, 1]);
    under.wants('a', 'b');
    assert.deepEqual([under.net.dials('a'), under.net.dials('b')], [2, 1]);
  });

  it('stay closed when they are dropped while a list is carried out', () => {
    const under = new ConnectionsUnderTest();
    under.has('a', 'b');
    const dropped: boolean[] = [];
    under.connections.events$.subscribe(({ target: { host }, event }) => {
      if (host === 'a' && event.type === 'lost')
        dropped.push(under.connections.drop('b:1'), under.connections.drop('c:1'));
    });
    under.wants('b', 'c', 'd');
    assert.deepEqual(dropped, [true, true]);
    assert.deepEqual([...under.connections.slots.keys()], ['dashd:1', 'd:1']);
    assert.deepEqual([under.net.dials('b'), under.net.dials('c')], [1, 0]);
    under.wants('b', 'c', 'd');
    assert.deepEqual([under.net.dials('b'), under.net.dials('c')], [2, 1]);
  });

  it('start anew on a new subscription, also after one that ended in the middle of a list', () => {
    const under = new ConnectionsUnderTest();
    under.result.stop();
    const listening = under.connections.events$.subscribe(({ event }) => {
      if (event.type === 'lost') listening.unsubscribe();
    });
    under.wants('a');
    under.wants('b');
    assert.deepEqual([under.net.dials('b'), under.connections.slots.size], [0, 0]);
    gather(under.connections.events$);
    assert.deepEqual([...under.connections.slots.keys()], ['dashd:1', 'b:1']);
  });

  it('work without a dashd', () => {
    const time = new Time();
    const net = new FakeNet();
    const connections = createConnections({
      context: context(),
      dial: net.dial,
      clock: time.clock,
      scheduler: time.scheduler,
      nextTurn: setImmediate,
      protectedPeer: undefined,
      targets$: of([target('a')]),
    });
    gather(connections.events$);
    assert.equal(net.sockets.length, 1);
  });

  it('are all closed, and leave no timer, when nobody is subscribed', async () => {
    const under = new ConnectionsUnderTest();
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

describe('connections to members of quorums', () => {
  it('are beside the others: neither list gives up what the other wants', () => {
    const under = new ConnectionsUnderTest();
    under.has('a');
    under.wantsMembers('m');
    under.net.to('m').shakeHands();
    assert.equal(under.connections.live.get('m:1')?.target.quorum, true);
    under.wants('b');
    assert.deepEqual([under.net.to('a').destroyed, under.net.to('m').destroyed], [true, false]);
    under.wantsMembers();
    assert.deepEqual([under.net.dials('b'), under.net.to('m').destroyed], [1, true]);
  });

  it('are made once to a peer on both lists, for the list that named it first', () => {
    const under = new ConnectionsUnderTest();
    under.has('a');
    under.wantsMembers('a', 'm');
    under.wants('a', 'm');
    assert.deepEqual([under.net.dials('a'), under.net.dials('m')], [1, 1]);
    under.wantsMembers();
    assert.deepEqual([under.net.to('a').destroyed, under.net.to('m').destroyed], [false, true]);
    // The next list names it, and nobody else has it now.
    under.wants('a', 'm');
    assert.equal(under.net.dials('m'), 2);
    assert.equal(under.connections.slots.get('m:1')?.target.quorum, undefined);
  });

  it('wait for one another only: dials to members that do not answer delay no other peer', () => {
    const under = new ConnectionsUnderTest();
    under.wantsMembers(...Array.from({ length: 20 }, (_, n) => `m${n}`));
    assert.equal(under.net.sockets.length, 1 + 8);
    under.wants('a');
    assert.equal(under.net.dials('a'), 1);
  });

  it('ask for no addresses: the other peers tell enough', () => {
    const under = new ConnectionsUnderTest();
    under.wants('a');
    under.wantsMembers('m');
    const commands = (host: string) => {
      under.net.to(host).shakeHands();
      return under.net.to(host).heard.map(({ command }) => command);
    };
    assert.ok(commands('a').includes('getaddr'));
    assert.ok(!commands('m').includes('getaddr'));
  });

  it('show which masternode a peer says it is', () => {
    const under = new ConnectionsUnderTest();
    under.wantsMembers('m');
    const masternode = 'ab'.repeat(32);
    under.net
      .to('m')
      .shakeHands()
      .says({ command: 'mnauth', masternode, signature: Buffer.alloc(96) });
    assert.equal(under.connections.live.get('m:1')?.masternode, masternode);
  });
});
