import type { Verdict } from '../../src/contracts/events.js';

/** The verdict on a delivered block of which no peer is counted: tests set the fields they are about. */
export const DELIVERED: Verdict = {
  hash: '',
  source: 'pool',
  size: 1_000,
  outcome: 'delivered',
  success: true,
  peersReached: 0,
  peersTried: 0,
  accepted: 0,
  alreadyHad: 0,
  failed: 0,
  peers: [],
};
