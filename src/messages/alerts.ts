/** Texts of alerts besides those of the conditions: the facts, the course of an alert, and what came of sending it. */

/** What happened; the first line of an alert about it. */
export const FACTS = {
  'block-lost': 'block {hash}[ (height {height})]: {reason}; reached {reached} of {tried} peers',
  'block-orphaned': 'block {hash}[ (height {height})] was replaced by {by}',
  'another-block': 'another block',
  'frame-refused': 'a frame of {size} bytes: {code}: {reason}',
  'block-refused': 'block {hash} ({size} bytes): {code}: {reason}',
  'many-refused': '{count} frames, the last of them {last}',
  'many-failing': '{failing} of {all} peers failed within {minutes} min, the last of them {peer}: {reason}',
  'dashd-lost': '{peer}: {code}: {reason}',
  'no-peers': "no peer except the pool's own dashd is connected",
} as const;

/** The rest of its text. */
export const COURSE = {
  since: 'Since {time}[, {duration} by now].[ It ended and came back {returns}.]',
  lasted: 'It lasted {duration}, from {from} to {to}.[ It ended and came back {returns}.]\nIt was: {facts}',
  resolved: 'Resolved: {recovers}.\nIt was: {facts}',
  once: 'once',
  times: '{count} times',
  'no-time': 'less than a second',
  'left-out': 'Messages left out before this one: {count}.',
  test: 'This is a test message.',
  'test-remedy': 'No action is needed.',
  'test-text': 'This is a test message. Alerts will arrive the same way.',
} as const;

/** `{detail}` of `alert-sent` and `alert-not-sent`, and of `blockcast alerts test`. */
export const SENDING = {
  outcome: '{alert}: {detail}',
  answered: '{host} answered {status}[: {text}]',
  'no-redirects': 'redirects are not followed',
  'not-telegram': "{host} answered {status}, but the answer is not from Telegram's API",
  failed: '{host}: {code}: {detail}',
  'not-sent': 'not sent',
  'answer-too-long': 'the answer is longer than {max} bytes',
  timeout: 'no full answer within {ms} ms',
  aborted: 'aborted, the relay is shutting down',
  'outbox-full': 'the outbox is full',
  replaced: 'replaced by a newer message about the same alert',
  rejected: 'rejected {count} times',
  'not-sent-in-time': 'not sent before the end, after {attempts} attempts',
  suppressed: '{count} alerts about blocks: too many at once',
} as const;
