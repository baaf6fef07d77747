/**
 * Compares a header with the chain that it extends, as far as a few blocks of that chain are known. A mismatch raises a doubt, never a
 * refusal: the network may have rules that blockcast does not know. A pushed block with one of these faults costs 100 of 100 misbehaviour
 * points at every peer. A time too far in the future is not checked: it costs no points.
 * Source: Dash Core `src/validation.cpp` ContextualCheckBlockHeader and ContextualCheckBlock, `src/net_processing.cpp`
 * MaybePunishNodeForBlock.
 */

import { DOUBTS } from '../messages/blocks.js';
import { fill } from '../messages/fill.js';
import type { Network } from '../wire/network.js';
import type { Block, Doubt } from './gate.js';
import { expandTarget } from './header.js';

/** What is known about the chain at a block's parent; unknown fields are absent. */
export interface ChainContext {
  readonly parentHeight?: number | undefined;
  /** Seconds since the Unix epoch. */
  readonly parentTime?: number | undefined;
  /** The median of the last eleven blocks' times, seconds. */
  readonly medianTime?: number | undefined;
  /** The easiest target of the last blocks that dashd accepted (up to 24). */
  readonly easiestTarget?: bigint | undefined;
}

/**
 * Dark Gravity Wave multiplies an average of the last 24 targets by the time that these blocks took, in units of the time they should
 * have taken and cut off at 3: no target is over 3 times the easiest of them. Source: Dash Core `src/pow.cpp` DarkGravityWave.
 */
const MAX_EASING = 3n;
/** On networks with a rule for late blocks: after 600 s (4 times the spacing) the target may be 10 times easier, after two hours it is free. */
const LATE_SECONDS = 600;
const LATE_EASING = 10n;
const VERY_LATE_SECONDS = 7_200;
/** Required since BIP 65. */
const MIN_VERSION = 4;

/** Doubts about a block's header. */
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

/** Doubts about the height in the coinbase. */
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
