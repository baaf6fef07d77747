/** Rules that involve several settings, and warnings about valid but questionable configurations. */

import { type Endpoint, endpointsCollide, isLocalEndpoint, parseEndpoint } from '../address/endpoint.js';
import { isLoopback } from '../address/host.js';
import { collide, parseHostPort } from '../address/host-port.js';
import { parseHttpUrl } from '../address/http-url.js';
import { RULES, WARNINGS } from '../messages/configuration.js';
import { fill } from '../messages/fill.js';
import { keyOf } from '../peers/address.js';
import { NETWORKS } from '../wire/network.js';
import type { Config } from './config-types.js';
import { type ConfigError, showValue } from './error.js';
import type { Rule } from './rule.js';
import { isSecret, type Key, type Values } from './settings.js';
import { RULES_OF_TOR, warningsAboutTor } from './tor-rules.js';

/** What a URL without a port means. */
const HTTP_PORT = 80;

const RULES_OF_SETTINGS: readonly Rule[] = [
  {
    about: ['devnet.name', 'network'],
    broken: (values) => values['devnet.name'] !== undefined && values.network !== 'devnet',
    ...RULES['devnet-name'],
  },
  {
    about: ['broadcast.minPeers', 'broadcast.maxPeers'],
    broken: (values) => values['broadcast.minPeers'] > values['broadcast.maxPeers'],
    ...RULES['min-above-max'],
  },
  {
    about: ['broadcast.weights.hour', 'broadcast.weights.sixHours', 'broadcast.weights.day'],
    broken: (values) =>
      values['broadcast.weights.hour'] < values['broadcast.weights.sixHours'] ||
      values['broadcast.weights.sixHours'] < values['broadcast.weights.day'],
    ...RULES['weights-order'],
  },
  {
    about: ['pool.bind', 'pool.curve.enabled', 'pool.allowInsecureBind'],
    broken: (values) =>
      !values['pool.curve.enabled'] && !values['pool.allowInsecureBind'] && !isLocal(values['pool.bind']),
    ...RULES['pool-exposed'],
  },
  {
    about: ['events.bind', 'pool.curve.enabled', 'events.allowInsecureBind'],
    broken: (values) =>
      !values['pool.curve.enabled'] && !values['events.allowInsecureBind'] && !isLocal(values['events.bind']),
    ...RULES['events-exposed'],
  },
  {
    about: ['events.bind', 'pool.bind'],
    broken: (values) => endpointsCollide(endpointOf(values['events.bind']), endpointOf(values['pool.bind'])),
    ...RULES['same-as-pool'],
  },
  {
    about: ['http.host', 'http.enabled', 'http.password', 'http.reverseProxies', 'http.allowInsecureBind'],
    broken: (values) =>
      values['http.enabled'] &&
      !isLoopback(values['http.host']) &&
      values['http.password'] === undefined &&
      values['http.reverseProxies'].length === 0 &&
      !values['http.allowInsecureBind'],
    ...RULES['http-exposed'],
  },
  {
    about: ['proxy.host', 'proxy.enabled', 'proxy.allowInsecureBind'],
    broken: (values) =>
      values['proxy.enabled'] && !isLoopback(values['proxy.host']) && !values['proxy.allowInsecureBind'],
    ...RULES['proxy-exposed'],
  },
  {
    about: ['proxy.port', 'proxy.host', 'proxy.enabled', 'http.port', 'http.host', 'http.enabled'],
    broken: (values) =>
      values['proxy.enabled'] && values['http.enabled'] && collide(listener(values, 'proxy'), listener(values, 'http')),
    ...RULES['same-as-http'],
  },
  ...(['proxy', 'http'] as const).flatMap((name) =>
    (['pool.bind', 'events.bind'] as const).map(
      (bind): Rule => ({
        about: [`${name}.port`, `${name}.host`, `${name}.enabled`, bind],
        broken: (values) =>
          values[`${name}.enabled`] &&
          endpointsCollide({ transport: 'tcp', ...listener(values, name) }, endpointOf(values[bind])),
        ...RULES['same-as-bind'],
        problem: fill(RULES['same-as-bind'].problem, { setting: bind }),
      }),
    ),
  ),
  {
    about: ['alerts.webhook.secret', 'alerts.webhook.url'],
    broken: (values) => values['alerts.webhook.secret'] !== undefined && values['alerts.webhook.url'] === undefined,
    ...RULES['no-webhook-url'],
  },
  {
    about: ['alerts.telegram.token', 'alerts.telegram.chat'],
    broken: (values) => values['alerts.telegram.token'] !== undefined && values['alerts.telegram.chat'] === undefined,
    ...RULES['no-telegram-chat'],
  },
  {
    about: ['alerts.telegram.chat', 'alerts.telegram.token'],
    broken: (values) => values['alerts.telegram.chat'] !== undefined && values['alerts.telegram.token'] === undefined,
    ...RULES['no-telegram-token'],
  },
  {
    about: ['pool.curve.publicKey', 'pool.curve.enabled'],
    broken: (values) => values['pool.curve.enabled'] && values['pool.curve.publicKey'] === undefined,
    ...RULES['no-public-key'],
  },
  {
    about: ['pool.curve.secretKey', 'pool.curve.enabled'],
    broken: (values) => values['pool.curve.enabled'] && values['pool.curve.secretKey'] === undefined,
    ...RULES['no-secret-key'],
  },
  {
    about: ['pool.curve.allowedClients', 'pool.curve.enabled'],
    broken: (values) => values['pool.curve.enabled'] && values['pool.curve.allowedClients'].length === 0,
    ...RULES['no-clients'],
  },
  {
    about: ['dashd.rpc.user', 'dashd.rpc.password'],
    broken: (values) => values['dashd.rpc.user'] !== undefined && values['dashd.rpc.password'] === undefined,
    ...RULES['no-rpc-password'],
  },
  {
    about: ['dashd.rpc.password', 'dashd.rpc.user'],
    broken: (values) => values['dashd.rpc.password'] !== undefined && values['dashd.rpc.user'] === undefined,
    ...RULES['no-rpc-user'],
  },
  {
    about: ['dashd.rpc.cookieFile', 'dashd.rpc.user', 'dashd.rpc.url'],
    broken: (values) =>
      values['dashd.rpc.cookieFile'] !== undefined &&
      (values['dashd.rpc.user'] !== undefined || urlHasCredentials(values)),
    ...RULES['cookie-and-user'],
  },
  {
    about: ['dashd.rpc.url', 'dashd.rpc.user'],
    broken: (values) => values['dashd.rpc.user'] !== undefined && urlHasCredentials(values),
    ...RULES['two-users'],
  },
  ...RULES_OF_TOR,
  {
    about: ['cluster.relay', 'cluster.servers'],
    broken: (values) => values['cluster.servers'].length > 0 && values['cluster.relay'] === undefined,
    ...RULES['no-relay-name'],
  },
  {
    about: ['cluster.servers', 'cluster.allowInsecure'],
    broken: (values) => !values['cluster.allowInsecure'] && values['cluster.servers'].some(isOpenToOthers),
    ...RULES['cluster-exposed'],
  },
  {
    about: ['cluster.password', 'cluster.user'],
    broken: (values) => (values['cluster.password'] === undefined) !== (values['cluster.user'] === undefined),
    ...RULES['half-cluster-user'],
  },
  {
    about: ['cluster.tls.cert', 'cluster.tls.key'],
    broken: (values) => (values['cluster.tls.cert'] === undefined) !== (values['cluster.tls.key'] === undefined),
    ...RULES['half-cluster-certificate'],
  },
];

/**
 * @param wrong settings that are invalid by themselves
 * @param originOf where a setting was set
 */
export function brokenRules(values: Values, wrong: ReadonlySet<Key>, originOf: (key: Key) => string): ConfigError[] {
  return RULES_OF_SETTINGS.filter((rule) => !rule.about.some((key) => wrong.has(key)) && rule.broken(values)).map(
    (rule) => {
      const [key] = rule.about;
      const value = showValue(values[key], isSecret(key));
      return { key, from: originOf(key), value, problem: rule.problem, remedy: rule.remedy };
    },
  );
}

/** Printed by `check-config`, and logged by `run` at the start and at each reload. */
export function warningsAbout(config: Config): string[] {
  const warnings = [...deprecated(config), ...exposureOf(config), ...warningsAboutTor(config)];
  if (config.network === 'devnet' && config.devnet === undefined) {
    warnings.push(WARNINGS['no-devnet-name']);
  }
  if (config.broadcast.enabled && config.broadcast.skipBootstrap && config.peers.length === 0) {
    warnings.push(WARNINGS['no-peers']);
  }
  const rpc = parseHttpUrl(config.dashd.rpc.url);
  if (rpc.ok && !rpc.url.isTls && rpc.url.port === HTTP_PORT) {
    const { name: network, rpcPort: port } = NETWORKS[config.network];
    warnings.push(fill(WARNINGS['rpc-port-80'], { port, network }));
  }
  const local = keyOf(config.dashd.p2p);
  if (config.peers.some((peer) => keyOf(peer) === local)) {
    warnings.push(fill(WARNINGS['local-dashd'], { peer: local }));
  }
  return warnings;
}

/** What others on the network can do or read because the operator has allowed it. */
function exposureOf({ pool, events, http, proxy, dashd, cluster }: Config): string[] {
  const rpc = parseHttpUrl(dashd.rpc.url);
  const possible: [boolean, string][] = [
    [!isLocal(pool.bind) && !pool.curve.enabled, fill(WARNINGS['pool-exposed'], { endpoint: pool.bind })],
    [!isLocal(events.bind) && !pool.curve.enabled, fill(WARNINGS['events-exposed'], { endpoint: events.bind })],
    [
      http.enabled && !isLoopback(http.host) && http.reverseProxies.length === 0,
      http.password === undefined
        ? fill(WARNINGS['http-exposed'], { host: http.host })
        : fill(WARNINGS['http-unencrypted'], { host: http.host }),
    ],
    [
      cluster?.servers.some(isOpenToOthers) === true,
      fill(WARNINGS['cluster-exposed'], { servers: cluster?.servers.filter(isOpenToOthers).join(', ') ?? '' }),
    ],
    [proxy.enabled && !isLoopback(proxy.host), fill(WARNINGS['proxy-unencrypted'], { host: proxy.host })],
    [
      rpc.ok && !rpc.url.isTls && !isLoopback(rpc.url.host),
      fill(WARNINGS['rpc-unencrypted'], { host: rpc.ok ? rpc.url.host : '' }),
    ],
  ];
  return possible.flatMap(([applies, warning]) => (applies ? [warning] : []));
}

/** @param server accepted by the setting's kind @returns true when what is sent there crosses a network without TLS */
function isOpenToOthers(server: string): boolean {
  const address = server.startsWith('nats://') ? parseHostPort(server.slice('nats://'.length)) : undefined;
  return address?.ok === true && !isLoopback(address.host);
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
  return [WARNINGS['rehearsal-interval']];
}
