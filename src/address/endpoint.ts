/** ZeroMQ endpoints of the two supported transports: `tcp://host:port` and `ipc://path`. */
import { bracketed, connectableHost, hostKey, isLoopback, parseHost } from './host.js';
import { collide, parsePort } from './host-port.js';

export type Endpoint =
  | { readonly transport: 'ipc'; readonly path: string }
  | {
      readonly transport: 'tcp';
      /** Canonical, without brackets; `*` means all interfaces. */
      readonly host: string;
      /** 0 lets the system choose a port when binding. */
      readonly port: number;
    };

/** `sun_path` of unix(7) has 108 bytes including the final NUL. */
const MAX_IPC_BYTES = 107;

/** Parses an endpoint; undefined for any other text. `*` as host means all interfaces, as port any free port. */
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

/** Rejects a lone `@` (an abstract socket without a name) and control characters. */
function isIpcPath(path: string): boolean {
  return path !== '@' && Buffer.byteLength(path) <= MAX_IPC_BYTES && !/\p{Cc}/u.test(path);
}

/** libzmq rejects names that start with an underscore. Source: libzmq `socket_base.cpp`, connect_internal. */
function isZmqHost(host: string): boolean {
  return !host.startsWith('_');
}

/** The inverse of {@link parseEndpoint}. */
function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.transport === 'ipc') return `ipc://${endpoint.path}`;
  return `tcp://${bracketed(endpoint.host)}:${endpoint.port === 0 ? '*' : endpoint.port}`;
}

/** The form for binding: without the final dot of an absolute name, since no resolver search list applies to a local interface. */
export function bindableEndpoint(endpoint: Endpoint): string {
  if (endpoint.transport === 'ipc') return formatEndpoint(endpoint);
  return formatEndpoint({ ...endpoint, host: hostKey(endpoint.host) });
}

/**
 * The address at which a local client reaches a socket bound to the endpoint: a wildcard host becomes the loopback address.
 * Undefined when the system chose the port.
 */
export function connectableEndpoint(bound: Endpoint): string | undefined {
  if (bound.transport === 'ipc') return bound.path === '*' ? undefined : formatEndpoint(bound);
  return bound.port === 0 ? undefined : formatEndpoint({ ...bound, host: connectableHost(bound.host) });
}

/** True when only this machine can connect to the endpoint. */
export function isLocalEndpoint(endpoint: Endpoint): boolean {
  return endpoint.transport === 'ipc' || isLoopback(endpoint.host);
}

/** Whether two sockets cannot be bound at the same time. */
export function endpointsCollide(a: Endpoint, b: Endpoint): boolean {
  if (a.transport === 'ipc') return b.transport === 'ipc' && a.path === b.path && a.path !== '*';
  return b.transport === 'tcp' && collide(a, b);
}

/** One way for a socket to connect to an endpoint. */
export interface EndpointAttempt {
  readonly endpoint: string;
  /** ZeroMQ's option `ipv6`: without it libzmq resolves names to IPv4 addresses only, with it to IPv6 and mapped IPv4 addresses only. */
  readonly ipv6: boolean;
}

/**
 * The connection attempts for an endpoint, in order. An address is tried in its own family. A name is tried in both, since libzmq takes
 * only the first resolved address, and also without its final dot, since a resolver may know it only so (/etc/hosts).
 * @returns at least one attempt
 */
export function endpointAttempts(endpoint: string): readonly [EndpointAttempt, ...EndpointAttempt[]] {
  const parsed = parseEndpoint(endpoint);
  if (parsed?.transport !== 'tcp') return [{ endpoint, ipv6: false }];
  if (parsed.host === '*') {
    // Both families in one socket, or IPv4 only when the machine has no IPv6.
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
