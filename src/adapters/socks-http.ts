/** HTTP requests of undici through a SOCKS5 proxy, host by host. TLS is between us and the host: the proxy carries it. */
import { buildConnector } from 'undici';
import { parseHost } from '../address/host.js';
import { openThrough, type SocksDeps, type SocksProxy } from './socks.js';
import { connectTo } from './tcp.js';

export interface SocksHttpDeps extends Pick<SocksDeps, 'credentials'> {
  /** Whether a host is reached through the proxy; the others are connected to directly. */
  readonly isProxied: (host: string) => boolean;
  /** For a connection to be made, milliseconds. */
  readonly timeoutMs: number;
}

const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** For the option `connect` of undici's clients. A failure has the code of the connection's end as `code`: `PROXY_UNREACHABLE`. */
export function socksConnector(
  proxy: SocksProxy,
  { credentials, isProxied, timeoutMs }: SocksHttpDeps,
): buildConnector.connector {
  const direct = buildConnector({ timeout: timeoutMs });
  return (options, callback) => {
    const { hostname, port, protocol } = options;
    const host = parseHost(hostname)?.text ?? hostname;
    if (!isProxied(host)) {
      direct(options, callback);
      return;
    }
    const target = { host, port: Number(port) || (PORTS[protocol] ?? 0) };
    const socket = connectTo(proxy);
    openThrough(socket, { proxy, request: { ...credentials(), target }, timeoutMs }, (passed) => {
      if (passed.type === 'failed') {
        const code = passed.code.toUpperCase().replaceAll('-', '_');
        callback(Object.assign(new Error(passed.detail), { code }), null);
      } else if (protocol === 'https:') direct({ ...options, httpSocket: socket }, callback);
      else callback(null, socket);
    });
  };
}
