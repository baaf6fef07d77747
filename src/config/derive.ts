/** Builds the {@link Config} from the parsed values, and derives what depends on other settings (ports, folders, the cookie file). */
import { dirname, join, posix, win32 } from 'node:path';
import { baseOf, type HttpUrl, parseHttpUrl } from '../address/http-url.js';
import { keyOf, type PeerAddress, parseAddress, toAddress } from '../peers/address.js';
import type { WeightSettings } from '../peers/score.js';
import { NETWORKS, type NetworkName } from '../wire/network.js';
import type { Config, CurveConfig } from './config-types.js';
import type { Values } from './settings.js';

export interface HostEnvironment {
  /** The user's home directory, from the environment. */
  readonly home: string | undefined;
  readonly platform: string;
}

/** @param values valid, each by itself and in combination */
export function derive(values: Values, host: HostEnvironment): Config {
  const network = NETWORKS[values.network];
  const historyFile = values['history.file'] ?? `${dataFolder(values)}/block_history.jsonl`;
  return {
    network: network.name,
    ...(values['devnet.name'] !== undefined && { devnet: { name: values['devnet.name'] } }),
    dashd: {
      rpc: rpcConfig(values, host),
      p2p: sound(toAddress(values['dashd.p2p.host'], values['dashd.p2p.port'] ?? network.p2pPort)),
      zmq: { url: values['dashd.zmq.url'] },
    },
    pool: {
      bind: values['pool.bind'],
      allowInsecureBind: values['pool.allowInsecureBind'],
      curve: curveConfig(values),
    },
    events: { bind: values['events.bind'], allowInsecureBind: values['events.allowInsecureBind'] },
    broadcast: {
      enabled: values['broadcast.enabled'],
      maxPeers: values['broadcast.maxPeers'],
      minPeers: values['broadcast.minPeers'],
      maxMemory: values['broadcast.maxMemory'],
      ...(values['broadcast.uplink'] === undefined ? {} : { uplink: values['broadcast.uplink'] }),
      refreshInterval: values['broadcast.refreshInterval'],
      ...(values['broadcast.rehearsalInterval'] === undefined
        ? {}
        : { rehearsalInterval: values['broadcast.rehearsalInterval'] }),
      skipBootstrap: values['broadcast.skipBootstrap'],
      peerDb: values['broadcast.peerDb'] ?? `${dataFolder(values)}/broadcast_peers.json`,
      ...(values['broadcast.countryDb'] === undefined ? {} : { countryDb: values['broadcast.countryDb'] }),
      fallback: values['broadcast.fallback'],
      learned: values['broadcast.learned'],
      weights: weights(values),
    },
    quorum: { maxPeers: values['quorum.maxPeers'] },
    locks: { relay: values['locks.relay'], forecast: values['locks.forecast'] },
    witnesses: { count: values['witnesses.count'] },
    peers: distinct(values.peers.map((text) => sound(parseAddress(text, network.p2pPort)))),
    tor: { mode: values['tor.mode'], proxy: proxyOf(values['tor.proxy']) },
    http: httpConfig(values),
    proxy: {
      enabled: values['proxy.enabled'],
      host: values['proxy.host'],
      port: values['proxy.port'],
      allowInsecureBind: values['proxy.allowInsecureBind'],
    },
    history: {
      file: historyFile,
      maxBlocks: values['history.maxBlocks'],
      anatomy: values['history.anatomy'],
    },
    spool: {
      enabled: values['spool.enabled'],
      dir: values['spool.dir'] ?? join(dirname(historyFile), 'spool'),
      maxBlocks: values['spool.maxBlocks'],
      maxBytes: values['spool.maxBytes'],
    },
    ...clusterConfig(values),
    alerts: alertsConfig(values),
    log: { level: values['log.level'], format: values['log.format'] },
  };
}

function proxyOf(text: string): Config['tor']['proxy'] {
  const { host, port } = sound(parseAddress(text));
  return { host, port };
}

function httpConfig(values: Values): Config['http'] {
  const password = values['http.password'];
  return {
    enabled: values['http.enabled'],
    host: values['http.host'],
    port: values['http.port'],
    user: values['http.user'],
    ...(password === undefined ? {} : { password }),
    allowInsecureBind: values['http.allowInsecureBind'],
    reverseProxies: values['http.reverseProxies'],
  };
}

function clusterConfig(values: Values): Pick<Config, 'cluster'> {
  const servers = values['cluster.servers'];
  const relay = values['cluster.relay'];
  if (servers.length === 0 || relay === undefined) return {};
  const user = values['cluster.user'];
  const password = values['cluster.password'];
  const ca = values['cluster.tls.ca'];
  const cert = values['cluster.tls.cert'];
  const key = values['cluster.tls.key'];
  return {
    cluster: {
      servers,
      name: values['cluster.name'],
      relay,
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
      tls: {
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
      },
      sharePeers: values['cluster.sharePeers'],
      allowInsecure: values['cluster.allowInsecure'],
    },
  };
}

function alertsConfig(values: Values): Config['alerts'] {
  const url = values['alerts.webhook.url'];
  const secret = values['alerts.webhook.secret'];
  const token = values['alerts.telegram.token'];
  const chat = values['alerts.telegram.chat'];
  return {
    ...(url === undefined ? {} : { webhook: { url, ...(secret === undefined ? {} : { secret }) } }),
    ...(token === undefined || chat === undefined
      ? {}
      : { telegram: { token, chat, api: baseOf(urlOf(values['alerts.telegram.api'])) } }),
    repeatAfter: values['alerts.repeatAfter'],
    maxPerHour: values['alerts.maxPerHour'],
  };
}

function weights(values: Values): WeightSettings {
  return {
    known: values['broadcast.weights.known'],
    heard: values['broadcast.weights.heard'],
    success: values['broadcast.weights.success'],
    hour: values['broadcast.weights.hour'],
    sixHours: values['broadcast.weights.sixHours'],
    day: values['broadcast.weights.day'],
    older: values['broadcast.weights.older'],
    fromDashd: values['broadcast.weights.fromDashd'],
  };
}

function rpcConfig(values: Values, host: HostEnvironment): Config['dashd']['rpc'] {
  const network = NETWORKS[values.network];
  const given = urlOf(values['dashd.rpc.url'] ?? `http://127.0.0.1:${network.rpcPort}`);
  const user = values['dashd.rpc.user'] ?? given.credentials?.user;
  const password = values['dashd.rpc.password'] ?? given.credentials?.password;
  const url = baseOf(given);
  if (user !== undefined) return { url, user, ...(password === undefined ? {} : { password }) };
  return { url, cookieFile: values['dashd.rpc.cookieFile'] ?? defaultCookieFile(values, host) };
}

function urlOf(text: string): HttpUrl {
  const parsed = parseHttpUrl(text);
  return sound(parsed.ok ? parsed.url : undefined);
}

function curveConfig(values: Values): CurveConfig {
  const publicKey = values['pool.curve.publicKey'];
  const secretKey = values['pool.curve.secretKey'];
  const allowedClients = values['pool.curve.allowedClients'];
  if (!values['pool.curve.enabled'] || publicKey === undefined || secretKey === undefined) {
    return { enabled: false, allowedClients };
  }
  return { enabled: true, publicKey, secretKey, allowedClients: [...new Set([...allowedClients, publicKey])] };
}

/** The folders that p2pool-dash uses: `data/dash` on mainnet, else with the network's name. */
function dataFolder({ network, 'devnet.name': devnet }: Values): string {
  return network === 'mainnet' ? 'data/dash' : `data/dash_${network}${devnet === undefined ? '' : `-${devnet}`}`;
}

/** Sub-folders of Dash Core's data directory. Source: Core `chainparamsbase.cpp`, `GetDevNetName`: a devnet with a name adds `-<name>`. */
const CORE_FOLDERS: Readonly<Record<NetworkName, string>> = {
  mainnet: '',
  testnet: 'testnet3',
  devnet: 'devnet',
  regtest: 'regtest',
};

/** Source: Core `util/system.cpp`, GetDefaultDataDir. */
function defaultCookieFile({ network, 'devnet.name': devnet }: Values, { home, platform }: HostEnvironment): string {
  const base = home ?? '/';
  const folder = `${CORE_FOLDERS[network]}${devnet === undefined ? '' : `-${devnet}`}`;
  if (platform === 'win32') return win32.join(base, 'AppData', 'Roaming', 'DashCore', folder, '.cookie');
  const data = platform === 'darwin' ? 'Library/Application Support/DashCore' : '.dashcore';
  return posix.join(base, data, folder, '.cookie');
}

/** The kinds have accepted the value with the same parser. @throws Error for a programmer's mistake */
function sound<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a kind accepts what cannot be used');
  return value;
}

function distinct(peers: readonly PeerAddress[]): PeerAddress[] {
  return [...new Map(peers.map((peer) => [keyOf(peer), peer])).values()];
}
