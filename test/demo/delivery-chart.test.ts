import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import type { BlockEvent, PeerProof, SignersReached } from '../../src/contracts/events.js';
import { type BlockDelivery, draw, follow } from '../../src/demo/delivery-chart.js';
import { Screen } from '../../src/demo/screen.js';

const hash = 'ab'.repeat(32);
const received = { type: 'received', at: 0, hash, source: 'pool', size: 15_200, height: 7, transactions: 9 } as const;
const proof = (peer: string, rest: Partial<PeerProof> & Pick<PeerProof, 'status'>): BlockEvent => {
  return { type: 'proof', at: 0, hash, peer, protected: false, ...rest };
};
const peers = ['a', 'b', 'c', 'd', 'e'].map((peer) => ({ peer, name: `node ${peer}`, remark: '' }));

function raceOf(...events: BlockEvent[]): BlockDelivery {
  const race = [received, ...events].reduce<BlockDelivery | undefined>(follow, undefined);
  assert.ok(race !== undefined);
  return race;
}

describe('race', () => {
  it('sorts by time, then those who are at it, those who failed, those who are not there', () => {
    const race = raceOf(
      proof('c', { status: 'failed', reason: 'connection-error' }),
      proof('b', { status: 'acknowledged', acknowledgedMs: 40 }),
      proof('d', { status: 'written', writtenMs: 1 }),
      proof('a', { status: 'accepted', acknowledgedMs: 10, acceptedMs: 12 }),
    );
    const lines = draw(race, peers, { width: 90, colour: false });
    assert.match(lines[0] ?? '', /^Block 7 {2}ab+…? *.*15\.2 kB, 9 transactions$/);
    const rows = lines.slice(1, 6);
    assert.deepEqual(
      rows.map((row) => row.trim().slice(0, 6)),
      ['node a', 'node b', 'node d', 'node c', 'node e'],
    );
    assert.match(rows[0] ?? '', /10\.0 ms accepted$/);
    assert.match(rows[1] ?? '', /40\.0 ms acknowledged$/);
    assert.match(rows[2] ?? '', /sent, no answer yet$/);
    assert.match(rows[3] ?? '', /failed: connection-error$/);
    assert.match(rows[4] ?? '', /not connected$/);
    const bar = (row = '') => row.split('█').length - 1;
    assert.ok(bar(rows[1]) >= 4 * bar(rows[0]) - 1 && bar(rows[0]) > 0, 'bars are to scale');
    for (const line of lines) assert.ok(line.length <= 90, line);
  });

  it('reports what came of it', () => {
    const race = raceOf({
      type: 'verdict',
      at: 0,
      hash,
      source: 'pool',
      size: 15_200,
      outcome: 'delivered',
      success: true,
      rpc: { outcome: 'duplicate', ms: 3.14 },
      peersReached: 1,
      peersTried: 2,
      accepted: 1,
      alreadyHad: 0,
      failed: 1,
      firstMs: 2,
      medianMs: 2,
      lastMs: 2,
      peers: [{ peer: 'a', protected: true, status: 'accepted', acceptedMs: 2 }],
    });
    const lines = draw(race, peers, { width: 90, colour: false });
    assert.equal(lines.at(-2), '  submitblock: duplicate after 3.1 ms');
    assert.equal(lines.at(-1), '  delivered, 1 of 2 peers: first 2.0 ms, median 2.0 ms, last 2.0 ms');
  });

  it('says in which form a peer was sent the block, and who signs its ChainLock', () => {
    const sent = { status: 'accepted', acknowledgedMs: 10 } as const;
    const race = raceOf(
      proof('a', { ...sent, form: 'full', role: 'member' }),
      proof('b', { ...sent, acknowledgedMs: 11, form: 'compact', role: 'signer' }),
      proof('c', { ...sent, acknowledgedMs: 12, form: 'compact', roundTrips: 1 }),
    );
    const rows = draw(race, peers.slice(0, 3), { width: 90, colour: false }).slice(1, 4);
    assert.match(rows[0] ?? '', / accepted$/);
    assert.match(rows[1] ?? '', / accepted, compact, signer$/);
    assert.match(rows[2] ?? '', / accepted, compact \+ txs$/);
  });

  it('says when 60 % of the signers that were tried had the block', () => {
    const verdict = {
      type: 'verdict',
      at: 0,
      hash,
      source: 'pool',
      size: 15_200,
      outcome: 'delivered',
      success: true,
    } as const;
    const counts = { peersReached: 5, peersTried: 5, accepted: 5, alreadyHad: 0, failed: 0, peers: [] } as const;
    const lines = (signers: SignersReached) =>
      draw(raceOf({ ...verdict, ...counts, signers }), [], { width: 90, colour: false });
    assert.equal(
      lines({ tried: 4, reached: 3, majorityMs: 42.1 }).at(-1),
      '  signers of its ChainLock: 3 of 4, 60 % after 42.1 ms',
    );
    assert.equal(lines({ tried: 4, reached: 1 }).at(-1), '  signers of its ChainLock: 1 of 4');
  });

  it('goes by its own block only, and by the newest', () => {
    const race = raceOf();
    assert.equal(follow(race, { ...proof('a', { status: 'written' }), hash: 'cd'.repeat(32) } as BlockEvent), race);
    assert.equal(follow(undefined, proof('a', { status: 'written' })), undefined);
    assert.equal(follow(race, { ...received, hash: 'cd'.repeat(32) })?.hash, 'cd'.repeat(32));
  });
});

describe('screen', () => {
  function terminal(options: { isTTY: boolean; rows?: number }) {
    const text: string[] = [];
    const output = Object.assign(
      new Writable({
        write(chunk, _encoding, done) {
          text.push(String(chunk));
          done();
        },
      }),
      { columns: 80, rows: 24, hasColors: () => false, ...options },
    );
    const due: (() => void)[] = [];
    const timers = {
      after: (_ms: number, action: () => void) => {
        due.push(action);
        return () => {
          due.splice(0);
        };
      },
    };
    const tick = () => {
      for (const action of due.splice(0)) action();
    };
    return { screen: new Screen(output, timers), text, tick };
  }

  it('redraws in place on a terminal, and only the newest picture', () => {
    const { screen, text, tick } = terminal({ isTTY: true });
    screen.show(['one', 'two']);
    screen.show(['three', 'four']);
    tick();
    assert.deepEqual(text.splice(0), ['three\nfour\n']);
    screen.finish(['five']);
    assert.deepEqual(text.splice(0), ['\x1b[2A\x1b[0J', 'five\n']);
    screen.print('six');
    assert.deepEqual(text, ['six\n']);
  });

  it('writes each picture once where it cannot redraw', () => {
    for (const options of [{ isTTY: false }, { isTTY: true, rows: 2 }]) {
      const { screen, text, tick } = terminal(options);
      screen.show(['one', 'two', 'three']);
      tick();
      assert.deepEqual(text, []);
      screen.finish(['one', 'two', 'three']);
      assert.deepEqual(text, ['one\ntwo\nthree\n']);
    }
  });
});
