/** The fields of the answers for masternodes and quorums, on a network that has a quorum. Source: Dash Core `rpc/quorums.cpp`, `rpc/masternode.cpp`. */
import assert from 'node:assert/strict';
import type { Hash } from '../../src/wire/reader.js';
import { ask, type RpcAccess } from './node-under-test.js';

interface Expectation {
  /** The name of the quorum type in RPC, and its number. */
  readonly name: string;
  readonly type: number;
}

interface Addressed {
  readonly proTxHash: Hash;
  readonly addresses: { readonly core_p2p: readonly string[] };
}

const HASH = /^[0-9a-f]{64}$/;
const PLACE = /^[^ ]+:\d+$/;

/** Asserts that a dashd 23 answers as its source says, and that its answers agree with each other. */
export async function checkQuorumAnswers(node: RpcAccess, { name, type }: Expectation): Promise<void> {
  const hashes = (await ask<Record<string, Hash[]>>(node, 'quorum', 'list'))[name] ?? [];
  assert.ok(hashes.length > 0, 'an active quorum');
  const extended = (await ask<Record<string, Record<Hash, unknown>[]>>(node, 'quorum', 'listextended'))[name] ?? [];
  assert.deepEqual(
    extended.flatMap((entry) => Object.keys(entry)),
    hashes,
    'the newest first, one object for each',
  );
  const masternodes = await ask<Record<string, Addressed & Record<string, unknown>>>(node, 'masternodelist', 'json');
  const addresses = new Map<Hash, string | undefined>();
  for (const [outpoint, entry] of Object.entries(masternodes)) {
    assert.match(outpoint, /^[0-9a-f]{64}-\d+$/);
    assert.match(entry.proTxHash, HASH);
    assert.deepEqual([entry['status'], entry['type']], ['ENABLED', 'Regular']);
    assert.deepEqual(entry.addresses.core_p2p, [entry['address']]);
    addresses.set(entry.proTxHash, entry.addresses.core_p2p[0]);
  }
  for (const entry of extended) {
    for (const [hash, about] of Object.entries(entry)) await checkQuorum(node, type, hash, about, addresses);
  }
}

async function checkQuorum(
  node: RpcAccess,
  type: number,
  hash: Hash,
  about: unknown,
  addresses: ReadonlyMap<Hash, string | undefined>,
): Promise<void> {
  const { members, ...info } = await ask<
    Record<string, unknown> & { members: (Addressed & Record<string, unknown>)[] }
  >(node, 'quorum', 'info', type, hash);
  const valid = members.filter((member) => member['valid'] === true).length;
  assert.deepEqual(about, {
    creationHeight: info['height'],
    minedBlockHash: info['minedBlock'],
    numValidMembers: valid,
    healthRatio: (valid / members.length).toFixed(2),
  });
  assert.deepEqual(Object.keys(info), ['height', 'type', 'quorumHash', 'quorumIndex', 'minedBlock', 'quorumPublicKey']);
  assert.equal(info['quorumHash'], hash);
  assert.equal(await ask(node, 'getblockhash', info['height']), hash, 'the hash of the block in which it began');
  for (const member of members) {
    assert.match(member.addresses.core_p2p[0] ?? '', PLACE);
    assert.deepEqual(member.addresses.core_p2p, [member['service']]);
    assert.equal(addresses.get(member.proTxHash), member['service'], 'as in the list of masternodes');
    // A dashd that is not a member itself has no shares of the key.
    assert.deepEqual(Object.keys(member), ['proTxHash', 'service', 'addresses', 'pubKeyOperator', 'valid']);
  }
}
