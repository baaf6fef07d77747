/** Rules that involve several settings, and warnings about valid but questionable configurations. */
import { type Endpoint, endpointsCollide, isLocalEndpoint, parseEndpoint } from '../address/endpoint.js';
import { isLoopback } from '../address/host.js';
import { collide } from '../address/host-port.js';
import { parseHttpUrl } from '../address/http-url.js';
import { keyOf } from '../peers/address.js';
import type { Config } from './config-types.js';
import { type ConfigError, showValue } from './error.js';
import { isSecret, type Key, type Values } from './settings.js';

interface Rule {
  /** The settings it checks; the error names the first. The rule is skipped while one of them is invalid by itself. */
  readonly about: readonly [Key, ...Key[]];
  readonly broken: (values: Values) => boolean;
  readonly problem: string;
  readonly remedy: string;
}

const CREATE_KEYS = 'Create a key pair with "blockcast keys" and set both keys.';

const RULES: readonly Rule[] = [
  {
    about: ['devnet.name', 'network'],
    broken: (values) => values['devnet.name'] !== undefined && values.network !== 'devnet',
    problem: 'is set, but network is not devnet',
    remedy: 'Set network to devnet, or remove devnet.name.',
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
    problem: 'is less than a weight for an older peer',
    remedy: 'Give weights with hour ≥ sixHours ≥ day.',
  },
  {
    about: ['pool.bind', 'pool.curve.enabled', 'pool.allowInsecureBind'],
    broken: (values) =>
      !values['pool.curve.enabled'] && !values['pool.allowInsecureBind'] && !isLocal(values['pool.bind']),
    problem: 'would let anyone who reaches it push blocks, unencrypted',
    remedy: 'Bind to 127.0.0.1, enable pool.curve, or set pool.allowInsecureBind to true on a network you trust.',
  },
  {
    about: ['events.bind', 'pool.curve.enabled', 'events.allowInsecureBind'],
    broken: (values) =>
      !values['pool.curve.enabled'] && !values['events.allowInsecureBind'] && !isLocal(values['events.bind']),
    problem: 'would let anyone who reaches it read the block events, unencrypted',
    remedy: 'Bind to 127.0.0.1, enable pool.curve, or set events.allowInsecureBind to true on a network you trust.',
  },
  {
    about: ['events.bind', 'pool.bind'],
    broken: (values) => endpointsCollide(endpointOf(values['events.bind']), endpointOf(values['pool.bind'])),
    problem: 'is the same as pool.bind',
    remedy: 'Give each socket its own port.',
  },
  {
    about: ['http.host', 'http.enabled', 'http.password', 'http.reverseProxies', 'http.allowInsecureBind'],
    broken: (values) =>
      values['http.enabled'] &&
      !isLoopback(values['http.host']) &&
      values['http.password'] === undefined &&
      values['http.reverseProxies'].length === 0 &&
      !values['http.allowInsecureBind'],
    problem: 'would show the pages to anyone who reaches it',
    remedy:
      'Listen on 127.0.0.1, set http.password, name your reverse proxy in http.reverseProxies, or set http.allowInsecureBind to true on a network you trust.',
  },
  {
    about: ['proxy.host', 'proxy.enabled', 'proxy.allowInsecureBind'],
    broken: (values) =>
      values['proxy.enabled'] && !isLoopback(values['proxy.host']) && !values['proxy.allowInsecureBind'],
    problem: "would carry dashd's password over the network, unencrypted",
    remedy: 'Listen on 127.0.0.1, or set proxy.allowInsecureBind to true on a network you trust.',
  },
  {
    about: ['proxy.port', 'proxy.host', 'proxy.enabled', 'http.port', 'http.host', 'http.enabled'],
    broken: (values) =>
      values['proxy.enabled'] && values['http.enabled'] && collide(listener(values, 'proxy'), listener(values, 'http')),
    problem: 'is the same as http.port',
    remedy: 'Give each its own port.',
  },
  ...(['proxy', 'http'] as const).flatMap((name) =>
    (['pool.bind', 'events.bind'] as const).map(
      (bind): Rule => ({
        about: [`${name}.port`, `${name}.host`, `${name}.enabled`, bind],
        broken: (values) =>
          values[`${name}.enabled`] &&
          endpointsCollide({ transport: 'tcp', ...listener(values, name) }, endpointOf(values[bind])),
        problem: `is the same as ${bind}'s`,
        remedy: 'Give each its own port.',
      }),
    ),
  ),
  {
    about: ['alerts.webhook.secret', 'alerts.webhook.url'],
    broken: (values) => values['alerts.webhook.secret'] !== undefined && values['alerts.webhook.url'] === undefined,
    problem: 'is set, but alerts.webhook.url is not',
    remedy: 'Set alerts.webhook.url, too.',
  },
  {
    about: ['alerts.telegram.token', 'alerts.telegram.chat'],
    broken: (values) => values['alerts.telegram.token'] !== undefined && values['alerts.telegram.chat'] === undefined,
    problem: 'is set, but alerts.telegram.chat is not',
    remedy: 'Set alerts.telegram.chat, too.',
  },
  {
    about: ['alerts.telegram.chat', 'alerts.telegram.token'],
    broken: (values) => values['alerts.telegram.chat'] !== undefined && values['alerts.telegram.token'] === undefined,
    problem: 'is set, but alerts.telegram.token is not',
    remedy: 'Set alerts.telegram.token, too.',
  },
  {
    about: ['pool.curve.publicKey', 'pool.curve.enabled'],
    broken: (values) => values['pool.curve.enabled'] && values['pool.curve.publicKey'] === undefined,
    problem: 'is needed when pool.curve.enabled is true',
    remedy: CREATE_KEYS,
  },
  {
    about: ['pool.curve.secretKey', 'pool.curve.enabled'],
    broken: (values) => values['pool.curve.enabled'] && values['pool.curve.secretKey'] === undefined,
    problem: 'is needed when pool.curve.enabled is true',
    remedy: CREATE_KEYS,
  },
  {
    about: ['pool.curve.allowedClients', 'pool.curve.enabled'],
    broken: (values) => values['pool.curve.enabled'] && values['pool.curve.allowedClients'].length === 0,
    problem: 'is empty: no client could connect',
    remedy: "List the clients' public keys.",
  },
  {
    about: ['dashd.rpc.user', 'dashd.rpc.password'],
    broken: (values) => values['dashd.rpc.user'] !== undefined && values['dashd.rpc.password'] === undefined,
    problem: 'is set, but dashd.rpc.password is not',
    remedy: 'Set the password, too, or neither of them to use the cookie file.',
  },
  {
    about: ['dashd.rpc.password', 'dashd.rpc.user'],
    broken: (values) => values['dashd.rpc.password'] !== undefined && values['dashd.rpc.user'] === undefined,
    problem: 'is set, but dashd.rpc.user is not',
    remedy: 'Set the user, too, or neither of them to use the cookie file.',
  },
  {
    about: ['dashd.rpc.cookieFile', 'dashd.rpc.user', 'dashd.rpc.url'],
    broken: (values) =>
      values['dashd.rpc.cookieFile'] !== undefined &&
      (values['dashd.rpc.user'] !== undefined || urlHasCredentials(values)),
    problem: 'is set together with a user',
    remedy: 'Keep either the cookie file or the user and password.',
  },
  {
    about: ['dashd.rpc.url', 'dashd.rpc.user'],
    broken: (values) => values['dashd.rpc.user'] !== undefined && urlHasCredentials(values),
    problem: 'contains a user, but dashd.rpc.user is set, too',
    remedy: 'Keep only one of them.',
  },
];

/**
 * @param wrong settings that are invalid by themselves
 * @param originOf where a setting was set
 */
export function brokenRules(values: Values, wrong: ReadonlySet<Key>, originOf: (key: Key) => string): ConfigError[] {
  return RULES.filter((rule) => !rule.about.some((key) => wrong.has(key)) && rule.broken(values)).map((rule) => {
    const [key] = rule.about;
    const value = showValue(values[key], isSecret(key));
    return { key, from: originOf(key), value, problem: rule.problem, remedy: rule.remedy };
  });
}

/** Printed by `check-config`, and logged by `run` at the start and at each reload. */
export function warningsAbout(config: Config): string[] {
  const warnings = [...deprecated(config), ...exposureOf(config)];
  if (config.network === 'devnet' && config.devnet === undefined) {
    warnings.push('devnet.name: not set; nodes of a named devnet disconnect peers that do not send its name.');
  }
  if (config.broadcast.enabled && config.broadcast.skipBootstrap && config.peers.length === 0) {
    warnings.push(
      'peers: none are set and broadcast.skipBootstrap is true: only peers in the peer book will be tried.',
    );
  }
  const local = keyOf(config.dashd.p2p);
  if (config.peers.some((peer) => keyOf(peer) === local)) {
    warnings.push(`peers: ${local} is the local dashd, to which the relay always connects.`);
  }
  return warnings;
}

/** What others on the network can do or read because the operator has allowed it. */
function exposureOf({ pool, events, http, proxy, dashd }: Config): string[] {
  const rpc = parseHttpUrl(dashd.rpc.url);
  const possible: [boolean, string][] = [
    [
      !isLocal(pool.bind) && !pool.curve.enabled,
      `pool.bind: anyone who reaches ${pool.bind} can push blocks, unencrypted.`,
    ],
    [
      !isLocal(events.bind) && !pool.curve.enabled,
      `events.bind: anyone who reaches ${events.bind} can read the block events.`,
    ],
    [
      http.enabled && !isLoopback(http.host) && http.reverseProxies.length === 0,
      http.password === undefined
        ? `http.host: anyone who reaches ${http.host} can see the pages.`
        : `http.host: the password crosses the network to ${http.host} unencrypted.`,
    ],
    [
      proxy.enabled && !isLoopback(proxy.host),
      `proxy.host: dashd's password crosses the network to ${proxy.host} unencrypted.`,
    ],
    [
      rpc.ok && !rpc.url.isTls && !isLoopback(rpc.url.host),
      `dashd.rpc.url: the password crosses the network to ${rpc.ok ? rpc.url.host : ''} unencrypted.`,
    ],
  ];
  return possible.flatMap(([applies, warning]) => (applies ? [warning] : []));
}

/** @param text accepted by the setting's kind */
function endpointOf(text: string): Endpoint {
  return parseEndpoint(text) ?? { transport: 'ipc', path: '*' };
}

function isLocal(text: string): boolean {
  return isLocalEndpoint(endpointOf(text));
}

function listener(values: Values, name: 'http' | 'proxy'): { readonly host: string; readonly port: number } {
  return { host: values[`${name}.host`], port: values[`${name}.port`] };
}

function urlHasCredentials(values: Values): boolean {
  const parsed = parseHttpUrl(values['dashd.rpc.url'] ?? '');
  return parsed.ok && parsed.url.credentials !== undefined;
}

function deprecated({ broadcast }: Config): string[] {
  if (broadcast.rehearsalInterval === undefined) return [];
  return ['broadcast.rehearsalInterval: deprecated, has no effect; remove it, the next version rejects it.'];
}
