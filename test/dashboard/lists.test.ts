import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formLabel } from '../../src/dashboard/model/labels.js';
import { ALL_PEERS, countKinds, listPeers, type PeerQuery } from '../../src/dashboard/model/peer-list.js';
import { quorumName, signingOf, wantedPeers } from '../../src/dashboard/model/quorums.js';
import { raceRows } from '../../src/dashboard/model/race.js';
import { countForms, raceGroups } from '../../src/dashboard/model/race-groups.js';
import { countRows, filterRows } from '../../src/dashboard/model/race-rows.js';
import { gatherPeersMs, INITIAL, reduce } from '../../src/dashboard/model/state.js';
import { hash, peer, peerProof, proof, received, status } from './support.js';

const names = (peers: readonly { readonly peer: string }[]) => peers.map((one) => one.peer);

describe('a long list of peers', () => {
  const idle = { acknowledged: 0, accepted: 0, alreadyHad: 0, failed: {}, failuresInARow: 0 };
  const peers = [
    peer('127.0.0.1:9999', { protected: true }),
    peer('10.0.0.2:9999', { role: 'signer', country: 'DE', pingMs: 30, masternode: 'ab'.repeat(32) }),
    peer('10.0.0.10:9999', { role: 'member', country: 'US', pingMs: 9 }),
    peer('10.0.0.3:9999', { userAgent: '/Dash Core:23.1.2/', blocks: { ...idle, failuresInARow: 1 } }),
    peer('10.0.0.4:9999', { state: 'connecting', role: 'member' }),
  ];
  const find = (query: Partial<PeerQuery>) => names(listPeers(peers, { ...ALL_PEERS, ...query }));

  test('is as the relay gives it until something is asked for', () => {
    assert.deepEqual(find({}), names(peers));
  });

  test('has its peers by what they are', () => {
    assert.deepEqual(countKinds(peers), { all: 5, signers: 1, members: 2, others: 1, connecting: 1, failing: 1 });
    assert.deepEqual(find({ kind: 'signers' }), ['10.0.0.2:9999']);
    assert.deepEqual(find({ kind: 'others' }), ['10.0.0.3:9999'], 'the pool’s own dashd is no other');
    assert.deepEqual(find({ kind: 'failing' }), ['10.0.0.3:9999']);
  });

  test('is searched by words in the address, the country, the software and the masternode', () => {
    assert.deepEqual(find({ text: 'germany' }), ['10.0.0.2:9999']);
    assert.deepEqual(find({ text: ' Core 10.0 ' }), ['10.0.0.3:9999']);
    assert.deepEqual(find({ text: 'ABABAB' }), ['10.0.0.2:9999']);
    assert.deepEqual(find({ text: 'nobody' }), []);
  });

  test('is sorted, with peers without a value last in either direction', () => {
    const [slow, fast] = ['10.0.0.2:9999', '10.0.0.10:9999'];
    assert.deepEqual(find({ sort: 'ping', descending: false }).slice(0, 2), [fast, slow]);
    assert.deepEqual(find({ sort: 'ping', descending: true }).slice(0, 2), [slow, fast]);
    assert.deepEqual(find({ sort: 'peer', descending: false }).slice(0, 2), ['10.0.0.2:9999', '10.0.0.3:9999']);
    assert.equal(find({ sort: 'since', descending: false }).at(-1), '10.0.0.4:9999');
  });
});

describe('a race with signers', () => {
  const proofs = [
    peerProof('dashd', 'accepted', { protected: true, role: 'signer', acceptedMs: 1, form: 'full', bytes: 9_000 }),
    peerProof('a', 'accepted', { role: 'signer', acknowledgedMs: 10, form: 'compact', bytes: 700, roundTrips: 0 }),
    peerProof('b', 'accepted', { role: 'signer', acknowledgedMs: 40, form: 'full', bytes: 9_700, roundTrips: 1 }),
    peerProof('c', 'already-had', { role: 'member' }),
    peerProof('d', 'failed', { role: 'member', reason: 'no-pong', form: 'compact', bytes: 700, roundTrips: 0 }),
    peerProof('e', 'written', { writtenMs: 1 }),
  ];

  test('is summed up by group; the pool’s own dashd is in none', () => {
    assert.deepEqual(raceGroups(proofs), [
      { name: 'signers', tried: 2, reached: 2, failed: 0, times: [10, 40], medianMs: 10, majorityMs: 40, lastMs: 40 },
      { name: 'members', tried: 2, reached: 1, failed: 1, times: [0], medianMs: 0, lastMs: 0 },
      { name: 'others', tried: 1, reached: 0, failed: 0, times: [] },
    ]);
  });

  test('counts the forms and what was sent', () => {
    assert.deepEqual(countForms(proofs), { full: 2, compact: 2, completed: 1, bytes: 20_100 });
    assert.deepEqual(countForms([peerProof('x', 'accepted')]), { full: 0, compact: 0, completed: 0, bytes: 0 });
  });

  test('shows how each peer was sent it', () => {
    const labels = proofs.map((one) => formLabel(one)?.text);
    assert.deepEqual(labels, ['full', 'compact', 'full +1', undefined, 'compact', undefined]);
    const title = 'sent whole, 9.7 kB, 1 further round trip for what the peer lacked';
    assert.equal(proofs[2] && formLabel(proofs[2])?.title, title);
  });

  test('has its rows narrowed down', () => {
    const rows = raceRows(proofs, {});
    assert.deepEqual(countRows(rows), { all: 6, signers: 2, members: 2, others: 1, compact: 2, failed: 1 });
    assert.deepEqual(names(filterRows(rows, 'signers').map((row) => row.proof)), ['a', 'b']);
    assert.equal(filterRows(rows, 'all'), rows);
  });
});

describe('quorums', () => {
  const quorum = { hash: hash(1), type: 2, signing: true, members: 400, connected: 130, highBandwidth: 90 };
  const quorums = { height: 7, wanted: 400, members: 1_350, connected: 400, quorums: [quorum] };

  test('add to the peers that are wanted, as many as there are members', () => {
    assert.equal(wantedPeers(status()), 20);
    assert.equal(wantedPeers(status({ quorums })), 420);
    assert.equal(wantedPeers(status({ quorums: { ...quorums, members: 12 } })), 32);
  });

  test('have the names of their types, and one of them signs', () => {
    assert.deepEqual([2, 107].map(quorumName), ['llmq_400_60', 'type 107']);
    assert.equal(signingOf(quorums), quorum);
    assert.equal(signingOf({ ...quorums, quorums: [{ ...quorum, signing: false }] }), undefined);
  });
});

test('proofs that come together are applied together, each block’s to its own', () => {
  const known = reduce(INITIAL, { type: 'events', events: [received(1), received(2)] });
  const events = [
    proof(1, 'a:1', 'written'),
    proof(1, 'b:1', 'written'),
    proof(2, 'a:1', 'written'),
    proof(3, 'a:1', 'written'),
  ];
  const { races } = reduce(known, { type: 'events', events });
  assert.deepEqual(
    [1, 2, 3].map((n) => races.get(hash(n))?.size),
    [2, 1, undefined],
  );
});

test('many peers are fetched less often', () => {
  assert.deepEqual([1, 20, 400, 1_350].map(gatherPeersMs), [120, 120, 1_600, 5_400]);
});
