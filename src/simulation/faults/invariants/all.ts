import { bounded } from './bounded.js';
import { dashdWanted } from './dashd-wanted.js';
import type { Invariant } from './invariant.js';
import { noBlockLost } from './no-block-lost.js';
import { pushedOnce } from './pushed-once.js';
import { recovers } from './recovers.js';
import { startsAndStops } from './starts-and-stops.js';
import { verdictInTime } from './verdict-in-time.js';
import { wellFormed } from './well-formed.js';

/** Six peers and dashd, one socket each. A flood has up to 2,800 messages under way; without one, some hundred actions wait. */
const LIMITS = { sockets: 7, live: 7, known: 7, files: 40, pending: 4_000 };

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
