/** The adapter, and the rights that the shipped accounts give, against a real NATS server. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { openNats } from '../../src/adapters/nats.js';
import { openDesk } from '../../src/adapters/nats-streams.js';
import { streamPlans } from '../../src/cluster/stream-plans.js';
import { allSubjects, blockSubject, relaySubject, streamNames } from '../../src/cluster/subjects.js';
import { NatsServers, PASSWORDS, type User } from '../../src/simulated/nats-servers.js';
import type { ClusterLink, LinkMessage } from '../../src/streams/cluster/link.js';
import { until } from '../support/relay-process.js';
import { describeWithNats } from './describe-with-nats.js';

const NAME = 'blockcast';

class Client {
  readonly messages: LinkMessage[] = [];
  readonly news: string[] = [];
  readonly link: ClusterLink;

  constructor(servers: NatsServers, user: User, password: string = PASSWORDS[user], name = NAME) {
    const access = { servers: servers.addresses().split(','), client: user, user, password, tls: { ca: servers.ca } };
    this.link = openNats(
      { ...access, subscribe: allSubjects(name) },
      {
        message: (message) => this.messages.push(message),
        up: (_server, maxPayload) => this.news.push(`up ${maxPayload}`),
        down: (code) => this.news.push(`down ${code}`),
        refused: (operation, subject) => this.news.push(`refused ${operation} ${subject}`),
      },
    );
  }

  async says(line: string): Promise<void> {
    await until(
      () => `${line}: ${this.news.join('; ')}`,
      () => (this.news.includes(line) ? true : undefined),
    );
  }
}

describeWithNats('a relay at a NATS server with the shipped accounts', () => {
  let servers: NatsServers;
  const clients: Client[] = [];
  const client = (user: User, password?: string, name?: string): Client => {
    const made = new Client(servers, user, password, name);
    clients.push(made);
    return made;
  };

  before(async () => {
    servers = await NatsServers.start();
  });
  after(async () => {
    await Promise.all(clients.map(({ link }) => link.close()));
    await servers.stop();
  });

  it('cannot make the streams, an operator can', async () => {
    const desk = async (user: User) =>
      await openDesk({
        servers: servers.addresses().split(','),
        client: 'test',
        user,
        password: PASSWORDS[user],
        tls: { ca: servers.ca },
      });
    const [plan] = streamPlans(NAME);
    assert.ok(plan);
    const relay = await desk('eu');
    assert.equal((await relay.make(plan, 1)).ok, false);
    await relay.close();
    const operator = await desk('setup');
    for (const stream of streamPlans(NAME)) {
      const made = await operator.make(stream, 1);
      assert.ok(made.ok, JSON.stringify(made));
    }
    for (const stream of streamPlans(NAME)) assert.deepEqual((await operator.make(stream, 1)).ok, true, 'again');
    await operator.close();
  });

  it('sends a block of 2 MB to the others, stores it once, and lets them read it later', async () => {
    const [eu, us] = [client('eu'), client('us')];
    await Promise.all([eu, us].map(async (one) => await one.says(`up ${8 * 1024 * 1024}`)));
    const block = Buffer.alloc(2_000_000, 7);
    const subject = blockSubject({ name: NAME, relay: 'eu' });
    for (let i = 0; i < 2; i += 1)
      assert.deepEqual(await eu.link.store(subject, block, { id: 'ab', network: 'regtest' }), { ok: true });
    await until('two messages', () => (us.messages.length === 2 ? true : undefined));
    assert.deepEqual(
      [us.messages[0]?.subject, us.messages[0]?.network, us.messages[0]?.data.equals(block)],
      [subject, 'regtest', true],
    );
    assert.deepEqual(eu.messages, [], 'its own do not come back');
    const stored: number[] = [];
    for await (const { data, at } of us.link.read(streamNames(NAME).blocks, new Date(Date.now() - 60_000))) {
      stored.push(data.length);
      assert.ok(Math.abs(Date.now() - at) < 60_000);
    }
    assert.deepEqual(stored, [2_000_000]);
    const none: unknown[] = [];
    for await (const message of us.link.read(streamNames(NAME).blocks, new Date(Date.now() + 60_000)))
      none.push(message);
    assert.deepEqual(none, []);
  });

  it('has no right to publish under the name of another relay, nor to read another cluster', async () => {
    const eu = client('eu');
    const us = client('us');
    await eu.says(`up ${8 * 1024 * 1024}`);
    await us.says(`up ${8 * 1024 * 1024}`);
    eu.link.publish(relaySubject({ name: NAME, relay: 'us' }), Buffer.from('x'));
    await eu.says(`refused publish ${relaySubject({ name: NAME, relay: 'us' })}`);
    assert.deepEqual(us.messages, []);
    const other = client('ap', PASSWORDS.ap, 'other');
    await other.says(`refused read ${allSubjects('other')}`);
  });

  it('is told when its password is wrong, once', async () => {
    const wrong = client('ap', 'wrong');
    await wrong.says('down no-access');
    assert.deepEqual(wrong.news, ['down no-access']);
    assert.equal(wrong.link.store('x', Buffer.alloc(0), {}), undefined);
  });

  it('leaves a server that does not answer what it publishes, before pings would tell', async () => {
    const [eu, us] = [client('eu'), client('us')];
    for (const one of [eu, us]) await one.says(`up ${8 * 1024 * 1024}`);
    servers.signal(0, 'SIGSTOP');
    void eu.link.store(blockSubject({ name: NAME, relay: 'eu' }), Buffer.alloc(1_000, 8), {});
    await eu.says('down disconnected');
    assert.deepEqual(us.news, [`up ${8 * 1024 * 1024}`], 'who publishes nothing has not noticed yet');
    servers.signal(0, 'SIGCONT');
    await until('up again', () => (eu.news.filter((line) => line.startsWith('up')).length === 2 ? true : undefined));
  });

  it('connects again by itself once the server is back', async () => {
    const eu = client('eu');
    await eu.says(`up ${8 * 1024 * 1024}`);
    await servers.kill(0);
    await eu.says('down disconnected');
    assert.equal(eu.link.store('x', Buffer.alloc(0), {}), undefined);
    await servers.begin(0);
    await until('up again', () => (eu.news.filter((line) => line.startsWith('up')).length === 2 ? true : undefined));
  });
});
