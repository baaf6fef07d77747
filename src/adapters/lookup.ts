/** Resolves names for all connections of Node. */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isOnion } from '../address/host.js';

/**
 * As Node's own, and an absolute name (`dashd.`) that the resolver does not know is tried once more without its dot: /etc/hosts has
 * names without one. An onion address is never asked about: the name server would learn whom we look for (RFC 7686, section 2).
 */
export const lookup: LookupFunction = (name, options, callback) => {
  if (isOnion(name)) {
    setImmediate(() => callback(Object.assign(new Error(`ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), ''));
    return;
  }
  systemLookup(name, options, (error, ...found) => {
    if (error === null || !name.endsWith('.')) callback(error, ...found);
    else systemLookup(name.slice(0, -1), options, callback);
  });
};
