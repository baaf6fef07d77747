import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PeerRecord } from '../../src/peers/record.js';
import { regionOf } from '../../src/peers/region.js';
import { chooseWitnesses, MAX_CANDIDATES, type WitnessInput } from '../../src/peers/witness-choice.js';
import { key, many } from './select-support.js';
import { NOW, peer, provenPeer } from './support.js';

const lot = (name: string) => [...name].reduce((sum, char) => (Math.imul(sum, 31) + char.charCodeAt(0)) >>> 0, 7);

function choose(records: readonly PeerRecord[], more: Partial<WitnessInput> = {}) {
  return chooseWitnesses({
    records,
    current: [],
    max: 5,
    pushed: new Set(),
    freeSlots: 0,
    isMember: () => false,
    waiting: new Set(),
    isLocal: false,
    now: NOW,
    lot,
    ...more,
  });
}

const chosen = (plan: ReturnType<typeof choose>) => plan.add.map(({ record }) => record.key);

describe('the choice of witnesses', () => {
  it('takes one of a network group', () => {
    const sameGroup = [1, 2, 3].map((n) => provenPeer(`203.0.113.${n}:9999`));
    const records = [...sameGroup, ...many(1, 2)];
    assert.equal(new Set(records.map(({ group }) => group)).size, 3);
    const plan = choose(records);
    assert.equal(new Set(plan.add.map(({ record }) => record.group)).size, 3);
    assert.equal(plan.add.length, 3, 'rather too few than two of one network');
    assert.equal(choose(records, { isLocal: true }).add.length, 5, 'on regtest all share an address');
  });

  it('spreads them over the regions of the world, then over countries, and says so', () => {
    const records = many(1, 60);
    const countries = ['DE', 'DE', 'DE', 'FR', 'US', 'SG', 'BR', 'AU'];
    const country = (host: string) => countries[records.findIndex((record) => record.host === host) % countries.length];
    const plan = choose(records, { max: 6, country });
    const regions = plan.add.map(({ record }) => regionOf(country(record.host) ?? ''));
    assert.deepEqual(regions.slice(0, 5).sort(), ['americas-north', 'americas-south', 'asia', 'europe', 'oceania']);
    assert.match(plan.add[0]?.why ?? '', /^network [\d.]+\S*; [a-z-]+: 1 of the witnesses; [A-Z]{2}: 1$/);
    const europe = choose(
      records.filter(({ host }) => ['DE', 'FR'].includes(country(host) ?? '')),
      { max: 2, country },
    );
    assert.deepEqual(europe.add.map(({ record }) => country(record.host)).sort(), ['DE', 'FR']);
  });

  it('takes nobody that blocks are pushed to, that signs, that waits, that is barred, or that is the own dashd', () => {
    const [pushed, member, waiting, own, barred, free] = many(1, 6) as [
      PeerRecord,
      PeerRecord,
      PeerRecord,
      PeerRecord,
      PeerRecord,
      PeerRecord,
    ];
    const records = [pushed, member, waiting, { ...own, protected: true }, { ...barred, services: 0n }, free];
    const plan = choose(records, {
      pushed: new Set([pushed.key]),
      isMember: (name) => name === member.key,
      waiting: new Set([waiting.key]),
    });
    assert.deepEqual(chosen(plan), [free.key]);
  });

  it('leaves the broadcast the peers that it has slots for', () => {
    const records = many(1, 10);
    assert.equal(choose(records, { freeSlots: 10 }).add.length, 0);
    assert.equal(choose(records, { freeSlots: 7 }).add.length, 3);
    assert.equal(choose(records, { freeSlots: 3 }).add.length, 5);
  });

  it('gives up those chosen last for the broadcast when that has more free slots than other peers', () => {
    const records = many(1, 8);
    const current = records.slice(0, 5);
    const plan = choose(records, { current, freeSlots: 5 });
    assert.deepEqual(plan, { add: [], drop: [3, 4].map((n) => ({ peer: current[n]?.key, code: 'broadcast' })) });
    assert.deepEqual(choose(records, { current, freeSlots: 3 }), { add: [], drop: [] });
    assert.equal(choose(records, { current, freeSlots: 100 }).drop.length, 5);
  });

  it('keeps them, whoever else there is, and replaces one that became a member of a quorum', () => {
    const records = many(1, 100);
    const first = choose(records).add.map(({ record }) => record);
    assert.deepEqual(choose(records, { current: first }), { add: [], drop: [] });
    const member = first[2]?.key ?? '';
    const next = choose(records, { current: first, isMember: (name) => name === member });
    assert.deepEqual(next.drop, [{ peer: member, code: 'quorum-member' }]);
    const others = choose(records, {
      current: first.filter(({ key: name }) => name !== member),
      isMember: (name) => name === member,
    });
    assert.equal(others.add.length, 1);
    assert.ok(!first.some(({ key: name }) => chosen(others).includes(name)));
  });

  it('prefers those that answered before; then those that dashd is not connected to; then networks without a peer that is pushed to', () => {
    const [proven, ofDashd] = many(1, 2) as [PeerRecord, PeerRecord];
    const heard = peer(key(3));
    const pushed = provenPeer('203.0.113.1:9999');
    const near = provenPeer('203.0.113.2:9999');
    const plan = choose([heard, ofDashd, near, proven, pushed], {
      max: 4,
      pushed: new Set([pushed.key]),
      dashdPeers: new Set([ofDashd.key]),
    });
    assert.deepEqual(chosen(plan), [proven.key, near.key, ofDashd.key, heard.key]);
  });

  it('looks at no more than a part of a large book, and at a random one', () => {
    const records = many(1, 5_000);
    let lookups = 0;
    const plan = choose(records, {
      country: () => {
        lookups += 1;
        return 'DE';
      },
    });
    assert.equal(plan.add.length, 5);
    assert.ok(lookups <= MAX_CANDIDATES);
    assert.notDeepEqual(
      chosen(plan),
      records.slice(0, 5).map((record) => record.key),
    );
  });
});

describe('regions', () => {
  it('are those of the United Nations', () => {
    const expected = {
      DE: 'europe',
      RU: 'europe',
      TR: 'asia',
      EG: 'africa',
      MX: 'americas-north',
      BR: 'americas-south',
      NZ: 'oceania',
    };
    for (const [country, region] of Object.entries(expected)) assert.equal(regionOf(country), region, country);
    assert.equal(regionOf('ZZ'), undefined);
  });
});
