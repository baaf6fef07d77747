/** The log lines of events, but for those of services (services.ts). docs/messages.md is made of this table. */
import type { Message } from './message.js';

export const EVENT_MESSAGES = {
  received: {
    level: 'info',
    text: "block {hash}[ (height {height})] received from {source}: {size}[, {transactions} transactions][; peers wait for dashd's answer: {held}][; {note}]",
    action: 'If a note follows: correct what the pool sends, as the note says.',
  },
  refused: {
    level: 'error',
    text: '{subject} of {size} from {source} refused: {code}: {reason}',
    action: 'Correct what the pool pushes. If it was a found block, it was not sent to anybody.',
  },
  'refused-dashd': {
    level: 'warn',
    text: '{subject} of {size} from {source} refused: {code}: {reason}',
    action: "See dashd's debug.log, and whether something else publishes at the feed's address.",
  },
  'refused-cluster': {
    level: 'warn',
    text: '{subject} of {size} from {source} refused: {code}: {reason}',
    action:
      'See which relays `blockcast cluster status` lists: one of them is of another network, or is not what it should be.',
  },
  repeated: { level: 'debug', text: 'block {hash} received again from {source}' },
  stored: { level: 'debug', text: 'block {hash} stored: it survives a loss of power' },
  proof: { level: 'debug', text: 'block {hash} at {peer}: {status}[: {reason}][ ({times})]' },
  delivered: {
    level: 'info',
    text: 'block {hash}[ (height {height})] {outcome}: reached {reached} of {tried} peers[; {times}][; {signers}][; rpc {rpc}][; {reason}]',
  },
  undelivered: {
    level: 'critical',
    text: 'block {hash}[ (height {height})] {outcome}: reached {reached} of {tried} peers[; {times}][; {signers}][; rpc {rpc}][; {reason}]',
    action: 'Submit the block to any node at once (`submitblock`), then see why dashd and the peers were not reached.',
  },
  rejected: {
    level: 'error',
    text: 'block {hash}[ (height {height})] {outcome}: reached {reached} of {tried} peers[; {times}][; {signers}][; rpc {rpc}][; {reason}]',
    action: "Read dashd's reason, here and in its debug.log, and stop the pool from mining on what dashd rejects.",
  },
  finality: { level: 'info', text: 'block {hash}[ (height {height})] {end}' },
  orphaned: {
    level: 'error',
    text: 'block {hash}[ (height {height})] {end}',
    action: 'Compare when the peers had the block, on the dashboard, with when the other block came.',
  },
  'locks-delaying': {
    level: 'warn',
    text: 'block {hash}[ (height {height})]: {delaying} of {transactions} transactions are not InstantSend-locked, so its ChainLock may be late, until {clear} at the latest: {txids}',
    action:
      'See docs/pools.md, "What delays a ChainLock": mine on the template of dashd, which leaves such transactions out.',
  },
  'locks-clear': {
    level: 'debug',
    text: 'block {hash}[ (height {height})]: no transaction delays its ChainLock: {locked} of {transactions} are InstantSend-locked[; {aged} are known for ten minutes][; {unchecked} were not asked about]',
  },
  'locks-unknown': {
    level: 'info',
    text: 'block {hash}[ (height {height})]: it is not known whether a transaction delays its ChainLock: {unknown}',
  },
  'locks-relayed': {
    level: 'debug',
    text: 'block {hash}[ (height {height})]: {kind} sent to {sent} peers {time} after the block; {had} had it[, {unproven} are not proven to have the block]',
  },
  'lock-forecast': {
    level: 'debug',
    text: "next block: {delaying} of {transactions} transactions of dashd's mempool would delay its ChainLock[: {txids}][; unknown: {unknown}]",
  },
  'dashd-connected': {
    level: 'info',
    text: 'local dashd {peer} connected: {userAgent}, protocol {protocolVersion}, height {height}',
  },
  'peer-connected': {
    level: 'debug',
    text: 'peer {peer} connected: {userAgent}, protocol {protocolVersion}, height {height}',
  },
  'dashd-lost': {
    level: 'critical',
    text: 'local dashd {peer} lost: {code}: {reason}',
    action: 'See whether dashd runs, and start it. blockcast reconnects by itself.',
  },
  'dashd-not-reached': {
    level: 'critical',
    text: 'local dashd {peer} not reached: {code}: {reason}',
    action:
      'See whether dashd runs and listens at `dashd.p2p.host` and `dashd.p2p.port`, and whether it is on `network`.',
  },
  'peer-lost': { level: 'warn', text: 'peer {peer} lost: {code}: {reason}' },
  'peer-not-reached': { level: 'info', text: 'peer {peer} not reached: {code}: {reason}' },
  /** Of a quorum; another member gets the slot. */
  'member-lost': { level: 'info', text: 'quorum member {peer} lost: {code}: {reason}' },
  'member-not-reached': { level: 'debug', text: 'quorum member {peer} not reached: {code}: {reason}' },
  plan: {
    level: 'info',
    text: 'peers: {targets} targets, {kept} kept, {known} known[ (no candidates: {skipped})]: {changes}',
  },
  'plan-unchanged': {
    level: 'debug',
    text: 'peers: {targets} targets, {kept} kept, {known} known[ (no candidates: {skipped})]: nothing to change',
  },
  gossip: { level: 'debug', text: 'addresses from {peer}: {facts}' },
  propagation: { level: 'info', text: 'block {hash}[ (height {height})] spread: {times}' },
  'propagation-others': { level: 'debug', text: 'block {hash}[ (height {height})] of others spread: {times}' },
  'witness-connected': { level: 'debug', text: 'witness {peer} connected: {reason}' },
  'witness-lost': { level: 'debug', text: 'witness {peer} lost: {code}: {reason}' },
  'witness-replaced': { level: 'info', text: 'witness {peer} replaced: {code}: {reason}' },
  tip: { level: 'debug', text: 'tip is {hash} ({source})' },
} as const satisfies Record<string, Message>;

export type EventMessage = keyof typeof EVENT_MESSAGES;

/** Parts of these lines. */
export const EVENT_PARTS = {
  'the-pool': 'the pool',
  'the-cluster': 'another relay of the cluster',
  written: 'written {time}',
  acknowledged: 'acknowledged {time}',
  accepted: 'accepted {time}',
  times: 'first {first}, median {median}, last {last}',
  signers: '{reached} of {tried} signers[, 60 % after {majority}]',
  rpc: '{outcome}[ ({reason})] in {time}',
  connect: 'connect to {peers}',
  leave: 'leave {peers}',
  planned: '{peer} ({reason})',
  added: '{count} added',
  known: '{count} known',
  'future-dated': '{count} dated ahead of time',
  refused: '{count} refused: {reason}',
} as const;

/** `{times}` of `propagation`. */
export const PROPAGATION = {
  median: 'half of {witnesses} witnesses had it after {median}[, the last of {seen} after {last}]',
  few: 'seen by {seen} of {witnesses} witnesses, too few for a median',
} as const;

/** `{end}` of `finality` and `orphaned`. */
export const FINALITY_ENDS = {
  pending: "is in dashd's chain again[ (confirmations: {confirmations})]",
  chainlocked: 'is ChainLocked[ after {time}][ (confirmations: {confirmations})]',
  buried: 'is buried without a ChainLock[ (confirmations: {confirmations})]',
  orphaned: 'is orphaned by {by}',
  unnamed: 'a block that dashd did not name',
} as const;

/** What `submit` says of a block's locks. */
export const LOCK_ENDS = {
  clear: 'none of {transactions} transactions delays the ChainLock',
  delaying: '{delaying} of {transactions} transactions are not InstantSend-locked: {txids}',
  more: '{txids} and {more} more',
  unknown: 'not known: {unknown}',
  relayed: '{kind} sent to {sent} peers {time} after the block; {had} had it',
} as const;
