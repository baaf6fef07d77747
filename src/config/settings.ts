/**
 * The one table of settings. Keys in a file, environment variables, flags, `--help`, defaults and what is masked all follow
 * from it. The names are an interface to operators: they are added to, never changed.
 */
import { NETWORK_NAMES } from '../wire/network.js';
import {
  apiUrl,
  bindEndpoint,
  boolean,
  connectEndpoint,
  curveKey,
  curveKeyList,
  devnetName,
  host,
  httpUrl,
  integer,
  ipRangeList,
  type Kind,
  listenHost,
  oneOf,
  optional,
  path,
  peerList,
  rpcUrl,
  rpcUser,
  text,
} from './kinds.js';

/** From the gravest to the least. */
export const LOG_LEVELS = ['critical', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const LOG_FORMATS = ['auto', 'pretty', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface Setting<T> {
  readonly kind: Kind<T>;
  /** Null where there is none, or where it follows from other settings (`follows` says how). */
  readonly default: T | null;
  readonly doc: string;
  readonly follows?: string;
  /** Masked wherever it is shown. */
  readonly secret?: true;
  /** Taken over by a running relay when it is told to read its configuration again. */
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

/** A session more than this costs dashd's whole inbound allowance and gains nothing. */
const MAX_PEERS = 1_000;
const DAY_SECONDS = 86_400;
/** The longest pause after which caches can still be warm, with much to spare. */
const MAX_REHEARSAL_MS = 1_000;
const MAX_HISTORY = 1_000_000;
/** Putting more in the order of the chain would hold the event loop. */
const MAX_SPOOLED = 10_000;
/** Two blocks of the largest size. */
const MIN_SPOOL_BYTES = 4_000_000;

const points = integer(0, 10_000);
const port = integer(1, 65_535);
const bindPort = integer(0, 65_535);

const SETTINGS = {
  network: setting(oneOf(NETWORK_NAMES), 'mainnet', 'the Dash network'),
  'devnet.name': setting(optional(devnetName), null, "the name of the devnet, as in dashd's -devnet=name"),

  'dashd.rpc.url': setting(optional(rpcUrl), null, "where the pool's own dashd answers JSON-RPC", {
    follows: "127.0.0.1 and the network's port",
  }),
  'dashd.rpc.user': setting(optional(rpcUser), null, 'RPC user (dashd: -rpcuser, -rpcauth)'),
  'dashd.rpc.password': setting(
    optional(text),
    null,
    'RPC password; better in the environment than on the command line',
    {
      secret: true,
    },
  ),
  'dashd.rpc.cookieFile': setting(optional(path), null, "dashd's .cookie, used when no user is given", {
    follows: "the network's folder in Dash Core's data directory",
  }),
  'dashd.p2p.host': setting(host, '127.0.0.1', "where the pool's own dashd listens for peers"),
  'dashd.p2p.port': setting(optional(port), null, 'its P2P port', { follows: "the network's port" }),
  'dashd.zmq.url': setting(
    connectEndpoint,
    'tcp://127.0.0.1:28332',
    'dashd publishes rawblock and hashblock there (-zmqpubrawblock, -zmqpubhashblock); none: no feed',
  ),

  'pool.bind': setting(bindEndpoint, 'tcp://127.0.0.1:28500', 'the ZeroMQ PULL socket to which pools PUSH raw blocks'),
  'pool.allowInsecureBind': setting(boolean, false, 'allow pool.bind beyond loopback without CURVE'),
  'pool.curve.enabled': setting(boolean, false, 'encrypt the pool and events sockets, and admit known clients only'),
  'pool.curve.publicKey': setting(optional(curveKey), null, "the relay's public key"),
  'pool.curve.secretKey': setting(optional(curveKey), null, "the relay's secret key", { secret: true }),
  'pool.curve.allowedClients': setting(curveKeyList, [], 'public keys of the clients that may connect'),
  'events.bind': setting(
    bindEndpoint,
    'tcp://127.0.0.1:28501',
    'the ZeroMQ PUB socket for block events (docs/events.md)',
  ),
  'events.allowInsecureBind': setting(boolean, false, 'allow events.bind beyond loopback without CURVE'),

  'broadcast.enabled': setting(boolean, true, 'push to peers; false: to the local dashd only'),
  'broadcast.maxPeers': setting(integer(1, MAX_PEERS), 20, 'most peers to stay connected to'),
  'broadcast.minPeers': setting(integer(0, MAX_PEERS), 5, 'fewer are not healthy'),
  'broadcast.maxMemory': setting(
    integer(16_000_000, 16_000_000_000),
    268_435_456,
    'bytes of blocks in memory; with more the oldest is given up, which its verdict says',
  ),
  'broadcast.refreshInterval': setting(integer(1, DAY_SECONDS), 60, 'seconds between looks at the set of peers'),
  'broadcast.rehearsalInterval': setting(
    optional(integer(0, MAX_REHEARSAL_MS)),
    null,
    'has no effect, and goes with the next version: there are no rehearsals any more',
  ),
  'broadcast.skipBootstrap': setting(boolean, false, "do not ask dashd's getpeerinfo for peers"),
  'broadcast.peerDb': setting(optional(path), null, 'the file in which peers are remembered', {
    follows: "the network's folder under data/",
  }),
  'broadcast.countryDb': setting(
    optional(path),
    null,
    'a table of countries in MMDB format, in place of the one that comes with blockcast',
  ),
  'broadcast.fallback': setting(
    boolean,
    true,
    'false: a block that reached no peer but the local dashd counts as failed',
  ),
  'broadcast.weights.known': setting(points, 100, 'points of a peer that dashd or the operator named', LIVE),
  'broadcast.weights.heard': setting(points, 50, 'points of a peer known by hearsay', LIVE),
  'broadcast.weights.success': setting(points, 100, 'points times the success rate, which is between 0 and 1', LIVE),
  'broadcast.weights.hour': setting(points, 50, 'points of a peer seen within the last hour', LIVE),
  'broadcast.weights.sixHours': setting(points, 30, 'seen within six hours', LIVE),
  'broadcast.weights.day': setting(points, 10, 'seen within a day', LIVE),
  'broadcast.weights.older': setting(integer(0, 10_000), 20, 'points taken from a peer not seen for longer', LIVE),
  'broadcast.weights.fromDashd': setting(points, 30, 'points more for a peer that dashd itself had', LIVE),
  peers: setting(peerList, [], "peers always to be tried; the port defaults to the network's", LIVE),

  'http.enabled': setting(boolean, true, 'serve the dashboard, the API and the metrics'),
  'http.host': setting(listenHost, '127.0.0.1', 'where the HTTP service listens'),
  'http.port': setting(bindPort, 8080, 'its port'),
  'http.user': setting(rpcUser, 'blockcast', 'the user whose password is http.password'),
  'http.password': setting(optional(text), null, 'asked for on every page but the health checks', { secret: true }),
  'http.allowInsecureBind': setting(
    boolean,
    false,
    'allow http.host beyond loopback without a password: the pages are then open to whoever can reach them',
  ),
  'http.reverseProxies': setting(
    ipRangeList,
    [],
    'addresses of the reverse proxy in front, which then decides who may see the pages and whose X-Forwarded-For is believed',
  ),

  'proxy.enabled': setting(boolean, false, "answer JSON-RPC in dashd's place, for a pool that knows nothing else"),
  'proxy.host': setting(listenHost, '127.0.0.1', 'where the JSON-RPC proxy listens'),
  'proxy.port': setting(bindPort, 28_502, 'its port'),
  'proxy.allowInsecureBind': setting(
    boolean,
    false,
    'allow proxy.host beyond loopback; dashd still asks for its password, but it crosses the network unencrypted',
  ),

  'history.file': setting(optional(path), null, 'the file in which the blocks of the pool are remembered', {
    follows: "the network's folder under data/",
  }),
  'history.maxBlocks': setting(integer(1, MAX_HISTORY), 10_000, 'most blocks to remember; the oldest go first'),

  'spool.enabled': setting(
    boolean,
    true,
    'keep found blocks on disk until they are delivered, so that they survive a crash; see docs/pools.md',
  ),
  'spool.dir': setting(optional(path), null, 'the folder in which they are kept; for nothing else', {
    follows: "the history file's folder",
  }),
  'spool.maxBlocks': setting(integer(1, MAX_SPOOLED), 2_000, 'most blocks to keep there; the oldest go first'),
  'spool.maxBytes': setting(
    integer(MIN_SPOOL_BYTES, Number.MAX_SAFE_INTEGER),
    268_435_456,
    'most bytes to keep there; the oldest go first',
  ),

  'alerts.webhook.url': setting(optional(httpUrl), null, 'alerts are POSTed there as JSON', {
    secret: true,
    live: true,
  }),
  'alerts.webhook.secret': setting(optional(text), null, 'signs each POST: HMAC-SHA-256, in X-Blockcast-Signature', {
    secret: true,
    live: true,
  }),
  'alerts.telegram.token': setting(optional(text), null, 'the token of the bot that sends alerts', {
    secret: true,
    live: true,
  }),
  'alerts.telegram.chat': setting(optional(text), null, 'the chat that gets them: its number, or @channel', LIVE),
  'alerts.telegram.api': setting(apiUrl, 'https://api.telegram.org', "where Telegram's bot API answers", LIVE),
  'alerts.repeatAfter': setting(
    integer(0, DAY_SECONDS),
    3_600,
    'seconds after which an alert that still stands is sent again; 0: never',
    LIVE,
  ),
  'alerts.maxPerHour': setting(
    integer(1, 3_600),
    30,
    'most messages an hour and channel, those about blocks counted apart; what is left out is counted in the next',
    LIVE,
  ),

  'log.level': setting(oneOf(LOG_LEVELS), 'info', 'the least grave lines to print', LIVE),
  'log.format': setting(oneOf(LOG_FORMATS), 'auto', 'auto: pretty on a terminal, JSON otherwise'),
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

/** Whether a running relay takes over a change of it (SIGHUP); the others need a restart. */
export function isLive(key: Key): boolean {
  return settingOf(key).live === true;
}

export function settingOf(key: Key): Setting<unknown> {
  return SETTINGS[key];
}

/** Settings that are masked; each may stand in a file of its own. */
export const SECRETS: readonly Key[] = KEYS.filter(isSecret);

export const ENV_PREFIX = 'BLOCKCAST_';
/** The environment's `--config`. */
export const CONFIG_ENV = `${ENV_PREFIX}CONFIG`;

/** `dashd.rpc.cookieFile` → `BLOCKCAST_DASHD_RPC_COOKIE_FILE` */
export function envName(key: Key): string {
  return ENV_PREFIX + words(key).join('_').toUpperCase();
}

/** The variable that names the file in which a secret stands, as container stacks hand them out. */
export function secretFileEnvName(key: Key): string {
  return `${envName(key)}_FILE`;
}

/** The same in a configuration file: `http.password` → `http.passwordFile` */
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

/** One flag a setting, and two more names under which the original broadcaster had them. */
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
