import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { NEVER } from 'rxjs';
import { loadX11 } from '../../../src/block/x11.js';
import { encodeNews } from '../../../src/cluster/messages.js';
import type { BlockNews, RelayNews } from '../../../src/contracts/cluster.js';
import type { BlockRefused, BlockRepeated, ServiceEvent } from '../../../src/contracts/events.js';
import { Cluster } from '../../../src/streams/cluster/cluster.js';
import { HEIGHT } from '../../session/support.js';
import { BroadcasterUnderTest, hashOf, mine } from '../broadcast/support.js';
import { FakeServers } from './fake-servers.js';

/** A broadcaster that is a member of a cluster, or of the same one under another name. */
class Member {
  readonly relay = new BroadcasterUnderTest();
  readonly events: ServiceEvent[] = [];
  readonly answers: (BlockRefused | BlockRepeated)[] = [];
  readonly cluster: Cluster;
  readonly done = new Set<string>();

  constructor(servers: FakeServers, relay: string, network = 'regtest', name = 'pool') {
    const { gate, broadcaster, time } = this.relay;
    this.cluster = new Cluster({
      names: { name, relay },
      network,
      version: '0.1.0',
      open: servers.open,
      gate,
      broadcaster,
      answer: (event) => this.answers.push(event),
      isDone: (hash) => this.done.has(hash),
      blocks$: broadcaster.events$,
      shares: undefined,
      connections$: NEVER,
      emit: (event) => this.events.push(event),
      clock: time.clock,
      scheduler: time.scheduler,
    });
  }

  /** The pool pushes a block to this relay. */
  push(raw: Buffer): void {
    const admission = this.relay.gate.fromPool([raw]);
    assert.ok(admission.type === 'block');
    this.relay.broadcaster.send(admission);
    this.cluster.share(admission);
  }

  get codes(): string[] {
    return this.events.map(({ code }) => code);
  }

  /** How many blocks each of its peers was sent, dashd first. */
  get sent(): number[] {
    return this.relay.sent;
  }
}

function two(): { servers: FakeServers; eu: Member; us: Member } {
  const servers = new FakeServers(() => eu.relay.time.clock.now());
  const eu = new Member(servers, 'eu');
  const us = new Member(servers, 'us');
  return { servers, eu, us };
}

const blockOf = (servers: FakeServers) => servers.published.filter(({ subject }) => subject.includes('.block.'));

describe('a cluster of relays', () => {
  before(() => loadX11());

  it('sends a block that the pool pushes to one relay to the peers of all, and each peer once', async () => {
    const { servers, eu, us } = two();
    servers.up();
    const raw = mine();
    eu.push(raw);
    assert.deepEqual(
      [eu.sent, us.sent],
      [
        [1, 1, 1],
        [1, 1, 1],
      ],
    );
    assert.equal(blockOf(servers).length, 1, 'a relay does not pass on what it was given');
    for (const member of [eu, us]) for (const host of ['a', 'b', 'dashd']) member.relay.announces(host, raw);
    us.push(mine(hashOf(raw), HEIGHT + 1));
    assert.deepEqual(
      [eu.sent, us.sent],
      [
        [2, 2, 2],
        [2, 2, 2],
      ],
    );
  });

  it('delays nothing where no server answers, and gives the others what they missed later', async () => {
    const { servers, eu, us } = two();
    servers.up();
    servers.down();
    const raw = mine();
    eu.push(raw);
    assert.deepEqual(
      [eu.sent, us.sent],
      [
        [1, 1, 1],
        [0, 0, 0],
      ],
    );
    assert.equal(eu.cluster.view.report().unstored, 1);
    assert.deepEqual(eu.codes, ['connected', 'connected', 'disconnected']);
    servers.up();
    await eu.relay.time.pass(0);
    assert.deepEqual(us.sent, [1, 0, 0], 'peers may have it by now: they are asked');
    for (const host of ['a', 'b']) us.relay.peer(host).pongs();
    assert.deepEqual([us.sent, eu.cluster.view.report().unstored, servers.blocks.length], [[1, 1, 1], 0, 1]);
  });

  it('gives a relay that was away what the stream has, unless its dashd has it by now, or it is old', async () => {
    const servers = new FakeServers(() => eu.relay.time.clock.now());
    const eu = new Member(servers, 'eu');
    servers.up();
    const [old, done, fresh] = [mine(), mine(), mine()];
    eu.push(old);
    await eu.relay.time.pass(700_000);
    eu.push(done);
    eu.push(fresh);
    const us = new Member(servers, 'us');
    us.done.add(hashOf(done));
    await us.relay.time.pass(700_000);
    await eu.relay.time.pass(60_000);
    servers.up();
    await us.relay.time.pass(0);
    const received = us.relay.events.filter((event) => event.type === 'received');
    assert.deepEqual(
      received.map(({ hash, source, late }) => [hash, source, late]),
      [[hashOf(fresh), 'cluster', 'recovered']],
    );
  });

  it('reads what was missed again when the streams have no leader yet', async () => {
    const { servers, eu, us } = two();
    servers.up();
    servers.down();
    eu.push(mine());
    servers.failing = 6;
    servers.up();
    await us.relay.time.pass(60_000);
    assert.equal(us.relay.events.filter((event) => event.type === 'received').length, 1);
  });

  it('gives a relay that connects again the blocks of the last minute, also while the streams have no leader', async () => {
    const { servers, eu, us } = two();
    servers.up();
    servers.down(1);
    const [old, fresh] = [mine(), mine()];
    eu.push(old);
    await eu.relay.time.pass(60_000);
    eu.push(fresh);
    servers.failing = 100;
    servers.up(1);
    await us.relay.time.pass(0);
    const received = us.relay.events.filter((event) => event.type === 'received');
    assert.deepEqual(
      received.map(({ hash, source }) => [hash, source]),
      [[hashOf(fresh), 'cluster']],
    );
    assert.deepEqual(us.answers, []);
  });

  it('gives them once to many that connect at once, and then every two seconds at most', async () => {
    const { servers, eu } = two();
    servers.up();
    eu.push(mine());
    const back = (since: number): void => {
      const news: RelayNews = { type: 'relay', network: 'regtest', version: '', at: 0, since, peers: [] };
      servers.say({ subject: 'blockcast.pool.relay.x', data: encodeNews(news) });
    };
    for (let since = 1; since <= 10; since += 1) back(since);
    assert.equal(blockOf(servers).length, 2);
    await eu.relay.time.pass(2_000);
    assert.equal(blockOf(servers).length, 3);
    back(10);
    await eu.relay.time.pass(10_000);
    assert.equal(blockOf(servers).length, 3);
  });

  it('has one record of a block, with the part of each relay, on every relay', async () => {
    const { servers, eu, us } = two();
    servers.up();
    const raw = mine();
    eu.push(raw);
    for (const member of [eu, us]) for (const host of ['a', 'b', 'dashd']) member.relay.announces(host, raw);
    for (const member of [eu, us]) await member.relay.time.pass(5_000);
    for (const { cluster } of [eu, us]) {
      const blocks = cluster.view.blocks(10);
      assert.deepEqual(
        blocks.map(({ hash, relays }) => [hash, relays.map(({ relay, source }) => [relay, source])]),
        [
          [
            hashOf(raw),
            [
              ['eu', 'pool'],
              ['us', 'cluster'],
            ],
          ],
        ],
      );
      assert.equal(cluster.view.race(hashOf(raw))?.length, 2);
    }
  });

  it('has the record of a relay that got the block from the network before it was told', async () => {
    const { servers, eu, us } = two();
    servers.up();
    const raw = mine();
    us.relay.fromFeed(raw);
    for (const host of ['a', 'b']) us.relay.announces(host, raw);
    await us.relay.time.pass(4_000);
    eu.push(raw);
    await eu.relay.time.pass(4_000);
    assert.deepEqual(us.sent, [0, 1, 1], 'nobody is sent it twice');
    const [block] = eu.cluster.view.blocks(1);
    assert.deepEqual(
      block?.relays.map(({ relay, source }) => [relay, source]),
      [
        ['eu', 'pool'],
        ['us', 'dashd'],
      ],
    );
  });

  it('does not publish a block again and again that no stream takes', async () => {
    const { servers, eu } = two();
    servers.up();
    servers.answer = { ok: false, code: 'failed', detail: 'timeout' };
    eu.push(mine());
    await eu.relay.time.pass(120_000);
    assert.equal(blockOf(servers).length, 3);
    assert.deepEqual(
      eu.codes.filter((code) => code !== 'connected'),
      ['not-stored', 'not-stored', 'not-stored', 'given-up', 'relay-silent'],
    );
  });

  it('tells that there is no stream, and which server takes no block of 2 MB', async () => {
    const { servers, eu } = two();
    servers.maxPayload = 1_048_576;
    servers.up();
    servers.answer = { ok: false, code: 'no-stream', detail: '503' };
    eu.push(mine());
    await eu.relay.time.pass(0);
    assert.deepEqual(eu.codes, ['connected', 'payload-too-small', 'connected', 'no-stream']);
    assert.equal(eu.cluster.view.report().unstored, 0);
  });

  it('tells when a relay is silent', async () => {
    const { servers, eu, us } = two();
    servers.up();
    assert.deepEqual(
      eu.cluster.view.report().relays.map(({ relay }) => relay),
      ['eu', 'us'],
    );
    await us.cluster.close();
    await eu.relay.time.pass(45_000);
    assert.equal(eu.codes.at(-1), 'relay-silent');
    assert.deepEqual(
      eu.cluster.view.report().relays.map(({ relay }) => relay),
      ['eu'],
    );
  });
});

describe('what a hostile or broken relay sends', () => {
  before(() => loadX11());

  const news = (changes: Partial<RelayNews> = {}): Buffer =>
    encodeNews({ type: 'relay', network: 'regtest', version: '9', at: 1, peers: [], ...changes });
  const says = (kind: string, data: Buffer, network?: string) => ({
    subject: `blockcast.pool.${kind}`,
    data,
    ...(network !== undefined && { network }),
  });

  it('is no block: the gate refuses it, and no peer is sent anything', () => {
    const { servers, us } = two();
    servers.up();
    for (const data of [Buffer.alloc(0), Buffer.from('hello'), Buffer.alloc(1_000_000)])
      servers.say(says('block.x', data));
    assert.deepEqual(
      us.answers.map((event) => event.type),
      ['refused', 'refused', 'refused'],
    );
    assert.deepEqual(us.sent, [0, 0, 0]);
  });

  it('comes again: it is sent to nobody twice', () => {
    const { servers, us } = two();
    servers.up();
    const raw = mine();
    for (const relay of ['x', 'x', 'y']) servers.say(says(`block.${relay}`, raw));
    assert.deepEqual(us.sent, [1, 1, 1]);
  });

  it('is of another network: it is ignored, and told once', () => {
    const { servers, us } = two();
    servers.up();
    for (let i = 0; i < 5; i += 1) servers.say(says('block.x', mine(), 'main'));
    servers.say(says('relay.x', news({ network: 'main' })));
    assert.deepEqual(us.sent, [0, 0, 0]);
    assert.deepEqual(
      us.codes.filter((code) => code === 'other-network'),
      ['other-network'],
    );
    assert.equal(us.cluster.view.report().dropped, 6);
  });

  it('is too large, malformed, under the name of this relay, or under a subject that is none: it is dropped', () => {
    const { servers, us } = two();
    servers.up();
    servers.say(says('block.x', Buffer.alloc(3_000_000)));
    servers.say(says('relay.x', Buffer.from('{')));
    servers.say(says('relay.us', news()));
    servers.say(says('relay.x.y', news()));
    const record: BlockNews = {
      type: 'block',
      network: 'regtest',
      hash: '11'.repeat(32),
      size: 1,
      source: 'pool',
      at: 1,
      outcome: 'delivered',
      reached: 0,
      tried: 0,
      peers: [],
    };
    servers.say(says(`record.x.${'22'.repeat(32)}`, encodeNews(record)));
    assert.equal(us.cluster.view.report().dropped, 5);
    assert.deepEqual(
      us.codes.filter((code) => code !== 'connected'),
      ['too-large', 'bad-message', 'name-taken'],
    );
    assert.deepEqual(us.cluster.view.blocks(9), []);
  });

  it('is a flood: the rest of it is dropped, and blocks of other relays pass', () => {
    const { servers, us } = two();
    servers.up();
    for (let i = 0; i < 500; i += 1) servers.say(says('block.x', Buffer.from('garbage')));
    assert.equal(us.answers.length, 64);
    servers.say(says('block.y', mine()));
    assert.deepEqual(us.sent, [1, 1, 1]);
  });

  it('comes under more names than a cluster has: the rest is ignored', () => {
    const { servers, us } = two();
    servers.up();
    for (let i = 0; i < 100; i += 1) servers.say(says(`relay.x${i}`, news()));
    assert.ok(us.cluster.view.report().relays.length <= 33);
    assert.ok(us.codes.includes('too-many-relays'));
  });

  it('is of another cluster on the same servers: it is not heard', () => {
    const servers = new FakeServers(() => 0);
    const eu = new Member(servers, 'eu', 'regtest', 'one');
    const other = new Member(servers, 'us', 'regtest', 'two');
    servers.up();
    eu.push(mine());
    assert.deepEqual(other.sent, [0, 0, 0]);
  });
});
