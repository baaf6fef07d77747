import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { promises as dns } from 'node:dns';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { resolveSeed } from '../../src/adapters/dns.js';

const A = 1;
const AAAA = 28;
const HEADER_BYTES = 12;

/** What a name server has to say of a name: addresses as bytes by type, or a response code. */
type Zone = Readonly<
  Record<string, { readonly rcode?: number; readonly [type: number]: readonly (readonly number[])[] }>
>;

const V6 = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const ZONE: Zone = {
  'both.test': {
    [A]: [
      [5, 6, 7, 8],
      [5, 6, 7, 9],
    ],
    [AAAA]: [V6],
  },
  'four.test': { [A]: [[5, 6, 7, 8]] },
  'six.test': { rcode: 0, [AAAA]: [V6] },
  'empty.test': {},
  'broken.test': { rcode: 2 },
  'refused.test': { rcode: 5 },
};

/** Answers a query (RFC 1035) from the zone; a name that is not in it does not exist. */
function answerTo(query: Buffer): Buffer {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = query.readUInt16BE(at + 1);
  const known = ZONE[labels.join('.').toLowerCase()];
  const records = known?.[type] ?? [];
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | (known === undefined ? 3 : (known.rcode ?? 0)), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  const answers = records.map((address) => {
    const record = Buffer.alloc(12);
    // The name is the one in the question.
    record.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(60, 6);
    record.writeUInt16BE(address.length, 10);
    return Buffer.concat([record, Buffer.from(address)]);
  });
  return Buffer.concat([header, query.subarray(HEADER_BYTES, at + 5), ...answers]);
}

describe('resolving a seed', () => {
  const before_ = dns.getServers();
  let server: Socket;

  before(async () => {
    server = createSocket('udp4');
    server.on('message', (query, { port, address }) => server.send(answerTo(query), port, address));
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    dns.setServers([`127.0.0.1:${server.address().port}`]);
  });
  after(() => {
    dns.setServers(before_);
    server.close();
  });

  it('gives the addresses of both kinds', async () => {
    assert.deepEqual(await resolveSeed('both.test'), ['5.6.7.8', '5.6.7.9', '2001:db8::1']);
  });

  it('gives those of one kind when there are no others', async () => {
    assert.deepEqual(await resolveSeed('four.test'), ['5.6.7.8']);
    assert.deepEqual(await resolveSeed('six.test'), ['2001:db8::1']);
  });

  it('gives none, and throws nothing, for a name without addresses or a server that fails', async () => {
    for (const name of ['empty.test', 'unheard-of.test', 'broken.test', 'refused.test', '', 'x'.repeat(300), 'a..b']) {
      assert.deepEqual(await resolveSeed(name), [], name);
    }
  });

  it('gives none when nobody is there to be asked', async () => {
    const [asked] = dns.getServers();
    const gone = createSocket('udp4');
    gone.bind(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address();
    await new Promise<void>((resolve) => gone.close(() => resolve()));
    dns.setServers([`127.0.0.1:${port}`]);
    try {
      assert.deepEqual(await resolveSeed('both.test'), []);
    } finally {
      dns.setServers(asked === undefined ? [] : [asked]);
    }
  });
});
