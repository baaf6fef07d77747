/**
 * The rules by which a relay stays a good guest of the masternodes. A masternode has 114 slots for inbound connections; ten relays with 400
 * quorum connections each take 1.3 of them on average.
 *
 * - One connection a node, long-lived: uptime protects from eviction, and the members stay the same for days.
 * - Slow ramp-up: 400 connections take 100 s, 1,350 take 6 minutes.
 * - A node that failed or hung up is not dialled for a minute, then for twice as long after each failure, up to an hour.
 * - A connection is given back when its masternode is a member of no active quorum.
 * - No network (/16, /32) gets more than a quarter of the connections.
 */
import { exponentialMs } from '../common/backoff.js';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../time.js';

/** Between two plans while there is something to do. */
export const PLAN_EVERY_MS = 5 * SECOND_MS;
/** Connections that one plan may begin, and those that may be under way. */
export const MAX_NEW = 20;
export const MAX_PENDING = 32;
/** Connections that may be given up for members of more quorums when the active quorums change, as a share of all. */
const SWAP_SHARE = 0.05;
const GROUP_SHARE = 0.25;
/** With few connections a network is not held to its share: masternodes of a small network are often in one. */
const MIN_PER_GROUP = 8;
const FIRST_WAIT_MS = MINUTE_MS;
const LONGEST_WAIT_MS = HOUR_MS;
/** A connection that lasted this long was no failure. */
const LASTING_MS = 10 * MINUTE_MS;

export function maxSwaps(max: number): number {
  return Math.ceil(max * SWAP_SHARE);
}

/** @param local all nodes may share one address, as on regtest */
export function maxPerGroup(max: number, local: boolean): number {
  return local ? max : Math.max(MIN_PER_GROUP, Math.ceil(max * GROUP_SHARE));
}

/** Failed connections in a row, after one more. @param uptimeMs of the connection that was lost; 0 for one that failed */
export function failuresAfter(before: number, uptimeMs: number): number {
  return uptimeMs >= LASTING_MS ? 0 : before + 1;
}

/** How long (ms) a node is not dialled. @param roll in [0, 1): nodes lost together are not dialled together */
export function waitAfter(failures: number, roll: number): number {
  const waitMs = exponentialMs(FIRST_WAIT_MS, LONGEST_WAIT_MS, failures - 1);
  return waitMs + roll * 0.5 * waitMs;
}
