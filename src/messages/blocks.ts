/** What is said about a block: why it is refused, why peers wait for dashd, and what came of it. */

/** A frame that is not a block, or a block without proof of work: nobody is sent it. The keys of the first table are the codes. */
export const REFUSALS = {
  empty: 'the frame is empty',
  'too-small': '{size} bytes; a block has {min} or more',
  'too-large': '{size} bytes; a block has {max} or fewer',
  'bad-hex': 'not hex at offset {offset}',
  'bad-proof-of-work': 'hash {hash} is above the claimed target {bits}',
  'unknown-topic': '{topic}; use "block" or "rawblock"',
  'too-many-bodies': '{count} other bodies came with this header, and none was right',
} as const;

export type RefusalCode = keyof typeof REFUSALS;

/** Other texts of these codes. */
export const REFUSAL_DETAILS = {
  'no-bytes': 'there are no bytes',
  'too-many-digits': '{digits} hex digits; a block has {max} or fewer',
  'odd-digits': 'an odd number of hex digits: {digits}',
  'target-zero': 'claimed target {bits} is zero',
  'target-negative': 'claimed target {bits} is negative',
  'target-overflow': 'claimed target {bits} has more than 256 bits',
  'target-too-easy': 'claimed target {bits} is easier than {network} allows',
  remedy: '{reason}; send the serialised block, as bytes or as hex digits',
} as const;

/** `{note}` of `received`: what the pool should correct although the block was found. */
export const NOTES = {
  bytes: 'found as bytes in frame {frame} of {frames}[ behind {offset} other bytes]',
  hex: 'found as hex digits in frame {frame} of {frames}',
  base64: 'found as base64 in frame {frame} of {frames}',
  'cut-off': '{bytes} of white space or NULs behind the block were cut off',
} as const;

/** `{held}` of `received`: why peers are sent the block only after dashd's answer. */
export const DOUBTS = {
  transactions: '{size} bytes follow the last transaction',
  'too-many-transactions': '{count} transactions: more than {max} are not checked here',
  'count-too-large': '{field}: {count} do not fit into the {bytes} bytes left',
  'too-many-bodies': '{count} other bodies came with this header: this one is not checked here',
  'no-coinbase': 'the first transaction is not a coinbase',
  'several-coinbases': '{count} transactions are coinbases',
  'merkle-root': 'the header claims {claimed}, the transactions give {found}',
  mutated: 'repeated transactions do not change the merkle root (CVE-2012-2459)',
  target: 'its claimed target {bits} is [{times} times ]easier than any that fits the last blocks',
  time: 'its time {time} is not after {median}, the median of the last 11',
  version: 'its version {version} is below {min}',
  height: "its coinbase claims height {height}, its parent's is {parent}",
  parent: 'its parent {parent} is neither the tip nor a recent block',
  'new-submitter': 'dashd had not accepted a request of its submitter before',
} as const;

/** `{reason}` of a verdict. */
export const VERDICT = {
  rejected: 'dashd rejected it: {reason}[; {claims}]',
  claims: '{count} of {tried} peers claim to have it: {next}',
  'asked-again': 'dashd is being asked again',
  'two-networks': 'against dashd, peers in two networks are needed',
  contested: 'peers accepted it, but dashd rejected it: {reason}',
  'not-active': 'dashd has it, but not in its active chain[: {reason}]',
  'no-answer': 'dashd gave no answer: {reason}',
  rivals: '{count} of {tried} peers have another block in its place',
  'dashd-only': "no peer but the pool's own dashd was reached",
  'fallback-off': "no peer but the pool's own dashd was reached, and broadcast.fallback is off",
  'hung-up': '{count} of {tried} peers disconnected after it, {reached} have it; {dashd}',
  'not-sent': 'it was sent to no peer; {dashd}',
  unproven: 'no peer is known to have it[: {lacking} of {tried} say that it is not in their chain]; {dashd}',
  dashd: 'dashd: {reason}',
  'no-answer-yet': 'dashd gave no answer yet',
  'no-reason': 'no reason given',
  'unexpected-answer': 'unexpected answer to submitblock: {answer}',
  stale: "stale: dashd's chain is at height {height} without it; it was not sent again",
} as const;
