import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bootstrap } from '../../src/streams/bootstrap.js';
import type { RpcAnswer } from '../../src/streams/ports.js';
import { answer, FakeRpc, gather, inTurn, START, Time, UNREACHABLE } from './support.js';

function asking(...replies: readonly RpcAnswer[]) {
  const time = new Time();
  const rpc = new FakeRpc(() => time.now);
  rpc.replies.set('getpeerinfo', inTurn(...replies));
  return { time, rpc, result: gather(bootstrap(rpc, time.clock, time.scheduler)) };
}

const outbound = (addr: unknown) => ({ addr, inbound: false, id: 3 });

describe('bootstrap', () => {
  it('takes the peers that dashd dialled, and is done', async () => {
    const { time, rpc, result } = asking(
      answer([
        outbound('10.0.0.1:9999'),
        { addr: '10.0.0.2:51234', inbound: true },
        outbound('[2001:db8::5]:19999'),
        outbound('[::ffff:10.0.0.3]:1'),
      ]),
    );
    await time.pass(60_000);
    assert.deepEqual(result.values, [
      {
        type: 'peers',
        addresses: [
          { host: '10.0.0.1', port: 9999 },
          { host: '2001:db8::5', port: 19999 },
          { host: '::ffff:10.0.0.3', port: 1 },
        ],
      },
    ]);
    assert.equal(result.completed, true);
    assert.deepEqual(rpc.times('getpeerinfo'), [0]);
    assert.equal(time.pending, 0);
  });

  it('leaves out what it cannot dial, and what is no peer', async () => {
    const hopeless = [
      'node.onion:9999',
      '10.0.0.1',
      '10.0.0.1:0',
      '10.0.0.1:65536',
      '10.0.0.1:123456',
      ':9999',
      '',
      7,
      null,
    ];
    const { time, result } = asking(
      answer([...hopeless.map(outbound), null, 'text', { addr: '10.0.0.9:9999' }, outbound('10.0.0.1:65535')]),
    );
    await time.pass(0);
    assert.deepEqual(result.values, [{ type: 'peers', addresses: [{ host: '10.0.0.1', port: 65_535 }] }]);
  });

  it('asks a dashd that does not answer every 10 seconds, and says nothing of it', async () => {
    const { time, rpc, result } = asking(UNREACHABLE, UNREACHABLE, answer([outbound('10.0.0.1:9999')]));
    await time.pass(60_000);
    assert.deepEqual(rpc.times('getpeerinfo'), [0, 10_000, 20_000]);
    assert.deepEqual(
      result.values.map(({ type }) => type),
      ['peers'],
    );
  });

  it('goes on while dashd has no peers that could be dialled', async () => {
    const { time, rpc, result } = asking(
      answer([]),
      answer([{ addr: '10.0.0.2:51234', inbound: true }]),
      answer([outbound('10.0.0.1:9999')]),
    );
    await time.pass(60_000);
    assert.equal(rpc.calls.length, 3);
    assert.equal(result.values.length, 1);
    assert.equal(result.completed, true);
  });

  it('reports an answer that is no list, and goes on', async () => {
    const { time, result } = asking(answer({ peers: [] }), answer([outbound('10.0.0.1:9999')]));
    await time.pass(60_000);
    assert.deepEqual(result.values[0], {
      type: 'service',
      at: START,
      service: 'dashd rpc',
      state: 'fault',
      code: 'not understood',
      detail: 'getpeerinfo did not answer with a list of peers',
    });
    assert.equal(result.values[1]?.type, 'peers');
  });

  it('leaves no timer behind when it is given up', async () => {
    const { time, result } = asking(UNREACHABLE);
    await time.pass(15_000);
    assert.equal(time.pending, 1);
    result.stop();
    assert.equal(time.pending, 0);
  });
});
