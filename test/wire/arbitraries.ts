import fc from 'fast-check';
import type { PeerAddress } from '../../src/wire/addr.js';
import { ipText, isV4Mapped } from '../../src/wire/address.js';
import { i2pName, onionName } from '../../src/wire/hidden.js';
import type { Command, Message } from '../../src/wire/registry.js';

/** As `fc.record`, without the records of no prototype that would not be deeply equal to any decoder's. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const i32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const seconds = fc.bigInt({ min: 0n, max: 0x7fff_ffff_ffff_ffffn });

export function bytes(minLength: number, maxLength = minLength): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));
}

const hash = bytes(32).map((raw) => raw.toString('hex'));
const ipv4 = bytes(4).map(ipText);
const ipv6 = bytes(16)
  .filter((ip) => !isV4Mapped(ip))
  .map(ipText);
const port = u16;

const SAFE = [...'ABCXYZabcxyz0189 .,;-_/:?@()'];
const userAgent = fc.string({ unit: fc.constantFrom(...SAFE), maxLength: 256 });
const netAddress = record({ services: u64, host: fc.oneof(ipv4, ipv6), port });

type Place = Pick<PeerAddress, 'network' | 'host'>;
function place(network: Place['network'], host: fc.Arbitrary<string>): fc.Arbitrary<Place> {
  return record({ network: fc.constant(network), host });
}

const onV1 = fc.oneof(place('ipv4', ipv4), place('ipv6', ipv6));
const unknownId = u8.filter((id) => ![1, 2, 4, 5, 6].includes(id));
const onV2 = fc.oneof(
  onV1,
  place('torv3', bytes(32).map(onionName)),
  place('i2p', bytes(32).map(i2pName)),
  place(
    'cjdns',
    bytes(15).map((rest) => ipText(Buffer.concat([Buffer.of(0xfc), rest]))),
  ),
  place(
    'other',
    fc.tuple(unknownId, bytes(0, 512)).map(([id, rest]) => Buffer.concat([Buffer.of(id), rest]).toString('hex')),
  ),
);

function peers(where: fc.Arbitrary<Place>): fc.Arbitrary<PeerAddress[]> {
  const entry = fc.tuple(record({ time: u32, services: u64, port }), where).map(([rest, at]) => ({ ...rest, ...at }));
  return fc.array(entry, { maxLength: 6 });
}

const items = fc.array(record({ type: u32, hash }), { maxLength: 300 });

/** Any message of each command; a command without a line here does not compile. */
export const MESSAGES: { readonly [C in Command]: fc.Arbitrary<Extract<Message, { command: C }>> } = {
  version: record({
    command: fc.constant('version'),
    version: i32,
    services: u64,
    time: seconds,
    receiver: netAddress,
    sender: netAddress,
    nonce: u64,
    userAgent,
    height: i32,
    relay: fc.boolean(),
    mnauthChallenge: bytes(32),
    masternode: fc.boolean(),
  }),
  verack: fc.constant({ command: 'verack' }),
  mnauth: record({ command: fc.constant('mnauth'), masternode: hash, signature: bytes(96) }),
  clsig: record({ command: fc.constant('clsig'), height: i32, block: hash, signature: bytes(96) }),
  isdlock: record({
    command: fc.constant('isdlock'),
    version: fc.integer({ min: 0, max: 255 }),
    inputs: fc.array(record({ txid: hash, index: u32 }), { maxLength: 5 }),
    txid: hash,
    cycle: hash,
    signature: bytes(96),
  }),
  sendaddrv2: fc.constant({ command: 'sendaddrv2' }),
  sendheaders: fc.constant({ command: 'sendheaders' }),
  getaddr: fc.constant({ command: 'getaddr' }),
  sendcmpct: record({ command: fc.constant('sendcmpct'), highBandwidth: fc.boolean(), version: u64 }),
  ping: record({ command: fc.constant('ping'), nonce: u64 }),
  pong: record({ command: fc.constant('pong'), nonce: u64 }),
  addr: record({ command: fc.constant('addr'), addresses: peers(onV1) }),
  addrv2: record({ command: fc.constant('addrv2'), addresses: peers(onV2) }),
  inv: record({ command: fc.constant('inv'), items }),
  getdata: record({ command: fc.constant('getdata'), items }),
  notfound: record({ command: fc.constant('notfound'), items }),
  block: record({ command: fc.constant('block'), raw: bytes(81, 2000) }),
  cmpctblock: fc
    .tuple(bytes(80), u64, fc.nat(20), fc.integer({ min: 1, max: 5 }), bytes(0, 200))
    .chain(([header, nonce, ids, count, transactions]) =>
      record({
        command: fc.constant('cmpctblock' as const),
        header: fc.constant(header),
        nonce: fc.constant(nonce),
        shortIds: bytes(6 * ids),
        prefilled: fc.constant({ count, bytes: transactions }),
      }),
    ),
  getblocktxn: record({
    command: fc.constant('getblocktxn'),
    hash,
    indexes: fc.uniqueArray(fc.nat(0xfffe), { maxLength: 50 }).map((indexes) => indexes.sort((a, b) => a - b)),
  }),
  blocktxn: record({ command: fc.constant('blocktxn'), hash, count: fc.nat(0xffff), transactions: bytes(0, 500) }),
  tx: record({ command: fc.constant('tx'), raw: bytes(10, 500) }),
  getheaders: record({
    command: fc.constant('getheaders'),
    version: i32,
    locator: fc.array(hash, { maxLength: 101 }),
    stop: hash,
  }),
  headers: record({ command: fc.constant('headers'), headers: fc.array(bytes(80), { maxLength: 10 }) }),
};

export const anyMessage: fc.Arbitrary<Message> = fc.oneof(...Object.values<fc.Arbitrary<Message>>(MESSAGES));

/** Cuts bytes into chunks at random places, empty chunks among them. */
export function cutAt(stream: Buffer, places: readonly number[]): Buffer[] {
  const cuts = places.map((place) => place % (stream.length + 1)).sort((a, b) => a - b);
  return [...cuts, stream.length].map((end, i) => stream.subarray(cuts[i - 1] ?? 0, end));
}

export const cuts = fc.array(fc.nat(), { maxLength: 12 });
