/**
 * Whether a header fits the chain that it wants to join, as far as a few blocks of that chain tell. A block that does not is broken, or
 * the network has learned something we have not: a doubt, never a refusal. Each of these faults in a pushed block costs 100 points of 100
 * at every peer. A time too far in the future is not among them: it costs nothing there.
 * Source: Dash Core `src/validation.cpp` ContextualCheckBlockHeader and ContextualCheckBlock, `src/net_processing.cpp`
 * MaybePunishNodeForBlock.
 */

import { DOUBTS } from '../messages/blocks.js';
import { fill } from '../messages/fill.js';
import type { Network } from '../wire/network.js';
import type { Block, Doubt } from './gate.js';
import { expandTarget } from './header.js';

/** What is known of the chain where a block wants to join it; what is not is left out. */
export interface ChainContext {
  readonly parentHeight?: number | undefined;
  /** Seconds since the Unix epoch. */
  readonly parentTime?: number | undefined;
  /** The median of the last eleven blocks' times, seconds. */
  readonly medianTime?: number | undefined;
  /** The easiest of the targets that dashd accepted lately, of 24 blocks where so many are known. */
  readonly easiestTarget?: bigint | undefined;
}

/**
 * Dark Gravity Wave multiplies an average of the last 24 targets by the time that these blocks took, in units of the time they should
 * have taken and cut off at 3: no target is over 3 times the easiest of them. Source: Dash Core `src/pow.cpp` DarkGravityWave.
 */
const MAX_EASING = 3n;
/** Where a late block may be easier: after this many seconds, 4 times the spacing, by this factor; and after two hours at will. */
const LATE_SECONDS = 600;
const LATE_EASING = 10n;
const VERY_LATE_SECONDS = 7_200;
/** Since BIP 65 was activated, years ago. */
const MIN_VERSION = 4;

/** What speaks against a block's header, by what is known of the chain. */
export function headerDoubts(block: Block, context: ChainContext, network: Network): Doubt[] {
  const doubts: Doubt[] = [];
  const limit = targetLimit(block.time, context, network);
  const target = expandTarget(block.bits);
  if (target > limit) {
    const bits = block.bits.toString(16).padStart(8, '0');
    const times = (target / limit).toString();
    doubts.push({
      code: 'target',
      reason: fill(DOUBTS.target, { bits, times: times === '1' ? undefined : times }),
    });
  }
  if (context.medianTime !== undefined && block.time <= context.medianTime) {
    doubts.push({
      code: 'time',
      reason: fill(DOUBTS.time, { time: block.time, median: context.medianTime }),
    });
  }
  const version = block.header.readInt32LE(0);
  if (version < MIN_VERSION && network.name !== 'regtest') {
    doubts.push({ code: 'version', reason: fill(DOUBTS.version, { version, min: MIN_VERSION }) });
  }
  return doubts;
}

/** What speaks against the height that the coinbase claims. */
export function heightDoubts({ height }: Block, { parentHeight }: ChainContext): Doubt[] {
  if (height === undefined || parentHeight === undefined || height === parentHeight + 1) return [];
  return [{ code: 'height', reason: fill(DOUBTS.height, { height, parent: parentHeight }) }];
}

function targetLimit(time: number, context: ChainContext, network: Network): bigint {
  const { easiestTarget: easiest, parentTime } = context;
  if (easiest === undefined) return network.easiestExpected;
  const lateness = network.easesLateBlocks && parentTime !== undefined ? time - parentTime : 0;
  if (lateness > VERY_LATE_SECONDS) return network.powLimit;
  const limit = easiest * (lateness > LATE_SECONDS ? LATE_EASING : MAX_EASING);
  return limit < network.easiestExpected ? limit : network.easiestExpected;
}
