/** For each setting a valid and an invalid text, for the tests of every layer. */
import { stringify } from 'yaml';
import type { Key } from '../../src/config/settings.js';

export const PUBLIC = 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7';
export const SECRET = 'D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs';
export const CURVE = { BLOCKCAST_POOL_CURVE_PUBLIC_KEY: PUBLIC, BLOCKCAST_POOL_CURVE_SECRET_KEY: SECRET };

const SERVERS = { BLOCKCAST_CLUSTER_SERVERS: '127.0.0.1' };
const CLUSTER = { ...SERVERS, BLOCKCAST_CLUSTER_RELAY: 'eu' };

/** For each setting: a text that is not its default, and what becomes of it; and a text that it cannot be. */
export const EXAMPLES: Readonly<
  Record<Key, { text: string; value: unknown; wrong: string; besides?: Record<string, string> }>
> = {
  network: { text: 'regtest', value: 'regtest', wrong: 'main' },
  'devnet.name': { text: 'foo', value: 'foo', wrong: 'a b', besides: { BLOCKCAST_NETWORK: 'devnet' } },
  'dashd.rpc.url': { text: 'http://10.1.2.3:1234', value: 'http://10.1.2.3:1234', wrong: 'tcp://x' },
  'dashd.rpc.user': { text: 'pool', value: 'pool', wrong: 'a:b', besides: { BLOCKCAST_DASHD_RPC_PASSWORD: 'p' } },
  'dashd.rpc.password': { text: '0123', value: '0123', wrong: 'a\nb', besides: { BLOCKCAST_DASHD_RPC_USER: 'u' } },
  'dashd.rpc.cookieFile': { text: '~/.cookie', value: '/home/pool/.cookie', wrong: 'a\0b' },
  'dashd.p2p.host': { text: 'dashd', value: 'dashd', wrong: 'not a host' },
  'dashd.p2p.port': { text: '1234', value: 1234, wrong: '0' },
  'dashd.zmq.url': { text: 'none', value: '', wrong: 'localhost:28332' },
  'pool.bind': { text: 'ipc:///run/blockcast', value: 'ipc:///run/blockcast', wrong: 'tcp://127.0.0.1' },
  'pool.allowInsecureBind': { text: 'true', value: true, wrong: 'maybe' },
  'pool.curve.enabled': {
    text: 'yes',
    value: true,
    wrong: '2',
    besides: { ...CURVE, BLOCKCAST_POOL_CURVE_ALLOWED_CLIENTS: SECRET },
  },
  'pool.curve.publicKey': {
    text: PUBLIC,
    value: PUBLIC,
    wrong: 'short',
    besides: {
      BLOCKCAST_POOL_CURVE_ENABLED: 'true',
      BLOCKCAST_POOL_CURVE_SECRET_KEY: SECRET,
      BLOCKCAST_POOL_CURVE_ALLOWED_CLIENTS: SECRET,
    },
  },
  'pool.curve.secretKey': {
    text: SECRET,
    value: SECRET,
    wrong: 'short',
    besides: {
      BLOCKCAST_POOL_CURVE_ENABLED: 'true',
      BLOCKCAST_POOL_CURVE_PUBLIC_KEY: PUBLIC,
      BLOCKCAST_POOL_CURVE_ALLOWED_CLIENTS: SECRET,
    },
  },
  'pool.curve.allowedClients': {
    text: `${SECRET},${SECRET}`,
    value: [SECRET, PUBLIC],
    wrong: 'short',
    besides: { ...CURVE, BLOCKCAST_POOL_CURVE_ENABLED: 'true' },
  },
  'events.bind': { text: 'tcp://[::1]:1', value: 'tcp://[::1]:1', wrong: 'tcp://::1:1' },
  'events.allowInsecureBind': { text: 'on', value: true, wrong: 'maybe' },
  'broadcast.enabled': { text: 'off', value: false, wrong: 'nope' },
  'broadcast.maxPeers': { text: '125', value: 125, wrong: '20x' },
  'broadcast.minPeers': { text: '0', value: 0, wrong: '-1' },
  'broadcast.uplink': { text: '20', value: 20, wrong: '0' },
  'broadcast.maxMemory': { text: '20000000', value: 20_000_000, wrong: '15999999' },
  'broadcast.refreshInterval': { text: '5', value: 5, wrong: '1.5' },
  'broadcast.learned': { text: 'false', value: false, wrong: 'maybe' },
  'broadcast.rehearsalInterval': { text: '0', value: 0, wrong: '0.5' },
  'broadcast.skipBootstrap': { text: 'TRUE', value: true, wrong: 'no way' },
  'broadcast.peerDb': { text: '/var/lib/peers.json', value: '/var/lib/peers.json', wrong: 'a\0' },
  'broadcast.countryDb': { text: '/var/lib/country.mmdb', value: '/var/lib/country.mmdb', wrong: 'a\0' },
  'broadcast.fallback': { text: '0', value: false, wrong: 'never' },
  'broadcast.weights.known': { text: '120', value: 120, wrong: '-1' },
  'broadcast.weights.heard': { text: '40', value: 40, wrong: 'many' },
  'broadcast.weights.success': { text: '200', value: 200, wrong: '10001' },
  'broadcast.weights.hour': { text: '60', value: 60, wrong: '1.5' },
  'broadcast.weights.sixHours': { text: '31', value: 31, wrong: '0x1f' },
  'broadcast.weights.day': { text: '11', value: 11, wrong: 'x' },
  'broadcast.weights.older': { text: '0', value: 0, wrong: '-20' },
  'broadcast.weights.fromDashd': { text: '0', value: 0, wrong: 'no' },
  peers: {
    text: 'a.example:1, 203.0.113.7 ,[2001:db8::1]:2,[::1],A.example:1',
    value: [
      { host: 'a.example', port: 1, family: 'name' },
      { host: '203.0.113.7', port: 9999, family: 'ipv4' },
      { host: '2001:db8::1', port: 2, family: 'ipv6' },
      { host: '::1', port: 9999, family: 'ipv6' },
    ],
    wrong: 'a.example:1,::g',
  },
  'quorum.maxPeers': { text: '0', value: 0, wrong: '1501' },
  'locks.relay': { text: 'no', value: false, wrong: 'nope' },
  'locks.forecast': { text: '0', value: 0, wrong: '3601' },
  'witnesses.count': { text: '0', value: 0, wrong: '33' },
  'http.enabled': { text: 'no', value: false, wrong: 'nope' },
  'http.host': {
    text: '0.0.0.0',
    value: '0.0.0.0',
    wrong: '0x7f.1',
    besides: { BLOCKCAST_HTTP_PASSWORD: 'p' },
  },
  'http.port': { text: '0', value: 0, wrong: '65536' },
  'http.user': { text: 'operator', value: 'operator', wrong: 'a:b' },
  'http.password': { text: '0123', value: '0123', wrong: 'a\nb' },
  'http.allowInsecureBind': { text: '1', value: true, wrong: 'maybe' },
  'http.reverseProxies': {
    text: '127.0.0.1, 172.16.0.0/12,2001:db8::/32',
    value: ['127.0.0.1', '172.16.0.0/12', '2001:db8::/32'],
    wrong: '127.0.0.1,0x7f.1/33',
  },
  'proxy.enabled': { text: 'on', value: true, wrong: 'maybe' },
  'proxy.host': { text: '[::1]', value: '::1', wrong: '*' },
  'tor.mode': { text: 'onion', value: 'onion', wrong: 'on' },
  'tor.proxy': { text: '10.0.0.1:9150', value: { host: '10.0.0.1', port: 9_150 }, wrong: '10.0.0.1' },
  'proxy.port': { text: '9998', value: 9998, wrong: '-1' },
  'proxy.allowInsecureBind': { text: 'true', value: true, wrong: 'sure' },
  'history.file': { text: '/var/lib/blocks.jsonl', value: '/var/lib/blocks.jsonl', wrong: 'a\0' },
  'history.maxBlocks': { text: '5', value: 5, wrong: '0' },
  'history.anatomy': { text: 'false', value: false, wrong: 'maybe' },
  'spool.enabled': { text: 'false', value: false, wrong: 'never' },
  'spool.dir': { text: '/var/lib/spool', value: '/var/lib/spool', wrong: 'a\0' },
  'spool.maxBlocks': { text: '5', value: 5, wrong: '0' },
  'spool.maxBytes': { text: '5000000', value: 5_000_000, wrong: '3999999' },
  'cluster.servers': {
    text: 'tls://nats-1.example.org,127.0.0.1:4223',
    value: ['tls://nats-1.example.org:4222', 'tls://127.0.0.1:4223'],
    wrong: 'http://nats.example.org',
    besides: { BLOCKCAST_CLUSTER_RELAY: 'eu' },
  },
  'cluster.name': { text: 'pool-1', value: 'pool-1', wrong: 'a.b', besides: CLUSTER },
  'cluster.relay': { text: 'us', value: 'us', wrong: 'us west', besides: SERVERS },
  'cluster.user': {
    text: 'eu',
    value: 'eu',
    wrong: '\u0007',
    besides: { ...CLUSTER, BLOCKCAST_CLUSTER_PASSWORD: 'p' },
  },
  'cluster.password': {
    text: 'secret',
    value: 'secret',
    wrong: '\u0007',
    besides: { ...CLUSTER, BLOCKCAST_CLUSTER_USER: 'eu' },
  },
  'cluster.tls.ca': { text: '/etc/nats/ca.pem', value: '/etc/nats/ca.pem', wrong: 'a\0', besides: CLUSTER },
  'cluster.tls.cert': {
    text: '/etc/nats/eu.pem',
    value: '/etc/nats/eu.pem',
    wrong: 'a\0',
    besides: { ...CLUSTER, BLOCKCAST_CLUSTER_TLS_KEY: 'k' },
  },
  'cluster.tls.key': {
    text: '/etc/nats/eu.key',
    value: '/etc/nats/eu.key',
    wrong: 'a\0',
    besides: { ...CLUSTER, BLOCKCAST_CLUSTER_TLS_CERT: 'c' },
  },
  'cluster.sharePeers': { text: 'no', value: false, wrong: 'some', besides: CLUSTER },
  'cluster.allowInsecure': { text: 'true', value: true, wrong: 'sure', besides: CLUSTER },
  'alerts.webhook.url': { text: 'https://hooks.example/x', value: 'https://hooks.example/x', wrong: 'ftp://x' },
  'alerts.webhook.secret': {
    text: '0123',
    value: '0123',
    wrong: 'a\nb',
    besides: { BLOCKCAST_ALERTS_WEBHOOK_URL: 'https://hooks.example' },
  },
  'alerts.telegram.token': {
    text: '12:ab',
    value: '12:ab',
    wrong: 'a\nb',
    besides: { BLOCKCAST_ALERTS_TELEGRAM_CHAT: '@pool' },
  },
  'alerts.telegram.chat': {
    text: '-100123',
    value: '-100123',
    wrong: 'a\nb',
    besides: { BLOCKCAST_ALERTS_TELEGRAM_TOKEN: '12:ab' },
  },
  'alerts.telegram.api': {
    text: 'http://127.0.0.1:8081',
    value: 'http://127.0.0.1:8081',
    wrong: 'telegram',
    besides: { BLOCKCAST_ALERTS_TELEGRAM_TOKEN: '12:ab', BLOCKCAST_ALERTS_TELEGRAM_CHAT: '@pool' },
  },
  'alerts.repeatAfter': { text: '0', value: 0, wrong: '-1' },
  'alerts.maxPerHour': { text: '5', value: 5, wrong: '0' },
  'log.level': { text: 'critical', value: 'critical', wrong: 'INFO' },
  'log.format': { text: 'json', value: 'json', wrong: 'xml' },
};

/** Settings that cannot stand at their defaults beside what their example needs. */
export const ALONE = /^(dashd\.rpc|pool\.curve|alerts|cluster)\./;

export function nested(key: Key, value: unknown): string {
  return stringify(key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value));
}
