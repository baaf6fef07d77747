import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { config, Subject } from 'rxjs';
import { settled } from '../../support/virtual-time.js';
import { ConnectionsUnderTest, pushable } from './support.js';

describe('a push', () => {
  it('is with every live socket before any session makes something of it', () => {
    const under = new ConnectionsUnderTest();
    under.has('a', 'b');
    const heard = () =>
      ['dashd', 'a', 'b'].map((host) =>
        under.net
          .to(host)
          .heard.slice(-3)
          .map(({ command }) => command),
      );
    const settle = under.connections.push(pushable(1), 'all');
    for (const messages of heard()) assert.deepEqual(messages, ['block', 'getheaders', 'ping']);
    settle();
    for (const messages of heard()) assert.deepEqual(messages, ['block', 'getheaders', 'ping']);
  });

  it('is with every live socket before it returns, and with nobody else', () => {
    const under = new ConnectionsUnderTest();
    under.has('a', 'b');
    under.wants('a', 'b', 'c');
    under.net.to('c').open();
    under.push(pushable(1));
    const counts = ['dashd', 'a', 'b', 'c'].map((host) => under.net.to(host).blocks.length);
    assert.deepEqual(counts, [1, 1, 1, 0]);
  });

  it('is for those named alone, where some are', () => {
    const under = new ConnectionsUnderTest();
    under.has('a', 'b');
    under.push(pushable(1), new Set(['b:1', 'z:1']));
    under.push(pushable(2), new Set());
    assert.deepEqual(
      ['dashd', 'a', 'b'].map((host) => under.net.to(host).blocks.length),
      [0, 0, 1],
    );
  });

  it('spares the dashd of the pool where it is for the others', () => {
    const under = new ConnectionsUnderTest();
    under.has('a');
    under.push(pushable(1), 'others');
    assert.deepEqual(
      ['dashd', 'a'].map((host) => under.net.to(host).blocks.length),
      [0, 1],
    );
  });

  it('reaches the others when one of them is lost on account of it', () => {
    const under = new ConnectionsUnderTest();
    under.has('a', 'b', 'c');
    const a = under.net.to('a');
    a.write = () => a.close('connection-error');
    under.reported();
    under.push(pushable(1));
    assert.deepEqual(
      ['dashd', 'a', 'b', 'c'].map((host) => under.net.to(host).blocks.length),
      [1, 0, 1, 1],
    );
    assert.deepEqual(under.reported(), ['a lost: connection-error']);
  });

  it('reaches the others when the plan changes on account of it', () => {
    const under = new ConnectionsUnderTest();
    under.has('a', 'b', 'c');
    const a = under.net.to('a');
    a.write = () => a.close('connection-error');
    under.connections.events$.subscribe(({ event }) => {
      if (event.type === 'lost') under.wants('c', 'd');
    });
    under.push(pushable(1));
    assert.equal(under.net.to('c').blocks.length, 1);
    assert.equal(under.net.to('b').destroyed, true);
    assert.equal(under.net.dials('d'), 1);
  });

  it('reaches the others when the code for one of them throws, and that is not kept quiet', async () => {
    const under = new ConnectionsUnderTest();
    under.has('a', 'b');
    under.net.to('a').write = () => {
      throw new Error('a bug in an adapter');
    };
    const thrown: unknown[] = [];
    const { onUnhandledError } = config;
    const reported = new Subject<void>();
    const report = new Promise<void>((resolve) => reported.subscribe({ complete: resolve }));
    config.onUnhandledError = (error) => {
      thrown.push(error);
      reported.complete();
    };
    try {
      under.push(pushable(1));
      assert.deepEqual(
        ['dashd', 'b'].map((host) => under.net.to(host).blocks.length),
        [1, 1],
      );
      await report;
      await settled();
    } finally {
      config.onUnhandledError = onUnhandledError;
    }
    assert.deepEqual(
      thrown.map((error) => error instanceof Error && error.message),
      ['a bug in an adapter'],
    );
  });
});
