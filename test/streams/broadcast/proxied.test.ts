import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import type { RpcAnswer } from '../../../src/contracts/rpc.js';
import { type Arrival, Gatekeeper } from '../../../src/streams/broadcast/gatekeeper.js';
import { type ProxiedBlock, proxied } from '../../../src/streams/broadcast/proxied.js';
import { ChainTip } from '../../../src/streams/broadcast/tip.js';
import { NETWORKS } from '../../../src/wire/network.js';
import { buildBlock, grind, mineBlock } from '../../block/support.js';
import { clockAt } from '../../support/clock.js';

/** A gate before a broadcast to so many peers, and all that happened, in order. */
function relay(peers = 3) {
  const log: string[] = [];
  const gate = new Gatekeeper(NETWORKS.regtest, new ChainTip(), clockAt(0));
  const forward = (): Promise<RpcAnswer> => {
    log.push('forward');
    return Promise.resolve({ ok: true, result: null });
  };
  const broadcaster = {
    send({ source, doubts }: Arrival, ask?: () => Promise<RpcAnswer>): number {
      log.push(`send from ${source}`, ...doubts.map(({ code }) => code));
      void ask?.();
      return peers;
    },
  };
  const handle = (raw: Buffer, submitter: ProxiedBlock['submitter'] = 'known') =>
    proxied({ raw, submitter, forward }, { gate, broadcaster, emit: ({ type }) => log.push(type) });
  return { log, handle, submit: (raw: Buffer): string => handle(raw).outcome };
}

describe('a block that comes with a request of its own', () => {
  before(() => loadX11());

  it('is sent like any block of the pool, with the request in place of ours', () => {
    const { log, submit } = relay();
    assert.equal(submit(mineBlock()), 'the block was sent to 3 peers; dashd will be asked again');
    assert.deepEqual(log, ['send from pool', 'forward']);
  });

  it('informs its submitter when nobody was there to be sent it', () => {
    assert.match(relay(0).submit(mineBlock()), /^no peer is connected/);
    assert.match(relay(1).submit(mineBlock()), /^the block was sent to 1 peer;/);
  });

  it('waits for dashd when it is in doubt', () => {
    const { log, submit } = relay(0);
    assert.match(submit(mineBlock().subarray(0, -1)), /^the block waits for dashd before any peer is sent it: /);
    assert.deepEqual(log, ['send from pool', 'transactions', 'forward']);
  });

  it('waits for dashd when dashd had not accepted a request of its submitter before', () => {
    const { log, handle } = relay(0);
    assert.match(
      handle(mineBlock(), 'new').outcome,
      /^the block waits for dashd before any peer is sent it: dashd had not/,
    );
    assert.deepEqual(log, ['send from pool', 'submitter', 'forward']);
  });

  it('goes to dashd alone, before that is reported, when the gate knows it; nothing is reported about what is not a block', () => {
    const refusing = relay();
    const lazy = grind(buildBlock(), false);
    assert.match(refusing.submit(lazy), /^the block was sent to no peer: bad-proof-of-work: /);
    assert.match(refusing.submit(Buffer.from('xyz')), /^the block was sent to no peer: bad-hex: /);
    assert.match(refusing.submit(Buffer.alloc(0)), /^the block was sent to no peer: empty: /);
    assert.match(refusing.handle(Buffer.from('xyz')).refusal ?? '', /^bad-hex: /);
    assert.deepEqual(refusing.log, Array(4).fill('forward'));

    const { log, submit } = relay();
    const raw = mineBlock();
    submit(raw);
    assert.equal(submit(raw), 'the block was received before, and was sent then');
    assert.deepEqual(log.slice(2), ['forward', 'repeated']);
  });
});
