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
    const safe = new Set<Hash>();
    let powerLost = false;
    const promise = (hash: Hash, promised: Promised): void => {
      if (!safe.has(hash)) promises.set(hash, promised);
    };
    const end = (hash: Hash): void => {
      safe.add(hash);
      promises.delete(hash);
    };
    return {
      relay({ state }) {
        powerLost = state === 'power-lost';
        return undefined;
      },
      received({ hash, source, unspooled }) {
        if (source === 'pool' && unspooled === undefined) promise(hash, promises.get(hash) ?? 'survives a crash');
        return undefined;
      },
      stored({ hash }) {
        promise(hash, 'survives a loss of power');
        return undefined;
      },
      verdict({ hash, outcome, rpc }) {
        const dashdHasIt = rpc?.outcome === 'accepted' || rpc?.outcome === 'duplicate';
        if (outcome === 'delivered' && dashdHasIt) end(hash);
        return undefined;
      },
      finality({ hash, state }) {
        if (state !== 'pending') end(hash);
        return undefined;
      },
      spooled({ hashes }) {
        for (const [hash, promised] of promises) {
          if (hashes.has(hash)) continue;
          if (!powerLost || promised === 'survives a loss of power')
            return `block ${hash} ${promised}, and has no file in the spool`;
          // Nothing was promised against this. A pool that waits for `stored` pushes it again.
          promises.delete(hash);
        }
        return undefined;
      },
    };
  },
};
