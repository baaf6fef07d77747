import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DashdControl } from '../../../src/simulation/faults/dashd-control.js';
import type { VirtualDashd } from '../../../src/simulation/live/virtual-dashd.js';

function open() {
  const calls: string[] = [];
  const dashd = {
    isRunning: true,
    rpcFaults: {},
    zmqFaults: {},
    node: { behaviour: {} },
    async start() {
      calls.push('start');
      this.isRunning = true;
    },
    async stop() {
      calls.push('stop');
      this.isRunning = false;
    },
    async kill() {
      calls.push('kill');
      this.isRunning = false;
    },
  };
  const control = new DashdControl(dashd as unknown as VirtualDashd, assert.ifError);
  return { dashd, calls, control, settle: () => new Promise(setImmediate) };
}

describe("The pool's own dashd under control of a run", () => {
  it('has the faults of all that befall it, until each ends', () => {
    const { dashd, control } = open();
    const healOne = control.faultyRpc({ hangs: true });
    const healOther = control.faultyRpc({ warmingUp: 'Loading' });
    assert.deepEqual(dashd.rpcFaults, { hangs: true, warmingUp: 'Loading' });
    healOne();
    assert.deepEqual(dashd.rpcFaults, { warmingUp: 'Loading' });
    healOther();
    assert.deepEqual(dashd.rpcFaults, {});
  });

  it('is down until nothing wants it down any more', async () => {
    const { calls, control, settle } = open();
    const healOne = control.end('stop');
    const healOther = control.end('kill');
    healOne();
    await settle();
    assert.deepEqual(calls, ['stop']);
    healOther();
    await settle();
    assert.deepEqual(calls, ['stop', 'start']);
  });

  it('that rejected blocks is restarted, so that it asks for what it lacks', async () => {
    const { dashd, calls, control, settle } = open();
    const heal = control.rejecting('bad-cb');
    assert.deepEqual(dashd.node.behaviour, { stuck: true });
    heal();
    await settle();
    assert.deepEqual([dashd.node.behaviour, dashd.rpcFaults, calls], [{}, {}, ['stop', 'start']]);
  });
});
