/**
 * What must not go beside Tor: with `tor.mode` all, every address that the relay connects to or resolves is checked here, before anything is
 * opened. A further setting with an address belongs into this list.
 */
import { parseEndpoint } from '../address/endpoint.js';
import { isInside, isLoopback, isOnion, isWildcard, parseHost } from '../address/host.js';
import { formatHostPort, parseHostPort } from '../address/host-port.js';
import { parseHttpUrl } from '../address/http-url.js';
import { RULES, WARNINGS } from '../messages/configuration.js';
import { fill } from '../messages/fill.js';
import { keyOf } from '../peers/address.js';
import type { Config } from './config-types.js';
import type { Rule } from './rule.js';
import type { Key, Values } from './settings.js';

/** The host that a setting names; undefined where it names none. */
type HostOf = (values: Values) => string | undefined;

const httpHost = (text: string | undefined): string | undefined => {
  const parsed = parseHttpUrl(text ?? '');
  return parsed.ok ? parsed.url.host : undefined;
};
const endpointHost = (text: string): string | undefined => {
  const parsed = parseEndpoint(text);
  return parsed?.transport === 'tcp' ? parsed.host : undefined;
};
const proxyHost: HostOf = (values) => {
  const parsed = parseHostPort(values['tor.proxy']);
  return parsed.ok ? parsed.host : undefined;
};

/** The pool's own dashd: reached directly in every mode. */
const DASHD: readonly (readonly [Key, HostOf])[] = [
  ['dashd.p2p.host', (values) => values['dashd.p2p.host']],
  ['dashd.rpc.url', (values) => httpHost(values['dashd.rpc.url'])],
  ['dashd.zmq.url', (values) => endpointHost(values['dashd.zmq.url'])],
];
/** Addresses to listen on, and the proxy: their names would be resolved. */
const NAMED: readonly (readonly [Key, HostOf])[] = [
  ['tor.proxy', proxyHost],
  ['pool.bind', (values) => endpointHost(values['pool.bind'])],
  ['events.bind', (values) => endpointHost(values['events.bind'])],
  ['http.host', (values) => (values['http.enabled'] ? values['http.host'] : undefined)],
  ['proxy.host', (values) => (values['proxy.enabled'] ? values['proxy.host'] : undefined)],
];
/** Services of the operator's: through Tor, where they are not inside. */
const SERVICES: readonly (readonly [Key, HostOf])[] = [
  ['alerts.webhook.url', (values) => httpHost(values['alerts.webhook.url'])],
  ['alerts.telegram.api', (values) => httpHost(values['alerts.telegram.api'])],
];

export const RULES_OF_TOR: readonly Rule[] = [
  ...DASHD.flatMap(([key, hostOf]): Rule[] => [
    { about: [key], broken: (values) => isOnion(hostOf(values) ?? ''), ...RULES['onion-dashd'] },
    {
      about: [key, 'tor.mode'],
      broken: (values) => {
        const host = hostOf(values);
        return values['tor.mode'] === 'all' && host !== undefined && !isInside(host) && !isOnion(host);
      },
      ...RULES['beside-tor'],
    },
  ]),
  {
    about: ['cluster.servers', 'tor.mode'],
    broken: (values) => values['tor.mode'] === 'all' && !values['cluster.servers'].every(isServerInside),
    ...RULES['servers-beside-tor'],
  },
  ...NAMED.map(([key, hostOf]): Rule => {
    const broken = (values: Values): boolean => values['tor.mode'] === 'all' && isName(hostOf(values));
    return { about: [key, 'tor.mode'], broken, ...RULES['name-beside-tor'] };
  }),
  ...SERVICES.map(([key, hostOf]): Rule => {
    const broken = (values: Values): boolean => values['tor.mode'] === 'off' && isOnion(hostOf(values) ?? '');
    return { about: [key, 'tor.mode'], broken, ...RULES['onion-without-tor'] };
  }),
];

/** NATS servers are connected to directly. */
function isServerInside(server: string): boolean {
  const parsed = parseHostPort(server.replace(/^\w+:\/\//, ''));
  return parsed.ok && isInside(parsed.host);
}

function isName(host: string | undefined): boolean {
  if (host === undefined || isWildcard(host)) return false;
  const family = parseHost(host)?.family;
  return family === 'name' || family === 'onion';
}

/** More circuits than this are more than a relay needs: blocks spread from any of them. */
const MANY_CIRCUITS = 100;

export function warningsAboutTor({ tor, peers, broadcast, quorum }: Config): string[] {
  if (tor.mode === 'off') {
    const onions = peers.filter(({ family }) => family === 'onion');
    return onions.map((peer) => fill(WARNINGS['onion-peer'], { peer: keyOf(peer) }));
  }
  const count = broadcast.maxPeers + quorum.maxPeers;
  return [
    ...(isLoopback(tor.proxy.host) ? [] : [fill(WARNINGS['proxy-elsewhere'], { proxy: formatHostPort(tor.proxy) })]),
    ...(tor.mode === 'all' && count > MANY_CIRCUITS ? [fill(WARNINGS['many-circuits'], { count })] : []),
  ];
}
