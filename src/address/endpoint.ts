/** ZeroMQ endpoints as far as they are of use here: `tcp://host:port` and `ipc://path`. */
import { bracketed, connectableHost, hostKey, isLoopback, parseHost } from './host.js';
import { collide, parsePort } from './host-port.js';

export type Endpoint =
  | { readonly transport: 'ipc'; readonly path: string }
  | {
      readonly transport: 'tcp';
      /** Canonical, without brackets; `*` is every interface. */
      readonly host: string;
      /** 0 lets the system choose when binding. */
      readonly port: number;
    };

/** `sun_path` of unix(7) holds 108 bytes, the last of them NUL. */
const MAX_IPC_BYTES = 107;

/** Undefined when the text is not such an endpoint. `*` is a host (every interface) and a port (any free one). */
export function parseEndpoint(text: string): Endpoint | undefined {
  const path = /^ipc:\/\/(.+)$/su.exec(text)?.[1];
  if (path !== undefined) return isIpcPath(path) ? { transport: 'ipc', path } : undefined;
  const match = /^tcp:\/\/(?<host>\[[^\]]*\]|[^:[\]]+):(?<port>\d{1,5}|\*)$/iu.exec(text);
  const hostText = match?.groups?.['host'] ?? '';
  const portText = match?.groups?.['port'] ?? '';
  const host = hostText === '*' ? '*' : parseHost(hostText)?.text;
  const port = portText === '*' ? 0 : parsePort(portText);
  if (host === undefined || port === undefined || !isZmqHost(host)) return undefined;
  return { transport: 'tcp', host, port };
}

/** A lone `@` is an abstract name without the name; what has control characters is not what it looks like. */
function isIpcPath(path: string): boolean {
  return path !== '@' && Buffer.byteLength(path) <= MAX_IPC_BYTES && !/\p{Cc}/u.test(path);
}

/** libzmq takes no name that starts with an underscore. Source: libzmq `socket_base.cpp`, connect_internal. */
function isZmqHost(host: string): boolean {
  return !host.startsWith('_');
}

/** The mirror of {@link parseEndpoint}. */
function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.transport === 'ipc') return `ipc://${endpoint.path}`;
  return `tcp://${bracketed(endpoint.host)}:${endpoint.port === 0 ? '*' : endpoint.port}`;
}

/** As a socket binds it: an interface of this machine is no matter for a resolver's search list. */
export function bindableEndpoint(endpoint: Endpoint): string {
  if (endpoint.transport === 'ipc') return formatEndpoint(endpoint);
  return formatEndpoint({ ...endpoint, host: hostKey(endpoint.host) });
}

/**
 * Where a client on this machine connects to reach a socket bound there: a wildcard host becomes the loopback address.
 * Undefined when that cannot be told, since the system chose the place.
 */
export function connectableEndpoint(bound: Endpoint): string | undefined {
  if (bound.transport === 'ipc') return bound.path === '*' ? undefined : formatEndpoint(bound);
  return bound.port === 0 ? undefined : formatEndpoint({ ...bound, host: connectableHost(bound.host) });
}

/** True when nobody outside this machine can connect to it. */
export function isLocalEndpoint(endpoint: Endpoint): boolean {
  return endpoint.transport === 'ipc' || isLoopback(endpoint.host);
}

/** Whether two sockets cannot both be bound. */
export function endpointsCollide(a: Endpoint, b: Endpoint): boolean {
  if (a.transport === 'ipc') return b.transport === 'ipc' && a.path === b.path && a.path !== '*';
  return b.transport === 'tcp' && collide(a, b);
}

/** One way to have a socket reach an endpoint. */
export interface EndpointAttempt {
  readonly endpoint: string;
  /** ZeroMQ's option of this name: without it libzmq asks for IPv4 addresses alone, with it for IPv6 and mapped IPv4 ones alone. */
  readonly ipv6: boolean;
}

/**
 * What to try in turn. An address is tried in its own family. A name is tried in both, since libzmq takes the first address it
 * is given, and without the dot at its end where a resolver knows it only so, as from /etc/hosts.
 * @returns at least one
 */
export function endpointAttempts(endpoint: string): readonly [EndpointAttempt, ...EndpointAttempt[]] {
  const parsed = parseEndpoint(endpoint);
  if (parsed?.transport !== 'tcp') return [{ endpoint, ipv6: false }];
  if (parsed.host === '*') {
    // Both families in one socket, or IPv4 alone where the machine has no IPv6.
    return [
      { endpoint, ipv6: true },
      { endpoint, ipv6: false },
    ];
  }
  const family = parseHost(parsed.host)?.family;
  if (family !== 'name') return [{ endpoint, ipv6: family === 'ipv6' }];
  const relative = formatEndpoint({ ...parsed, host: hostKey(parsed.host) });
  const names = relative === endpoint ? [endpoint] : [endpoint, relative];
  const attempts = names.flatMap((name) => [
    { endpoint: name, ipv6: false },
    { endpoint: name, ipv6: true },
  ]);
  return [{ endpoint, ipv6: false }, ...attempts.slice(1)];
}
