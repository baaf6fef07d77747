import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeBlockNews, decodeRelayNews, encodeNews, MAX_NEWS_BYTES, newsOf } from '../../../src/cluster/messages.js';
import { Pictures } from '../../../src/cluster/picture.js';
import { blockSubject, parseSubject, recordSubject, relaySubject } from '../../../src/cluster/subjects.js';
import type { BlockNews } from '../../../src/contracts/cluster.js';

const HASH = 'ab'.repeat(32);

function news(changes: Partial<BlockNews> = {}): BlockNews {
  return {
    type: 'block',
    network: 'regtest',
    hash: HASH,
    height: 7,
    size: 500,
    source: 'cluster',
    at: 1_000,
    outcome: 'delivered',
    reached: 1,
    tried: 1,
    peers: [['p:1', 'accepted', 5, 'signer']],
    ...changes,
  };
}

describe('records of several relays', () => {
  it('are one block, found by the relay to which the pool pushed it, with each peer once', () => {
    const pictures = new Pictures();
    pictures.note(
      'us',
      news({
        at: 1_040,
        peers: [
          ['q:1', 'accepted', 4, null],
          ['p:1', 'already-had', 0, null],
        ],
      }),
    );
    pictures.note(
      'eu',
      news({
        source: 'pool',
        at: 1_000,
        peers: [
          ['p:1', 'accepted', 9, null],
          ['r:1', 'failed', null, null],
        ],
      }),
    );
    const [block, ...others] = pictures.latest(10);
    assert.deepEqual(others, []);
    assert.deepEqual(
      [
        block?.foundAt,
        block?.reached,
        block?.tried,
        block?.sentTwice,
        block?.relays.map(({ relay, afterMs }) => [relay, afterMs]),
      ],
      [
        1_000,
        2,
        3,
        0,
        [
          ['eu', 0],
          ['us', 40],
        ],
      ],
    );
    assert.deepEqual(
      pictures.race(HASH)?.map(({ peer, relay, ms }) => [peer, relay, ms]),
      [
        ['p:1', 'eu', 9],
        ['q:1', 'us', 44],
        ['r:1', 'eu', undefined],
      ],
    );
  });

  it('replace what the same relay said before', () => {
    const pictures = new Pictures();
    assert.equal(pictures.note('eu', news({ outcome: 'failed' })), true);
    assert.equal(pictures.note('eu', news()), true);
    assert.equal(pictures.note('eu', news()), false);
    assert.deepEqual(
      pictures.latest(10).map(({ relays, outcome }) => [relays.length, outcome]),
      [[1, 'delivered']],
    );
  });

  it('show peers that two relays sent the block to', () => {
    const pictures = new Pictures();
    pictures.note('eu', news());
    pictures.note('us', news());
    assert.equal(pictures.get(HASH)?.sentTwice, 1);
  });
});

describe('messages of the cluster', () => {
  it('are read as they were written', () => {
    assert.deepEqual(decodeBlockNews(encodeNews(news())), news());
    const relay = {
      type: 'relay',
      network: 'main',
      version: '0.1.0',
      at: 5,
      peers: [
        ['p:1', 2.5],
        ['q:1', null],
      ],
    } as const;
    assert.deepEqual(decodeRelayNews(Buffer.from(JSON.stringify(relay))), relay);
  });

  it('are none when they are malformed, of another kind, or too large', () => {
    for (const text of [
      '',
      '{',
      '[]',
      'null',
      '{"type":"relay"}',
      JSON.stringify({ ...news(), peers: [['p:1', 'sent', 1, null]] }),
    ]) {
      assert.equal(decodeBlockNews(Buffer.from(text)), undefined);
      assert.equal(decodeRelayNews(Buffer.from(text)), undefined);
    }
    assert.equal(decodeRelayNews(Buffer.alloc(MAX_NEWS_BYTES + 1, ' ')), undefined);
    const many = { ...news(), peers: Array.from({ length: 3_000 }, () => ['p:1', 'accepted', 5, null]) };
    assert.equal(decodeBlockNews(Buffer.from(JSON.stringify(many))), undefined);
  });

  it('leave out the own dashd of the relay', () => {
    const verdict = {
      type: 'verdict',
      at: 9,
      hash: HASH,
      source: 'pool',
      size: 5,
      outcome: 'delivered',
      success: true,
      peersReached: 2,
      peersTried: 2,
      accepted: 2,
      alreadyHad: 0,
      failed: 0,
      firstMs: 1,
      peers: [
        { peer: 'dashd:1', protected: true, status: 'accepted', acknowledgedMs: 1 },
        { peer: 'p:1', protected: false, status: 'accepted', acknowledgedMs: 3, acceptedMs: 4, role: 'member' },
      ],
    } as const;
    assert.deepEqual(newsOf(verdict, 5, 'regtest').peers, [['p:1', 'accepted', 3, 'member']]);
  });
});

describe('subjects', () => {
  const names = { name: 'pool', relay: 'eu' };

  it('say of which relay a message is', () => {
    assert.deepEqual(parseSubject(blockSubject(names), 'pool'), { kind: 'block', relay: 'eu' });
    assert.deepEqual(parseSubject(relaySubject(names), 'pool'), { kind: 'relay', relay: 'eu' });
    assert.deepEqual(parseSubject(recordSubject(names, HASH), 'pool'), { kind: 'record', relay: 'eu', hash: HASH });
  });

  it('of another cluster, or of none, are not read', () => {
    for (const subject of [
      '',
      'x',
      'blockcast.other.block.eu',
      'blockcast.pool.block',
      'blockcast.pool.block.eu.us',
      'blockcast.pool.record.eu.1',
      'blockcast.pool.what.eu',
      'blockcast.pool.block.e u',
    ])
      assert.equal(parseSubject(subject, 'pool'), undefined, subject);
  });
});
