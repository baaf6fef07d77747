import type { Message } from '../../src/wire/registry.js';

/** A message and its payload as the specification, not our encoder, says it is. */
export interface Vector {
  readonly name: string;
  readonly message: Message;
  /** The payload field by field: what it is, and its hex. */
  readonly fields: readonly (readonly [field: string, hex: string])[];
  /** Lengths at which the payload may end before its last byte and still be a message. */
  readonly mayEndAt?: (length: number) => boolean;
  /** False where decoding fills in what the bytes leave out, so that encoding gives more than was read. */
  readonly encodes?: false;
}

export function payloadOf(vector: Vector): Buffer {
  return Buffer.from(vector.fields.map(([, hex]) => hex).join(''), 'hex');
}

const GENESIS = '00000ffd590b1485b3caadc19b22e6379c733355108f107a430458cdf3407ab6';
const GENESIS_WIRE = 'b67a40f3cd5804437a108f105533739c37e6229bc1adcab385140b59fd0f0000';
const COUNTING = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const COUNTING_WIRE = '1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100';
const ZEROS = '0'.repeat(64);

/** Mainnet's genesis block, from the figures in Dash Core's `chainparams.cpp`. */
const GENESIS_HEADER = [
  '01000000',
  ZEROS,
  'c762a6567f3cc092f0684bb62b7e00a84890b990f07cc71a6bb58d64b98e02e0',
  '022ddb52',
  'f0ff0f1e',
  'c23fb901',
].join('');
const GENESIS_COINBASE = [
  '01000000',
  '01',
  ZEROS,
  'ffffffff',
  '62',
  '04ffff001d01044c59',
  Buffer.from(
    'Wired 09/Jan/2014 The Grand Experiment Goes Live: Overstock.com Is Now Accepting Bitcoins',
    'latin1',
  ).toString('hex'),
  'ffffffff',
  '01',
  '00f2052a01000000',
  '43',
  '41040184710fa689ad5023690c80f3a49c8f13f8d45b8c857fbcbc8bc4a8e4d3eb4b10f4d4604fa08dce601aaf0f470216fe1b51850b4acf21b179c45070ac7b03a9ac',
  '00000000',
].join('');

const VERSION_HEAD = [
  ['version', '60120100'],
  ['services', '050c000000000000'],
  ['time', 'efbead5e00000000'],
  ['receiver.services', '0100000000000000'],
  ['receiver.ip', '00000000000000000000ffffcb007107'],
  ['receiver.port', '270f'],
] as const;

const VERSION_HEAD_READ = {
  command: 'version',
  version: 70240,
  services: 0xc05n,
  time: 0x5eadbeefn,
  receiver: { services: 1n, host: '203.0.113.7', port: 9999 },
} as const;

/** The three addresses of Dash Core's `netbase_tests.cpp`, which it has in both formats. */
const CORE_ADDRESSES = [
  { time: 0x4966bc61, services: 0n, network: 'ipv6', host: '::1', port: 0 },
  { time: 0x83766279, services: 1n, network: 'ipv6', host: '::1', port: 0xf1 },
  { time: 0xffffffff, services: 1024n, network: 'ipv6', host: '::1', port: 0xf1f2 },
] as const;

const LOCALHOST_V6 = '00000000000000000000000000000001';

export const VECTORS: readonly Vector[] = [
  {
    name: 'version of protocol 70240, every field there',
    message: {
      ...VERSION_HEAD_READ,
      sender: { services: 0n, host: '2001:db8::1', port: 19999 },
      nonce: 0x0123456789abcdefn,
      userAgent: '/Dash Core:23.1.2/',
      height: 2345678,
      relay: true,
      mnauthChallenge: Buffer.from(COUNTING, 'hex'),
      masternode: false,
    },
    fields: [
      ...VERSION_HEAD,
      ['sender.services', '0000000000000000'],
      ['sender.ip', '20010db8000000000000000000000001'],
      ['sender.port', '4e1f'],
      ['nonce', 'efcdab8967452301'],
      ['userAgent', '122f4461736820436f72653a32332e312e322f'],
      ['height', 'ceca2300'],
      ['relay', '01'],
      ['mnauthChallenge', COUNTING],
      ['masternode', '00'],
    ],
    mayEndAt: (length) => [46, 80, 99, 103, 104, 136].includes(length),
  },
  {
    name: 'version that ends behind the receiver',
    message: {
      ...VERSION_HEAD_READ,
      sender: { services: 0n, host: '::', port: 0 },
      nonce: 1n,
      userAgent: '',
      height: -1,
      relay: true,
      mnauthChallenge: Buffer.alloc(32),
      masternode: false,
    },
    fields: VERSION_HEAD,
    encodes: false,
  },
  {
    name: "version of 2012, Bitcoin wiki's example",
    message: {
      command: 'version',
      version: 60002,
      services: 1n,
      time: 1355854353n,
      receiver: { services: 1n, host: '0.0.0.0', port: 0 },
      sender: { services: 1n, host: '0.0.0.0', port: 0 },
      nonce: 0x6517e68c5db32e3bn,
      userAgent: '/Satoshi:0.7.2/',
      height: 212672,
      relay: true,
      mnauthChallenge: Buffer.alloc(32),
      masternode: false,
    },
    fields: [
      ['version', '62ea0000'],
      ['services', '0100000000000000'],
      ['time', '11b2d05000000000'],
      ['receiver', '010000000000000000000000000000000000ffff000000000000'],
      ['sender', '010000000000000000000000000000000000ffff000000000000'],
      ['nonce', '3b2eb35d8ce61765'],
      ['userAgent', '0f2f5361746f7368693a302e372e322f'],
      ['height', 'c03e0300'],
    ],
    mayEndAt: (length) => [46, 80, 96].includes(length),
    encodes: false,
  },
  { name: 'verack', message: { command: 'verack' }, fields: [] },
  { name: 'sendaddrv2', message: { command: 'sendaddrv2' }, fields: [] },
  {
    name: 'mnauth',
    message: { command: 'mnauth', masternode: COUNTING, signature: Buffer.alloc(96, 0xab) },
    fields: [
      ['masternode', COUNTING_WIRE],
      ['signature', 'ab'.repeat(96)],
    ],
  },
  {
    name: 'clsig',
    message: { command: 'clsig', height: 2_345_678, block: COUNTING, signature: Buffer.alloc(96, 0xab) },
    fields: [
      ['height', 'ceca2300'],
      ['block', COUNTING_WIRE],
      ['signature', 'ab'.repeat(96)],
    ],
  },
  {
    name: 'isdlock of two inputs',
    message: {
      command: 'isdlock',
      version: 1,
      inputs: [
        { txid: COUNTING, index: 0 },
        { txid: GENESIS, index: 0x0403_0201 },
      ],
      txid: GENESIS,
      cycle: COUNTING,
      signature: Buffer.alloc(96, 0xcd),
    },
    fields: [
      ['version', '01'],
      ['inputs.count', '02'],
      ['inputs[0].txid', COUNTING_WIRE],
      ['inputs[0].index', '00000000'],
      ['inputs[1].txid', GENESIS_WIRE],
      ['inputs[1].index', '01020304'],
      ['txid', GENESIS_WIRE],
      ['cycle', COUNTING_WIRE],
      ['signature', 'cd'.repeat(96)],
    ],
  },
  { name: 'sendheaders', message: { command: 'sendheaders' }, fields: [] },
  { name: 'getaddr', message: { command: 'getaddr' }, fields: [] },
  {
    name: 'sendcmpct, low bandwidth, as dashd sends it',
    message: { command: 'sendcmpct', highBandwidth: false, version: 1n },
    fields: [
      ['highBandwidth', '00'],
      ['version', '0100000000000000'],
    ],
  },
  {
    name: 'sendcmpct, high bandwidth, a version of the future',
    message: { command: 'sendcmpct', highBandwidth: true, version: 0x0807060504030201n },
    fields: [
      ['highBandwidth', '01'],
      ['version', '0102030405060708'],
    ],
  },
  {
    name: 'ping',
    message: { command: 'ping', nonce: 0xfedcba9876543210n },
    fields: [['nonce', '1032547698badcfe']],
  },
  {
    name: 'pong',
    message: { command: 'pong', nonce: 0x0102030405060708n },
    fields: [['nonce', '0807060504030201']],
  },
  {
    name: "addr, Bitcoin wiki's example",
    message: {
      command: 'addr',
      addresses: [{ time: 1292899810, services: 1n, network: 'ipv4', host: '10.0.0.1', port: 8333 }],
    },
    fields: [
      ['count', '01'],
      ['time', 'e215104d'],
      ['services', '0100000000000000'],
      ['ip', '00000000000000000000ffff0a000001'],
      ['port', '208d'],
    ],
  },
  {
    name: "addr, Dash Core's example",
    message: { command: 'addr', addresses: CORE_ADDRESSES },
    fields: [
      ['count', '03'],
      ['first', `61bc66490000000000000000${LOCALHOST_V6}0000`],
      ['second', `796276830100000000000000${LOCALHOST_V6}00f1`],
      ['third', `ffffffff0004000000000000${LOCALHOST_V6}f1f2`],
    ],
  },
  {
    name: "addrv2, Dash Core's example",
    message: { command: 'addrv2', addresses: CORE_ADDRESSES },
    fields: [
      ['count', '03'],
      ['first', `61bc6649000210${LOCALHOST_V6}0000`],
      ['second', `79627683010210${LOCALHOST_V6}00f1`],
      ['third', `fffffffffd00040210${LOCALHOST_V6}f1f2`],
    ],
  },
  {
    name: 'addrv2, every network and what is none',
    message: {
      command: 'addrv2',
      addresses: [
        { time: 1, services: 0xfcn, network: 'ipv4', host: '203.0.113.7', port: 9999 },
        {
          time: 2,
          services: 0xffffn,
          network: 'torv3',
          host: 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion',
          port: 9999,
        },
        {
          time: 3,
          services: 0x10000n,
          network: 'i2p',
          host: 'ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p',
          port: 0,
        },
        { time: 4, services: 0xffffffffn, network: 'cjdns', host: 'fc00:1:2:3:4:5:6:7', port: 9999 },
        { time: 5, services: 0x100000000n, network: 'other', host: '2a010203', port: 1 },
        { time: 6, services: 0xffffffffffffffffn, network: 'other', host: '03f1f2f3f4f5f6f7f8f9fa', port: 2 },
        { time: 7, services: 0n, network: 'other', host: '0200000000000000000000ffffcb007107', port: 3 },
        { time: 8, services: 0n, network: 'other', host: `06${LOCALHOST_V6}`, port: 4 },
        { time: 9, services: 0n, network: 'other', host: '00', port: 5 },
      ],
    },
    fields: [
      ['count', '09'],
      ['IPv4', '01000000fc0104cb007107270f'],
      ['Tor v3', '02000000fdffff042079bcc625184b05194975c28b66b66b0469f7f6556fb1ac3189a79b40dda32f1f270f'],
      ['I2P', '03000000fe000001000520a2894dabaec08c0051a481a6dac88b64f98232ae42d4b6fd2fa81952dfe36a870000'],
      ['CJDNS', '04000000feffffffff0610fc000001000200030004000500060007270f'],
      ['an id of the future', '05000000ff00000000010000002a030102030001'],
      ['Tor v2, extinct', '06000000ffffffffffffffffff030af1f2f3f4f5f6f7f8f9fa0002'],
      ['IPv4 mapped into IPv6, not allowed', '0700000000021000000000000000000000ffffcb0071070003'],
      ['CJDNS without its prefix', `08000000000610${LOCALHOST_V6}0004`],
      ['nothing at all', '090000000000000005'],
    ],
  },
  {
    name: 'inv',
    message: {
      command: 'inv',
      items: [
        { type: 2, hash: GENESIS },
        { type: 29, hash: COUNTING },
      ],
    },
    fields: [
      ['count', '02'],
      ['type', '02000000'],
      ['hash', GENESIS_WIRE],
      ['type', '1d000000'],
      ['hash', COUNTING_WIRE],
    ],
  },
  {
    name: 'getdata, one of a kind that is not known',
    message: { command: 'getdata', items: [{ type: 0xfffffffe, hash: GENESIS }] },
    fields: [
      ['count', '01'],
      ['type', 'feffffff'],
      ['hash', GENESIS_WIRE],
    ],
  },
  { name: 'notfound of nothing', message: { command: 'notfound', items: [] }, fields: [['count', '00']] },
  {
    name: 'notfound',
    message: { command: 'notfound', items: [{ type: 20, hash: COUNTING }] },
    fields: [
      ['count', '01'],
      ['type', '14000000'],
      ['hash', COUNTING_WIRE],
    ],
  },
  {
    name: "block, mainnet's first",
    message: { command: 'block', raw: Buffer.from(`${GENESIS_HEADER}01${GENESIS_COINBASE}`, 'hex') },
    fields: [
      ['header', GENESIS_HEADER],
      ['count', '01'],
      ['coinbase', GENESIS_COINBASE],
    ],
    mayEndAt: (length) => length >= 81,
  },
  {
    name: 'cmpctblock, two short ids and two prefilled transactions',
    message: {
      command: 'cmpctblock',
      header: Buffer.from(GENESIS_HEADER, 'hex'),
      nonce: 0x0807_0605_0403_0201n,
      shortIds: Buffer.from('a1a2a3a4a5a6b1b2b3b4b5b6', 'hex'),
      prefilled: { count: 2, bytes: Buffer.from(`00${GENESIS_COINBASE}02${GENESIS_COINBASE}`, 'hex') },
    },
    fields: [
      ['header', GENESIS_HEADER],
      ['nonce', '0102030405060708'],
      ['shortIds.count', '02'],
      ['shortId', 'a1a2a3a4a5a6'],
      ['shortId', 'b1b2b3b4b5b6'],
      ['prefilled.count', '02'],
      ['prefilled, position 0', '00'],
      ['transaction', GENESIS_COINBASE],
      ['prefilled, position 3: two further', '02'],
      ['transaction', GENESIS_COINBASE],
    ],
    // Prefilled transactions are kept as one piece.
    mayEndAt: (length) => length >= 80 + 8 + 1 + 12 + 1,
  },
  {
    name: 'getblocktxn, positions as differences',
    message: { command: 'getblocktxn', hash: COUNTING, indexes: [1, 2, 5, 300] },
    fields: [
      ['hash', COUNTING_WIRE],
      ['count', '04'],
      ['1', '01'],
      ['2', '00'],
      ['5', '02'],
      ['300', 'fd2601'],
    ],
  },
  {
    name: 'blocktxn',
    message: {
      command: 'blocktxn',
      hash: COUNTING,
      count: 1,
      transactions: Buffer.from(GENESIS_COINBASE, 'hex'),
    },
    fields: [
      ['hash', COUNTING_WIRE],
      ['count', '01'],
      ['transaction', GENESIS_COINBASE],
    ],
    mayEndAt: (length) => length >= 33,
  },
  {
    name: "tx, mainnet's first",
    message: { command: 'tx', raw: Buffer.from(GENESIS_COINBASE, 'hex') },
    fields: [['raw', GENESIS_COINBASE]],
    mayEndAt: (length) => length >= 10,
  },
  {
    name: 'getheaders',
    message: { command: 'getheaders', version: 70240, locator: [COUNTING, GENESIS], stop: ZEROS },
    fields: [
      ['version', '60120100'],
      ['count', '02'],
      ['locator', COUNTING_WIRE],
      ['locator', GENESIS_WIRE],
      ['stop', ZEROS],
    ],
  },
  {
    name: 'headers',
    message: {
      command: 'headers',
      headers: [Buffer.from(GENESIS_HEADER, 'hex'), Buffer.from('ab'.repeat(80), 'hex')],
    },
    fields: [
      ['count', '02'],
      ['header', GENESIS_HEADER],
      ['transactions', '00'],
      ['header', 'ab'.repeat(80)],
      ['transactions', '00'],
    ],
  },
  {
    name: 'headers with numbers of transactions, which do not matter',
    message: { command: 'headers', headers: [Buffer.from(GENESIS_HEADER, 'hex'), Buffer.from(GENESIS_HEADER, 'hex')] },
    fields: [
      ['count', '02'],
      ['header', GENESIS_HEADER],
      ['transactions', '01'],
      ['header', GENESIS_HEADER],
      ['transactions', 'fd0001'],
    ],
    encodes: false,
  },
];
