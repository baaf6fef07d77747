/** What the end of a dial says about the peer: nothing, when the proxy is the cause; little, when nothing else can be reached either. */
import type { SessionFaultCode } from './types.js';

/** The SOCKS proxy's own faults. */
export const PROXY_FAULTS: ReadonlySet<SessionFaultCode> = new Set([
  'proxy-unreachable',
  'proxy-timeout',
  'proxy-closed',
  'proxy-not-socks',
  'proxy-auth',
]);

/** What a dial ends with when the line is down, be it ours or the peer's, or when Tor has no circuits. */
export const UNREACHED: ReadonlySet<SessionFaultCode> = new Set([
  'unreachable',
  'dial-timeout',
  'tor-failure',
  'tor-unreachable',
  'tor-timeout',
  'tor-onion',
]);
