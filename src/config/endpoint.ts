/** ZeroMQ endpoints as far as they are of use here: `tcp://host:port` and `ipc://path`. */
import { isHost, isLoopback, isWildcard, parsePort } from './host-port.js';

export type Endpoint =
  | { readonly transport: 'ipc'; readonly path: string }
  | {
      readonly transport: 'tcp';
      /** Without brackets. */
      readonly host: string;
      /** 0 lets the system choose when binding. */
      readonly port: number;
    };

/** Undefined when the text is not such an endpoint. `*` is a host (every interface) and a port (any free one). */
export function parseEndpoint(text: string): Endpoint | undefined {
  const path = /^ipc:\/\/(.+)$/su.exec(text)?.[1];
  if (path !== undefined) return { transport: 'ipc', path };
  const match = /^tcp:\/\/(?:\[(?<v6>[^\]]*)\]|(?<plain>[^:[\]]+)):(?<port>\d{1,5}|\*)$/u.exec(text);
  const host = match?.groups?.['v6'] ?? match?.groups?.['plain'];
  const portText = match?.groups?.['port'];
  const port = portText === '*' ? 0 : parsePort(portText ?? '');
  if (host === undefined || port === undefined || !(host === '*' || isHost(host))) return undefined;
  return { transport: 'tcp', host, port };
}

/** True when nobody outside this machine can connect to it. */
export function isLocalEndpoint(endpoint: Endpoint): boolean {
  return endpoint.transport === 'ipc' || isLoopback(endpoint.host);
}

/**
 * Where a client on this machine connects to reach a socket bound there: a wildcard host becomes the loopback address.
 * Undefined when that cannot be told, since the system chose the port.
 */
export function connectableEndpoint(bound: Endpoint): string | undefined {
  if (bound.transport === 'ipc') return `ipc://${bound.path}`;
  if (bound.port === 0) return undefined;
  if (!isWildcard(bound.host)) return `tcp://${bracketed(bound.host)}:${bound.port}`;
  return `tcp://${bound.host.includes(':') ? '[::1]' : '127.0.0.1'}:${bound.port}`;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
