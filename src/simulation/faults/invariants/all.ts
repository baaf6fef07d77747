import { bounded } from './bounded.js';
import { dashdWanted } from './dashd-wanted.js';
import type { Invariant } from './invariant.js';
import { noBlockLost } from './no-block-lost.js';
import { pushedOnce } from './pushed-once.js';
import { recovers } from './recovers.js';
import { startsAndStops } from './starts-and-stops.js';
import { verdictInTime } from './verdict-in-time.js';
import { wellFormed } from './well-formed.js';

/** In a network of eight nodes. Measured over a thousand seeds, with room above the highest. */
const LIMITS = { sockets: 16, live: 8, known: 16, files: 64, pending: 5_000 };

export const INVARIANTS: readonly Invariant[] = [
  wellFormed,
  noBlockLost,
  pushedOnce,
  dashdWanted,
  verdictInTime,
  startsAndStops,
  bounded(LIMITS),
  recovers,
];
