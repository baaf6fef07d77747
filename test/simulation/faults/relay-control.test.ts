import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RelayControl } from '../../../src/simulation/faults/relay-control.js';
import type { LiveRelay } from '../../../src/simulation/live/live-relay.js';

/** A relay that starts and stops when a test says so. */
class FakeRelay {
  state: LiveRelay['state'] = 'down';
  readonly calls: string[] = [];
  private finish: (() => void) | undefined;
  private break: ((error: Error) => void) | undefined;

  start(): Promise<void> {
    this.state = 'starting';
    return this.until('start', 'running');
  }

  stop(): Promise<void> {
    this.state = 'stopping';
    return this.until('stop', 'down');
  }

  kill(): void {
    this.calls.push('kill');
    this.state = 'down';
  }

  freeze(): void {
    this.calls.push('freeze');
  }

  thaw(): void {
    this.calls.push('thaw');
  }

  /** What is under way is over. */
  async done(): Promise<void> {
    this.finish?.();
    await new Promise(setImmediate);
  }

  async fails(): Promise<void> {
    this.break?.(new Error('not closed'));
    await new Promise(setImmediate);
  }

  private until(call: string, state: LiveRelay['state']): Promise<void> {
    this.calls.push(call);
    return new Promise((resolve, reject) => {
      this.break = reject;
      this.finish = () => {
        this.state = state;
        resolve();
      };
    });
  }
}

function open() {
  const relay = new FakeRelay();
  const seen: string[] = [];
  const control = new RelayControl({
    relay: relay as unknown as LiveRelay,
    see: (one) => seen.push(one.type === 'relay' ? one.state : one.type),
    fail: (error) => seen.push(String(error)),
    ended: () => seen.push('sockets closed'),
  });
  return { relay, seen, control };
}

describe('The relay under control of a run', () => {
  it('starts, and stops on request', async () => {
    const { relay, seen, control } = open();
    control.start();
    await relay.done();
    control.stop();
    assert.deepEqual(seen, ['started', 'stopping']);
    await relay.done();
    assert.deepEqual(seen.slice(2), ['sockets closed', 'stopped']);
  });

  it('that is still starting is asked to stop after that, and one that is still stopping is started after that', async () => {
    const { relay, control } = open();
    control.start();
    control.stop();
    assert.deepEqual(relay.calls, ['start']);
    await relay.done();
    control.start();
    assert.deepEqual(relay.calls, ['start', 'stop']);
    await relay.done();
    assert.deepEqual(relay.calls, ['start', 'stop', 'start']);
  });

  it('that is killed does nothing that was waiting', async () => {
    const { relay, seen, control } = open();
    control.start();
    control.stop();
    control.kill();
    assert.deepEqual(
      [relay.calls, seen],
      [
        ['start', 'kill'],
        ['sockets closed', 'killed'],
      ],
    );
  });

  it('is seen to stand still before it does, and to go on before it does', () => {
    const { relay, seen, control } = open();
    control.freeze();
    control.thaw();
    assert.deepEqual(
      [relay.calls, seen],
      [
        ['freeze', 'thaw'],
        ['frozen', 'thawed'],
      ],
    );
  });

  it('that cannot close something fails the run', async () => {
    const { relay, seen, control } = open();
    control.start();
    await relay.done();
    control.stop();
    await relay.fails();
    assert.equal(seen.at(-1), 'Error: not closed');
  });
});
