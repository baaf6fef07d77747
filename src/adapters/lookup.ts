/** Resolves names for all connections of Node. */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/**
 * As Node's own, and an absolute name (`dashd.`) that the resolver does not know is tried once more without its dot: /etc/hosts has
 * names without one.
 */
export const lookup: LookupFunction = (name, options, callback) => {
  systemLookup(name, options, (error, ...found) => {
    if (error === null || !name.endsWith('.')) callback(error, ...found);
    else systemLookup(name.slice(0, -1), options, callback);
  });
};
