import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RpcAnswer } from '../../../src/contracts/rpc.js';
import { answer, inTurn, rpcError } from '../dashd/fake-rpc.js';
import { Asked, HOUR, MINUTE, masternode, WARMING } from './sources-support.js';

describe('masternodes', () => {
  const asking = (...replies: readonly RpcAnswer[]) => {
    const under = new Asked();
    under.rpc.replies.set('masternodelist', inTurn(...replies));
    return under;
  };

  it('are heard when they are enabled', async () => {
    const under = asking(
      answer({
        'a-0': masternode('5.6.7.8:9999'),
        'b-0': masternode('5.6.7.9:9999', 'POSE_BANNED'),
        'c-0': masternode('5.6.7.10:9999', 'enabled'),
        'd-1': masternode('[2001:db8::2]:9999'),
        // One that is registered and has no address yet.
        'e-1': masternode('[::]:0'),
      }),
    );
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('masternode'), ['5.6.7.8:9999', '[2001:db8::2]:9999']);
    assert.deepEqual(under.rpc.calls.find(({ method }) => method === 'masternodelist')?.params, ['json']);
    assert.equal(under.rpc.times('protx').length, 0);
  });

  it('of Dash Core 24 have their address in addresses.core_p2p alone, a list or a text, the first that can be read', async () => {
    const under = new Asked();
    const { address: _gone, ...v24 } = masternode('5.6.7.1:9999');
    const extended = { core_p2p: [7, '?', '[2001:db8::1]:9999', '5.6.7.2:9999'], platform_p2p: ['5.6.7.2:26656'] };
    under.rpc.replies.set(
      'masternodelist',
      answer({
        a: v24,
        b: { ...v24, addresses: extended },
        c: { ...v24, addresses: { core_p2p: '5.6.7.3:9999' } },
        d: { ...masternode('5.6.7.4:9999'), addresses: {} },
        e: { ...masternode('5.6.7.5:9999'), status: undefined },
        f: { ...v24, status: 'POSE_BANNED' },
      }),
    );
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('masternode'), [
      '5.6.7.1:9999',
      '[2001:db8::1]:9999',
      '5.6.7.3:9999',
      '5.6.7.4:9999',
      '5.6.7.5:9999',
    ]);
    assert.deepEqual(under.faults, []);
  });

  it('of `protx list` likewise', async () => {
    const under = new Asked();
    under.rpc.replies.set('masternodelist', answer({ a: { status: 'ENABLED', elsewhere: '5.6.7.8:9999' } }));
    under.rpc.replies.set(
      'protx',
      answer([{ state: { addresses: { core_p2p: ['5.6.7.8:9999'] } } }, { state: { service: '5.6.7.9:9999' } }]),
    );
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('masternode'), ['5.6.7.8:9999', '5.6.7.9:9999']);
  });

  it('are complained about once when there are some and none has an address', async () => {
    const under = new Asked();
    under.rpc.replies.set('masternodelist', answer({ a: { status: 'ENABLED' }, b: { status: 'ENABLED' } }));
    under.rpc.replies.set('protx', answer([{ state: {} }, { state: { addresses: { core_p2p: [] } } }]));
    under.begin();
    await under.time.pass(60_000);
    assert.deepEqual(under.faults, [
      'fault: no-address: dashd has 2 masternodes, none of them with an address that can be read (addresses.core_p2p, address, service)',
    ]);
  });

  it('cost each other nothing when one cannot be read', async () => {
    const under = asking(
      answer({
        a: masternode('5.6.7.8:9999'),
        b: null,
        c: { status: 'ENABLED' },
        d: masternode('nowhere'),
        e: 'ENABLED',
      }),
    );
    under.begin();
    await under.time.pass(0);
    assert.deepEqual(under.heard('masternode'), ['5.6.7.8:9999']);
    assert.deepEqual([under.faults, under.rpc.times('protx')], [[], []]);
  });

  it('are asked for as `protx list` where the other answer is not understood', async () => {
    for (const reply of [
      answer({ a: 'ENABLED 5.6.7.8:9999' }),
      answer([]),
      answer(null),
      answer('x'),
      rpcError(-32601, 'Method not found'),
    ]) {
      const under = asking(reply);
      under.rpc.replies.set(
        'protx',
        answer([
          { type: 'Regular', state: { service: '5.6.7.8:9999' } },
          { state: {} },
          7,
          { state: { service: '[::]:0' } },
          { state: { service: '[2001:db8::3]:9999' } },
        ]),
      );
      under.begin();
      await under.time.pass(0);
      assert.deepEqual(under.heard('masternode'), ['5.6.7.8:9999', '[2001:db8::3]:9999']);
      assert.deepEqual(under.rpc.calls.find(({ method }) => method === 'protx')?.params, ['list', 'valid', true]);
    }
  });

  it('are complained about once when neither is understood, not when dashd does not answer', async () => {
    const under = asking(answer(null));
    under.rpc.replies.set('protx', answer({}));
    under.begin();
    await under.time.pass(MINUTE);
    assert.deepEqual(under.faults, [
      'fault: not-understood: the answer to protx list is not what dashd 23 or 24 answers',
    ]);
    const silent = asking(WARMING).begin();
    await silent.time.pass(MINUTE);
    assert.deepEqual(silent.news, []);
    assert.deepEqual(silent.rpc.times('masternodelist').length, 7);
  });

  it('are asked for every hour once there are some', async () => {
    const under = asking(
      answer({}),
      answer({ a: masternode('5.6.7.8:9999', 'POSE_BANNED') }),
      answer({ a: masternode('5.6.7.8:9999') }),
    );
    under.begin();
    await under.time.pass(2 * HOUR + MINUTE);
    assert.deepEqual(
      under.rpc.times('masternodelist').map((at) => at / 1_000),
      [0, 10, 20, 3_620, 7_220],
    );
  });
});
