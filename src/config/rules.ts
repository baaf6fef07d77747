/** Rules between settings, and what is allowed but worth a second look. */
import type { Config } from '../config.js';
import { isLocalEndpoint, parseEndpoint } from './endpoint.js';
import { type ConfigError, showValue } from './error.js';
import { formatHostPort, isLoopback } from './host-port.js';
import { isSecret, type Key, type Values } from './settings.js';

interface Rule {
  /** The settings it looks at; the first is the one it complains of. It is left out while one of them is wrong by itself. */
  readonly about: readonly [Key, ...Key[]];
  readonly broken: (values: Values) => boolean;
  readonly problem: string;
  readonly remedy: string;
}

const MAKE_KEYS = 'Make a pair (node -p "require(\'zeromq\').curveKeyPair()") and set both.';

const RULES: readonly Rule[] = [
  {
    about: ['devnet.name', 'network'],
    broken: (values) => values['devnet.name'] !== undefined && values.network !== 'devnet',
    problem: 'is set, but network is not devnet',
    remedy: 'Set network to devnet, or leave the name out.',
  },
  {
    about: ['broadcast.minPeers', 'broadcast.maxPeers'],
    broken: (values) => values['broadcast.minPeers'] > values['broadcast.maxPeers'],
    problem: 'is more than broadcast.maxPeers',
    remedy: 'Lower it, or raise broadcast.maxPeers.',
  },
  {
    about: ['broadcast.weights.hour', 'broadcast.weights.sixHours', 'broadcast.weights.day'],
    broken: (values) =>
      values['broadcast.weights.hour'] < values['broadcast.weights.sixHours'] ||
      values['broadcast.weights.sixHours'] < values['broadcast.weights.day'],
    problem: 'and the weights after it do not fall',
    remedy: 'The longer ago a peer was seen, the fewer points it may get: hour ≥ sixHours ≥ day.',
  },
  {
    about: ['pool.bind', 'pool.curve.enabled', 'pool.allowInsecureBind'],
    broken: (values) =>
      !values['pool.curve.enabled'] && !values['pool.allowInsecureBind'] && !isLocal(values['pool.bind']),
    problem: 'would let anyone who reaches it push blocks, unencrypted',
    remedy: 'Bind to 127.0.0.1, enable pool.curve, or set pool.allowInsecureBind to true on a network you trust.',
  },
  {
    about: ['events.bind', 'pool.bind'],
    broken: (values) => values['events.bind'] === values['pool.bind'] && !isSystemChosen(values['pool.bind']),
    problem: 'is the same as pool.bind',
    remedy: 'Give each socket its own port.',
  },
  {
    about: ['http.host', 'http.enabled', 'http.password', 'http.reverseProxies'],
    broken: (values) =>
      values['http.enabled'] &&
      !isLoopback(values['http.host']) &&
      values['http.password'] === undefined &&
      values['http.reverseProxies'].length === 0,
    problem: 'would show the pages to anyone who reaches it',
    remedy: 'Listen on 127.0.0.1, set http.password, or name your reverse proxy in http.reverseProxies.',
  },
  {
    about: ['proxy.host', 'proxy.enabled', 'proxy.allowInsecureBind'],
    broken: (values) =>
      values['proxy.enabled'] && !isLoopback(values['proxy.host']) && !values['proxy.allowInsecureBind'],
    problem: "would carry dashd's password over the network, unencrypted",
    remedy: 'Listen on 127.0.0.1, or set proxy.allowInsecureBind to true on a network you trust.',
  },
  {
    about: ['proxy.port', 'proxy.enabled', 'http.port', 'http.enabled'],
    broken: (values) =>
      values['proxy.enabled'] &&
      values['http.enabled'] &&
      values['proxy.port'] !== 0 &&
      values['proxy.port'] === values['http.port'],
    problem: 'is the same as http.port',
    remedy: 'Give each its own port.',
  },
  {
    about: ['alerts.webhook.secret', 'alerts.webhook.url'],
    broken: (values) => values['alerts.webhook.secret'] !== undefined && values['alerts.webhook.url'] === undefined,
    problem: 'has no alerts.webhook.url',
    remedy: 'Set the address too.',
  },
  {
    about: ['alerts.telegram.token', 'alerts.telegram.chat'],
    broken: (values) => values['alerts.telegram.token'] !== undefined && values['alerts.telegram.chat'] === undefined,
    problem: 'has no alerts.telegram.chat',
    remedy: 'Set the chat too.',
  },
  {
    about: ['alerts.telegram.chat', 'alerts.telegram.token'],
    broken: (values) => values['alerts.telegram.chat'] !== undefined && values['alerts.telegram.token'] === undefined,
    problem: 'has no alerts.telegram.token',
    remedy: 'Set the token of the bot too.',
  },
  {
    about: ['pool.curve.publicKey', 'pool.curve.enabled'],
    broken: (values) => values['pool.curve.enabled'] && values['pool.curve.publicKey'] === undefined,
    problem: 'is needed when pool.curve.enabled is true',
    remedy: MAKE_KEYS,
  },
  {
    about: ['pool.curve.secretKey', 'pool.curve.enabled'],
    broken: (values) => values['pool.curve.enabled'] && values['pool.curve.secretKey'] === undefined,
    problem: 'is needed when pool.curve.enabled is true',
    remedy: MAKE_KEYS,
  },
  {
    about: ['pool.curve.allowedClients', 'pool.curve.enabled'],
    broken: (values) => values['pool.curve.enabled'] && values['pool.curve.allowedClients'].length === 0,
    problem: 'is empty, so that nobody could connect',
    remedy: "List the clients' public keys.",
  },
  {
    about: ['dashd.rpc.user', 'dashd.rpc.password'],
    broken: (values) => values['dashd.rpc.user'] !== undefined && values['dashd.rpc.password'] === undefined,
    problem: 'has no dashd.rpc.password',
    remedy: 'Set the password too, or neither of them to use the cookie file.',
  },
  {
    about: ['dashd.rpc.password', 'dashd.rpc.user'],
    broken: (values) => values['dashd.rpc.password'] !== undefined && values['dashd.rpc.user'] === undefined,
    problem: 'has no dashd.rpc.user',
    remedy: 'Set the user too, or neither of them to use the cookie file.',
  },
  {
    about: ['dashd.rpc.cookieFile', 'dashd.rpc.user', 'dashd.rpc.url'],
    broken: (values) =>
      values['dashd.rpc.cookieFile'] !== undefined &&
      (values['dashd.rpc.user'] !== undefined || urlHasCredentials(values)),
    problem: 'is given besides a user',
    remedy: 'Keep either the cookie file or the user and password.',
  },
  {
    about: ['dashd.rpc.url', 'dashd.rpc.user'],
    broken: (values) => values['dashd.rpc.user'] !== undefined && urlHasCredentials(values),
    problem: 'holds a user besides dashd.rpc.user',
    remedy: 'Keep one of them.',
  },
];

/**
 * @param wrong settings that are wrong by themselves
 * @param originOf where a setting was set
 */
export function brokenRules(values: Values, wrong: ReadonlySet<Key>, originOf: (key: Key) => string): ConfigError[] {
  return RULES.filter((rule) => !rule.about.some((key) => wrong.has(key)) && rule.broken(values)).map((rule) => {
    const [key] = rule.about;
    const value = showValue(values[key], isSecret(key));
    return { key, from: originOf(key), value, problem: rule.problem, remedy: rule.remedy };
  });
}

/** What `check-config` adds, and `run` logs once at the start. */
export function warningsAbout(config: Config): string[] {
  const warnings: string[] = [];
  if (!isLocal(config.pool.bind) && !config.pool.curve.enabled) {
    warnings.push(`pool.bind: anyone who reaches ${config.pool.bind} can push blocks, unencrypted.`);
  }
  if (!isLocal(config.events.bind) && !config.pool.curve.enabled) {
    warnings.push(`events.bind: anyone who reaches ${config.events.bind} can read the block events.`);
  }
  const { http, proxy } = config;
  if (http.enabled && !isLoopback(http.host) && http.reverseProxies.length === 0) {
    warnings.push(`http.host: the password crosses the network to ${http.host} unencrypted.`);
  }
  if (proxy.enabled && !isLoopback(proxy.host)) {
    warnings.push(`proxy.host: dashd's password crosses the network to ${proxy.host} unencrypted.`);
  }
  const rpc = new URL(config.dashd.rpc.url);
  if (rpc.protocol === 'http:' && !isLoopback(rpc.hostname.replace(/^\[|\]$/g, ''))) {
    warnings.push(`dashd.rpc.url: the password crosses the network to ${rpc.host} unencrypted.`);
  }
  if (config.network === 'devnet' && config.devnet === undefined) {
    warnings.push('devnet.name: none is given; a devnet with a name hangs up on peers that do not know it.');
  }
  if (config.broadcast.enabled && config.broadcast.skipBootstrap && config.peers.length === 0) {
    warnings.push('peers: none are given and broadcast.skipBootstrap is true: only remembered peers will be tried.');
  }
  const local = formatHostPort(config.dashd.p2p);
  if (config.peers.some((peer) => formatHostPort(peer) === local)) {
    warnings.push(`peers: ${local} is the local dashd, which is connected to anyway.`);
  }
  return warnings;
}

function isLocal(text: string): boolean {
  const endpoint = parseEndpoint(text);
  return endpoint !== undefined && isLocalEndpoint(endpoint);
}

function isSystemChosen(text: string): boolean {
  const endpoint = parseEndpoint(text);
  return endpoint?.transport === 'tcp' && endpoint.port === 0;
}

function urlHasCredentials(values: Values): boolean {
  const url = values['dashd.rpc.url'];
  return url !== undefined && new URL(url).username !== '';
}
