import { socksConnector } from '../adapters/socks-http.js';
import { systemRandom } from '../adapters/system.js';
import type { Config } from '../config/config.js';
import { isThroughTor } from '../config/tor.js';
import { TIMEOUT_MS } from '../ops/alerts/transport.js';

/** How alerts reach their receivers: the option `connect` of undici; undefined: directly. */
export function alertRoute({ mode, proxy }: Config['tor']): ReturnType<typeof socksConnector> | undefined {
  if (mode === 'off') return undefined;
  // A circuit of their own: no exit sees alerts beside a peer.
  const name = `alerts-${systemRandom.u64().toString(16)}`;
  return socksConnector(proxy, {
    credentials: () => ({ user: name, password: name }),
    isProxied: (host) => isThroughTor(mode, host),
    timeoutMs: TIMEOUT_MS,
  });
}
