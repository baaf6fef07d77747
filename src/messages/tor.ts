/** What is said about Tor: its state as a service, and the answers of its SOCKS port. */

/** The state of Tor, as a service. The keys are the codes; further ones are those of a connection that ends for the proxy's fault. */
export const TOR = {
  up: '{proxy} accepts connections',
  'no-circuit': 'no connection through {proxy} was made, of the last {count}: {code}: {detail}',
  'unknown-reply': 'unknown reply ({number})',
} as const;

/** `{reply}` of a connection that ends: what the SOCKS port answered, by its number (RFC 1928; 240 to 247: tor(1), ExtendedErrors). */
export const SOCKS_REPLIES: Readonly<Record<number, string>> = {
  1: 'general failure (1): Tor has no connection to its network, or no circuit',
  2: 'not allowed (2): no exit carries this port, or a rule of the proxy forbids it',
  3: 'network unreachable (3)',
  4: 'host unreachable (4): nothing answers there, or the name is unknown',
  5: 'connection refused (5): nothing listens on this port',
  6: 'TTL expired (6): the circuit or the host took too long',
  7: 'command not supported (7)',
  8: 'address type not supported (8)',
  240: 'onion service not found (F0): it is offline, or gone',
  241: 'onion service descriptor invalid (F1)',
  242: 'onion service introduction failed (F2)',
  243: 'onion service rendezvous failed (F3)',
  244: 'onion service needs client authorisation (F4)',
  245: 'onion service refused the client authorisation (F5)',
  246: 'onion address invalid (F6)',
  247: 'onion service introduction timed out (F7)',
};
