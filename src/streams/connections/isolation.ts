import type { Address } from '../ports.js';

/** Whether a target is reached through the SOCKS proxy. */
export type IsProxied = (target: Address) => boolean;

interface Reached extends Address {
  /** The pool's own dashd. */
  readonly protected: boolean;
}

/** Whether no peer but the pool's own dashd is connected over the way to `target`: directly, or through the proxy. */
export function isAlone(
  target: Address,
  live: Iterable<{ readonly target: Reached }>,
  isProxied: IsProxied = () => false,
): boolean {
  const way = isProxied(target);
  for (const { target: other } of live) if (!other.protected && isProxied(other) === way) return false;
  return true;
}
