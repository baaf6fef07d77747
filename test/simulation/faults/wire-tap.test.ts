import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { hashHeader, loadX11 } from '../../../src/block/x11.js';
import { regtestGenesis } from '../../../src/simulated/genesis.js';
import { mineBlock } from '../../../src/simulated/miner.js';
import type { Seen } from '../../../src/simulation/faults/observation.js';
import { WireTap } from '../../../src/simulation/faults/wire-tap.js';
import type { Dial, PeerSocket, PeerSocketHandlers } from '../../../src/streams/ports.js';
import { encodeFrame, frameOf } from '../../../src/wire/frame.js';
import { INV } from '../../../src/wire/inventory.js';
import { NETWORKS } from '../../../src/wire/network.js';

const { magic } = NETWORKS.regtest;
const DASHD = { host: '10.0.0.1', port: 19899 };
const PEER = { host: '10.0.0.2', port: 19899 };

function open() {
  const seen: Seen[] = [];
  const written: Buffer[] = [];
  const peer: { handlers?: PeerSocketHandlers; destroyed: boolean } = { destroyed: false };
  const dial: Dial = (_address, _timeoutMs, handlers): PeerSocket => {
    peer.handlers = handlers;
    return {
      write: (buffers) => written.push(...buffers),
      destroy: () => {
        peer.destroyed = true;
      },
      pause: () => undefined,
      resume: () => undefined,
      backlog: 0,
      bytesIn: 0,
      bytesOut: 0,
    };
  };
  const tap = new WireTap({ magic, dashd: DASHD, see: (one) => seen.push(one) });
  const data: Buffer[] = [];
  const handlers = { connected: () => undefined, data: (chunk: Buffer) => data.push(chunk), closed: () => undefined };
  return { tap, seen, written, peer, data, handlers, dial: tap.wrap(dial) };
}

describe('What is seen of the sockets of a relay', () => {
  before(loadX11);
  const block = frameOf(magic, 'block', regtestGenesis());

  it("is each dial, and whether it is the pool's own dashd's", () => {
    const { dial, seen, handlers } = open();
    dial(DASHD, 5_000, handlers);
    dial(PEER, 5_000, handlers);
    assert.deepEqual(seen, [
      { type: 'dialled', connection: 1, peer: '10.0.0.1:19899', protected: true },
      { type: 'dialled', connection: 2, peer: '10.0.0.2:19899', protected: false },
    ]);
  });

  it('is each block that is written, by its hash, and no other message', () => {
    const { dial, seen, written, handlers } = open();
    const ping = encodeFrame(magic, { command: 'ping', nonce: 1n });
    dial(PEER, 5_000, handlers).write([block, ping]);
    const hash = hashHeader(regtestGenesis().subarray(0, 80));
    assert.deepEqual(seen.slice(1), [
      { type: 'pushed', connection: 1, peer: '10.0.0.2:19899', protected: false, hash, form: 'full' },
    ]);
    assert.deepEqual(written, [block, ping]);
  });

  it('is each block that a peer requests, also in pieces, and the relay reads it all the same', () => {
    const { dial, seen, peer, data, handlers } = open();
    dial(PEER, 5_000, handlers);
    const hash = 'ab'.repeat(32);
    const items = [
      { type: INV.block, hash },
      { type: INV.tx, hash },
    ];
    const request = encodeFrame(magic, { command: 'getdata', items });
    for (const piece of [request.subarray(0, 30), request.subarray(30)]) peer.handlers?.data(piece);
    assert.deepEqual(
      seen.map(({ type }) => type),
      ['dialled', 'requested'],
    );
    assert.deepEqual(Buffer.concat(data), request);
  });

  it('is each block that a peer announces', () => {
    const { dial, seen, peer, handlers } = open();
    dial(PEER, 5_000, handlers);
    const hash = 'ab'.repeat(32);
    peer.handlers?.data(encodeFrame(magic, { command: 'inv', items: [{ type: INV.block, hash }] }));
    assert.deepEqual(seen[1], { type: 'announced', connection: 1, peer: '10.0.0.2:19899', protected: false, hash });
  });

  it('is each answer to a question for headers: whether the chain has the block, another on its parent, or neither', () => {
    const genesis = hashHeader(regtestGenesis().subarray(0, 80));
    const raw = mineBlock({ parent: genesis, height: 1, time: 1_700_000_000, special: false });
    const other = mineBlock({ parent: genesis, height: 1, time: 1_700_000_001, special: false });
    const hash = hashHeader(raw.subarray(0, 80));
    for (const [headers, answer] of [
      [[raw], 'has'],
      [[other], 'has-another'],
      [[], 'absent'],
      [[regtestGenesis()], 'absent'],
    ] as const) {
      const { dial, seen, peer, handlers } = open();
      const question = { command: 'getheaders', version: 1, locator: [genesis], stop: hash } as const;
      dial(PEER, 5_000, handlers).write([encodeFrame(magic, question)]);
      const bytes = headers.map((block) => block.subarray(0, 80));
      peer.handlers?.data(encodeFrame(magic, { command: 'headers', headers: bytes }));
      const seenAnswer = { type: 'answered', connection: 1, peer: '10.0.0.2:19899', protected: false, hash, answer };
      assert.deepEqual(seen.slice(1), [seenAnswer]);
    }
  });

  it('is the end of a connection, once, whoever ends it', () => {
    const { dial, seen, peer, tap, handlers } = open();
    const socket = dial(PEER, 5_000, handlers);
    assert.equal(tap.sockets, 1);
    peer.handlers?.closed('closed-by-peer', '');
    socket.destroy();
    assert.deepEqual([seen.filter(({ type }) => type === 'closed').length, tap.sockets, peer.destroyed], [1, 0, true]);
  });

  it('is the end of all connections when the process ends', () => {
    const { dial, seen, tap, handlers } = open();
    dial(DASHD, 5_000, handlers);
    dial(PEER, 5_000, handlers);
    tap.closeAll();
    assert.deepEqual([seen.filter(({ type }) => type === 'closed').length, tap.sockets], [2, 0]);
  });
});
