/**
 * What is promised of a block of the pool's (docs/pools.md): once `received` is out without `unspooled`, it survives the end of the
 * process; once `stored` is out, a loss of power. The promise ends when it is safe elsewhere: a verdict says that a peer and dashd have
 * it, or its finality is known.
 */
import type { Hash } from '../../../wire/reader.js';
import type { Invariant } from './invariant.js';

type Promised = 'survives a crash' | 'survives a loss of power';

export const noBlockLost: Invariant = {
  name: 'no-block-lost',
  rule: 'A block is in the spool from received (after a loss of power: from stored) until it is delivered or final',
  open() {
    const promises = new Map<Hash, Promised>();
    let powerLost = false;
    return {
      relay({ state }) {
        powerLost = state === 'power-lost';
        return undefined;
      },
      received({ hash, source, unspooled }) {
        if (source === 'pool' && unspooled === undefined) promises.set(hash, promises.get(hash) ?? 'survives a crash');
        return undefined;
      },
      stored({ hash }) {
        promises.set(hash, 'survives a loss of power');
        return undefined;
      },
      verdict({ hash, outcome, rpc }) {
        const dashdHasIt = rpc?.outcome === 'accepted' || rpc?.outcome === 'duplicate';
        if (outcome === 'delivered' && dashdHasIt) promises.delete(hash);
        return undefined;
      },
      finality({ hash, state }) {
        if (state !== 'pending') promises.delete(hash);
        return undefined;
      },
      spooled({ hashes }) {
        for (const [hash, promise] of promises) {
          if (hashes.has(hash)) continue;
          if (!powerLost || promise === 'survives a loss of power')
            return `block ${hash} ${promise}, and has no file in the spool`;
          // Nothing was promised against this. A pool that waits for `stored` pushes it again.
          promises.delete(hash);
        }
        return undefined;
      },
    };
  },
};
