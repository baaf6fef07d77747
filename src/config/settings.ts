/**
 * The table of all settings. File keys, environment variables, flags, `--help`, defaults and masking are derived from it.
 * Names are an interface to operators: settings are added, never renamed.
 */
import { LOG_LEVELS } from '../contracts/log-levels.js';
import { MAX_WITNESSES } from '../peers/witness-choice.js';
import { NETWORK_NAMES } from '../wire/network.js';
import {
  apiUrl,
  bindEndpoint,
  boolean,
  clusterWord,
  connectEndpoint,
  curveKey,
  curveKeyList,
  devnetName,
  host,
  hostAndPort,
  httpUrl,
  integer,
  ipRangeList,
  type Kind,
  listenHost,
  natsServerList,
  oneOf,
  optional,
  path,
  peerList,
  rpcUrl,
  rpcUser,
  text,
} from './kinds.js';
import { TOR_MODES } from './tor.js';

/** From the most to the least severe. */

const LOG_FORMATS = ['auto', 'pretty', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface Setting<T> {
  readonly kind: Kind<T>;
  /** Null where there is none, or where it is derived from other settings (`follows` says how). */
  readonly default: T | null;
  readonly doc: string;
  readonly follows?: string;
  /** Masked in all output. */
  readonly secret?: true;
  /** A running relay applies a change when it reloads its configuration (SIGHUP). */
  readonly live?: true;
}

function setting<T>(
  kind: Kind<T>,
  fallback: T | null,
  doc: string,
  more: Pick<Setting<T>, 'follows' | 'secret' | 'live'> = {},
): Setting<T> {
  return { kind, default: fallback, doc, ...more };
}

const LIVE = { live: true } as const;

/** Bounds memory and descriptors; more connections do not deliver a block sooner. */
const MAX_PEERS = 1_000;
/** More than the members of mainnet's four active ChainLock quorums of 400. */
const MAX_QUORUM_PEERS = 1_500;
/** 1 Tbit/s. */
const MAX_MBIT = 1_000_000;
const DAY_SECONDS = 86_400;
/** Upper bound of a deprecated setting that has no effect. */
const MAX_REHEARSAL_MS = 1_000;
const MAX_HISTORY = 1_000_000;
/** At the start the spooled blocks are sorted by chain order in one turn of the event loop, which this bounds. */
const MAX_SPOOLED = 10_000;
/** Two blocks of the largest size. */
const MIN_SPOOL_BYTES = 4_000_000;

const points = integer(0, 10_000);
const port = integer(1, 65_535);
const bindPort = integer(0, 65_535);

const SETTINGS = {
  network: setting(oneOf(NETWORK_NAMES), 'mainnet', 'the Dash network'),
  'devnet.name': setting(optional(devnetName), null, "the name of the devnet, as in dashd's -devnet=name"),

  'dashd.rpc.url': setting(optional(rpcUrl), null, "JSON-RPC URL of the pool's own dashd", {
    follows: "127.0.0.1 and the network's port",
  }),
  'dashd.rpc.user': setting(optional(rpcUser), null, 'RPC user (dashd: -rpcuser, -rpcauth)'),
  'dashd.rpc.password': setting(
    optional(text),
    null,
    'RPC password; prefer a file or the environment, since arguments are visible to every user of the machine',
    {
      secret: true,
    },
  ),
  'dashd.rpc.cookieFile': setting(optional(path), null, "dashd's .cookie file, used when dashd.rpc.user is not set", {
    follows: "the network's folder in Dash Core's data directory",
  }),
  'dashd.p2p.host': setting(host, '127.0.0.1', "P2P host of the pool's own dashd"),
  'dashd.p2p.port': setting(optional(port), null, "P2P port of the pool's own dashd", {
    follows: "the network's port",
  }),
  'dashd.zmq.url': setting(
    connectEndpoint,
    'tcp://127.0.0.1:28332',
    'endpoint where dashd publishes rawblock and hashblock (-zmqpubrawblock, -zmqpubhashblock); none disables the feed',
  ),

  'pool.bind': setting(bindEndpoint, 'tcp://127.0.0.1:28500', 'ZeroMQ PULL socket to which pools PUSH raw blocks'),
  'pool.allowInsecureBind': setting(boolean, false, 'allow pool.bind beyond loopback without CURVE'),
  'pool.curve.enabled': setting(boolean, false, 'encrypt the pool and events sockets and accept known clients only'),
  'pool.curve.publicKey': setting(optional(curveKey), null, "the relay's public key"),
  'pool.curve.secretKey': setting(optional(curveKey), null, "the relay's secret key", { secret: true }),
  'pool.curve.allowedClients': setting(curveKeyList, [], 'public keys of the clients that may connect'),
  'events.bind': setting(bindEndpoint, 'tcp://127.0.0.1:28501', 'ZeroMQ PUB socket for block events (docs/events.md)'),
  'events.allowInsecureBind': setting(boolean, false, 'allow events.bind beyond loopback without CURVE'),

  'broadcast.enabled': setting(boolean, true, 'send blocks to peers; false: to the local dashd only'),
  'broadcast.maxPeers': setting(integer(1, MAX_PEERS), 20, 'maximum number of peer connections'),
  'broadcast.minPeers': setting(
    integer(0, MAX_PEERS),
    5,
    'number of connected peers below which the relay reports too few peers',
  ),
  'broadcast.maxMemory': setting(
    integer(16_000_000, 16_000_000_000),
    268_435_456,
    'maximum bytes of blocks in memory; beyond it the oldest block is given up, and its verdict says so',
  ),
  'broadcast.uplink': setting(
    optional(integer(1, MAX_MBIT)),
    null,
    "speed of the relay's uplink in Mbit/s: blocks are then written at this speed, the next block's signers first",
    { follows: 'measured by the blocks that are sent' },
  ),
  'broadcast.refreshInterval': setting(integer(1, DAY_SECONDS), 60, 'seconds between two reviews of the set of peers'),
  'broadcast.rehearsalInterval': setting(
    optional(integer(0, MAX_REHEARSAL_MS)),
    null,
    'deprecated, has no effect; the next version removes it',
  ),
  'broadcast.skipBootstrap': setting(boolean, false, "do not ask dashd's getpeerinfo for peers"),
  'broadcast.peerDb': setting(optional(path), null, 'file of the peer book', {
    follows: "the network's folder under data/",
  }),
  'broadcast.countryDb': setting(
    optional(path),
    null,
    'country database in MMDB format, instead of the one that comes with blockcast',
  ),
  'broadcast.fallback': setting(
    boolean,
    true,
    'false: a block that reached no peer but the local dashd counts as failed',
  ),
  'broadcast.learned': setting(
    boolean,
    true,
    'prefer peers that announce blocks early and are near; false: the weights below alone decide',
    LIVE,
  ),
  'broadcast.weights.known': setting(points, 100, 'points for a peer that came from dashd or the operator', LIVE),
  'broadcast.weights.heard': setting(
    points,
    50,
    'points for a peer that came from gossip, DNS seeds or the masternode list',
    LIVE,
  ),
  'broadcast.weights.success': setting(points, 100, 'points, multiplied by the success rate (0 to 1)', LIVE),
  'broadcast.weights.hour': setting(points, 50, 'points for a peer seen within the last hour', LIVE),
  'broadcast.weights.sixHours': setting(points, 30, 'points for a peer seen within the last six hours', LIVE),
  'broadcast.weights.day': setting(points, 10, 'points for a peer seen within the last day', LIVE),
  'broadcast.weights.older': setting(
    integer(0, 10_000),
    20,
    'points subtracted from a peer not seen within the last day',
    LIVE,
  ),
  'broadcast.weights.fromDashd': setting(points, 30, 'extra points for a peer that dashd was connected to', LIVE),
  'quorum.maxPeers': setting(
    integer(0, MAX_QUORUM_PEERS),
    400,
    'maximum number of connections to members of the active ChainLock quorums, beside broadcast.maxPeers; 0: none',
  ),
  'locks.relay': setting(
    boolean,
    true,
    "send the ChainLock of the pool's block, and if that is late the InstantSend locks of its transactions, to the peers that lack them",
  ),
  'locks.forecast': setting(
    integer(0, 3_600),
    15,
    'seconds between looks for transactions that would delay the ChainLock of the next block; 0: never, also not in found blocks',
  ),
  'witnesses.count': setting(
    integer(0, MAX_WITNESSES),
    8,
    'number of peers that are never sent a block, beside the others, and so tell how fast the network is; 0: none',
  ),
  peers: setting(peerList, [], "peers that are always tried; the port defaults to the network's", LIVE),

  'tor.mode': setting(
    oneOf(TOR_MODES),
    'off',
    'what goes through Tor: nothing, peers with onion addresses, or all; see docs/tor.md',
  ),
  'tor.proxy': setting(hostAndPort, '127.0.0.1:9050', "Tor's SOCKS port, as host:port"),

  'http.enabled': setting(boolean, true, 'serve the dashboard, the API and the metrics'),
  'http.host': setting(listenHost, '127.0.0.1', 'host on which the HTTP service listens'),
  'http.port': setting(bindPort, 8080, 'port of the HTTP service'),
  'http.user': setting(rpcUser, 'blockcast', 'user name for the HTTP service'),
  'http.password': setting(optional(text), null, 'password for every page except the health checks', { secret: true }),
  'http.allowInsecureBind': setting(
    boolean,
    false,
    'allow http.host beyond loopback without a password: everyone who can reach it can then read the pages',
  ),
  'http.reverseProxies': setting(
    ipRangeList,
    [],
    'IP addresses or ranges of reverse proxies: they then control access, and their X-Forwarded-For header is trusted',
  ),

  'proxy.enabled': setting(
    boolean,
    false,
    'run a JSON-RPC proxy in front of dashd, for a pool that submits blocks only with submitblock',
  ),
  'proxy.host': setting(listenHost, '127.0.0.1', 'host on which the JSON-RPC proxy listens'),
  'proxy.port': setting(bindPort, 28_502, 'port of the JSON-RPC proxy'),
  'proxy.allowInsecureBind': setting(
    boolean,
    false,
    "allow proxy.host beyond loopback; dashd's password then crosses the network unencrypted",
  ),

  'history.file': setting(optional(path), null, 'file of the block history', {
    follows: "the network's folder under data/",
  }),
  'history.maxBlocks': setting(
    integer(1, MAX_HISTORY),
    10_000,
    'maximum number of blocks in the history; the oldest are removed first',
  ),
  'history.anatomy': setting(
    boolean,
    true,
    'show what a block is made of, on the dashboard and in the API: read in a worker thread when it is first asked for',
  ),

  'spool.enabled': setting(
    boolean,
    true,
    'keep found blocks on disk until they are delivered, so that they survive a crash; see docs/pools.md',
  ),
  'spool.dir': setting(optional(path), null, 'folder of the spool; use it for nothing else', {
    follows: 'the folder `spool` beside the history file',
  }),
  'spool.maxBlocks': setting(
    integer(1, MAX_SPOOLED),
    2_000,
    'maximum number of blocks in the spool; the oldest are removed first',
  ),
  'spool.maxBytes': setting(
    integer(MIN_SPOOL_BYTES, Number.MAX_SAFE_INTEGER),
    268_435_456,
    'maximum bytes in the spool; the oldest blocks are removed first',
  ),

  'alerts.webhook.url': setting(optional(httpUrl), null, 'URL to which alerts are POSTed as JSON', {
    secret: true,
    live: true,
  }),
  'alerts.webhook.secret': setting(
    optional(text),
    null,
    'key that signs each POST (HMAC-SHA-256, header X-Blockcast-Signature)',
    {
      secret: true,
      live: true,
    },
  ),
  'alerts.telegram.token': setting(optional(text), null, 'token of the bot that sends alerts', {
    secret: true,
    live: true,
  }),
  'alerts.telegram.chat': setting(optional(text), null, 'chat that receives alerts: its number, or @channel', LIVE),
  'alerts.telegram.api': setting(apiUrl, 'https://api.telegram.org', 'URL of the Telegram bot API', LIVE),
  'alerts.repeatAfter': setting(
    integer(0, DAY_SECONDS),
    3_600,
    'seconds after which an alert that is still firing is sent again; 0: never',
    LIVE,
  ),
  'alerts.maxPerHour': setting(
    integer(1, 3_600),
    30,
    'maximum messages per hour and channel, with a separate limit for alerts about blocks; the next message says how many were left out',
    LIVE,
  ),

  'log.level': setting(oneOf(LOG_LEVELS), 'info', 'lowest level that is logged', LIVE),
  'log.format': setting(oneOf(LOG_FORMATS), 'auto', 'auto: pretty on a terminal, JSON otherwise'),
  'cluster.servers': setting(
    natsServerList,
    [],
    'NATS servers by which several relays work as one, the nearest first (docs/cluster.md); empty: this relay works alone',
  ),
  'cluster.name': setting(
    clusterWord,
    'blockcast',
    'the name of the cluster: relays with another name do not hear each other, also on the same servers',
  ),
  'cluster.relay': setting(optional(clusterWord), null, 'the name of this relay in the cluster, such as its region', {
    follows: 'none; needed with cluster.servers',
  }),
  'cluster.user': setting(optional(text), null, 'the user of this relay at the NATS servers'),
  'cluster.password': setting(optional(text), null, 'its password', { secret: true }),
  'cluster.tls.ca': setting(
    optional(path),
    null,
    "a file with the certificate of the authority that signed the servers' certificates",
    { follows: "the system's authorities" },
  ),
  'cluster.tls.cert': setting(
    optional(path),
    null,
    "a file with this relay's certificate, where the servers ask for one",
  ),
  'cluster.tls.key': setting(optional(path), null, 'a file with the key of that certificate'),
  'cluster.sharePeers': setting(
    boolean,
    true,
    'whether relays share out the peers among them, each those nearest to it, in place of each connecting to any',
  ),
  'cluster.allowInsecure': setting(
    boolean,
    false,
    'allows servers on other hosts without TLS (nats:// in place of tls://)',
  ),
} as const;

export type Key = keyof typeof SETTINGS;
export type Values = { [K in Key]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never };

export const KEYS = Object.keys(SETTINGS) as readonly Key[];

export function isKey(name: string): name is Key {
  return Object.hasOwn(SETTINGS, name);
}

export function isSecret(key: Key): boolean {
  return settingOf(key).secret === true;
}

/** Whether a running relay applies a change on SIGHUP; the others need a restart. */
export function isLive(key: Key): boolean {
  return settingOf(key).live === true;
}

export function settingOf(key: Key): Setting<unknown> {
  return SETTINGS[key];
}

/** Settings that are masked; each can be read from a file of its own. */
export const SECRETS: readonly Key[] = KEYS.filter(isSecret);

export const ENV_PREFIX = 'BLOCKCAST_';
/** The variable for `--config`. */
export const CONFIG_ENV = `${ENV_PREFIX}CONFIG`;

/** `dashd.rpc.cookieFile` → `BLOCKCAST_DASHD_RPC_COOKIE_FILE` */
export function envName(key: Key): string {
  return ENV_PREFIX + words(key).join('_').toUpperCase();
}

/** The variable that names the file of a secret (Docker and Kubernetes secrets). */
export function secretFileEnvName(key: Key): string {
  return `${envName(key)}_FILE`;
}

/** The key that names the file of a secret: `http.password` → `http.passwordFile` */
export function secretFileKey(key: Key): string {
  return `${key}File`;
}

/** `dashd.rpc.cookieFile` → `dashd-rpc-cookie-file` */
export function flagName(key: Key): string {
  return words(key).join('-').toLowerCase();
}

/** `http.password` → `http-password-file` */
export function secretFileFlagName(key: Key): string {
  return `${flagName(key)}-file`;
}

function words(key: Key): string[] {
  return key.split(/\.|(?=[A-Z])/);
}

/** A flag's name, without its dashes, and what it sets. */
export interface Flag {
  readonly name: string;
  readonly key: Key;
  readonly doc: string;
  /** True when the flag says the opposite of its setting. */
  readonly inverted: boolean;
}

/** One flag per setting, and two aliases from p2pool-dash's broadcaster. */
export const FLAGS: readonly Flag[] = [
  ...KEYS.map((key) => ({ name: flagName(key), key, doc: SETTINGS[key].doc, inverted: false })),
  { name: 'broadcast-peers', key: 'broadcast.enabled', doc: 'the same as --broadcast-enabled', inverted: false },
  {
    name: 'broadcast-no-fallback',
    key: 'broadcast.fallback',
    doc: 'the same as --broadcast-fallback=false',
    inverted: true,
  },
];
