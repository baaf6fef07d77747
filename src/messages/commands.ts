/** What commands print besides their results: errors (on standard error, after `error: `), notes and outcomes. */

/** Errors say in the text what to do. */
export const COMMAND_ERRORS = {
  'no-channel':
    'no alert channel is configured: set alerts.webhook.url, or alerts.telegram.token and alerts.telegram.chat',
  'bad-key-name': '--name is not a valid file name. Use letters, digits, dots, hyphens and underscores.',
  'not-written': '{path} cannot be written ({code}). {remedy}',
  'keys-exist':
    'Give another --name or --out, or move the old pair away: clients that have its public key could no longer connect.',
  'output-lost': 'standard output cannot be written ({code}): what was printed is not complete.',
  'give-writable-folder': 'Give a folder that this user may write to.',
  'give-writable-file': 'Give a file that this user may write.',
  'give-new-file': 'Give the name of a new file.',
  'no-peer-book': 'no peer book at {path}. Start the relay, or give another file with --broadcast-peer-db.',
  'unknown-peer': '{peer} is not in the peer book. Add it: blockcast peers add {peer}',
  'bad-peer': '{text} {problem}. Give host, host:port or [ipv6]:port.',
  'recording-unreadable':
    '{path} cannot be read ({code}). Give a block history (history.file), or block events, one a line.',
  'recording-too-small':
    '{path} has no two blocks with proofs of more than {peers} peers. Give a longer recording, or a smaller --choose.',
  'peer-book-unreadable': '{path} cannot be read ({code}). Give the file of a peer book.',
  'not-a-peer-book': '{path} is not a peer book ({code}: {reason}).',
  'control-not-open':
    "the relay's control socket does not accept connections ({detail}). Run this as the user that runs the relay.",
  'edit-unanswered': 'the relay applied {applied} of {parts} parts, and gave no valid answer to the next: see its log.',
  'not-a-number': 'Give a whole number from {min} to {max}.',
  'command-first': 'the command comes first: blockcast {command} …',
  'unknown-command': "unknown command '{command}'",
  'did-you-mean': '(Did you mean {name}?)',
  'block-unreadable': '{text} cannot be read ({code}), and is not hex. Give a file or a block in hex.',
  'not-a-block': '{text} is not a block: {reason}. Give a block, raw or in hex.',
  'no-fixed-port': '{setting} has no fixed port: give the port that the relay logged.',
  'no-relay':
    'no relay answered at {endpoint} within {seconds} s. Start one (blockcast run), or give its sockets with --pool-bind and --events-bind.',
  'keys-rejected': "the relay at {endpoint} rejected the CURVE keys. Use the relay's own configuration (pool.curve).",
  'no-event':
    'the block was pushed, but no event about it came from {endpoint} within {seconds} s. Check that --pool-bind and --events-bind belong to one relay.',
  'no-verdict': 'the relay received the block, but sent no event for {seconds} s: see its log.',
  stopped: 'stopped before the verdict.',
  'not-a-target': '{path} is not a regular file. Give the name of a file.',
  'study-stopped': 'stopped after {done} of {total} runs: nothing was written.',
  'study-paused': 'stopped after {done} of {total} runs: they are in {path}, and the same command goes on from there.',
  'not-saved-runs': 'line {line} of {path} is not a run that --save wrote. Give another file.',
  'contender-names': 'Give names, separated by commas. "blockcast simulate --list" lists them.',
  'more-errors': 'and {count} more',
} as const;

/** The limit of open files (RLIMIT_NOFILE), checked before anything is opened. */
export const OPEN_FILES = {
  'too-few-to-start':
    'the limit of open files is {limit}, but blockcast needs {needed} to start and {default} with the default settings: {remedy}',
  'too-few':
    'the limit of open files is {limit}, but blockcast needs up to {needed} for {uses} and itself: {remedy}, or disable what you do not need',
  peers: '{count} peers (broadcast.maxPeers)',
  members: '{count} members of quorums (quorum.maxPeers)',
  http: 'the HTTP service (http.enabled)',
  proxy: 'the JSON-RPC proxy (proxy.enabled)',
  remedy:
    'raise the hard limit to {needed} ("ulimit -n {needed}", LimitNOFILE= of a systemd unit, "ulimits: nofile" of a container)',
} as const;

/** Notes and outcomes. */
export const COMMAND_NOTES = {
  'replay-choice': 'choice',
  'replay-first': 'first proof, ms',
  'replay-mean': 'mean proof, ms',
  'replay-ratio': 'ratio to all',
  'replay-plain': 'plain score',
  'replay-learned': 'learned',
  'replay-all': 'all peers',
  replayed:
    'Of {blocks} blocks, each choice of {choose} peers made from the blocks before; in {lost} the learned choice took longer on average than the plain one',
  'recording-skipped': '{path}: {lines} lines are no block events; they were left out',
  'public-key': 'public key: {key}',
  'keys-written': 'wrote {secretFile} (secret, mode 0600) and {publicFile}',
  'no-dashboard': 'No dashboard: port {port} is not available. Give another with --http-port.',
  dashboard: 'Dashboard: {url}',
  exported: '{count} peers written to {path}',
  'relay-runs': 'note: a relay is running; this is the state it saved[ {minutes} min ago]',
  'done-by-relay': 'done by the running relay',
  'done-in-file': 'done in {path}; no relay is running on it',
  imported: '{added} added, {known} known[, {refused}]',
  refused: '{count} refused ({reason})',
} as const;

/** What became of a peer that was to be added or removed; other outcomes are the codes of refused addresses. */
export const EDIT_OUTCOMES = {
  added: 'It is in the peer book now.',
  known: 'It was in the peer book already.',
  removed: 'It is not in the peer book any more.',
  unknown: 'It was not in the peer book.',
  protected: "It is the pool's own dashd, which cannot be removed.",
} as const;

export const EXIT_MEANINGS = {
  ok: 'Done. For `submit`: delivered, or known to the relay already.',
  failed:
    'Failed: the configuration is wrong (`run`, `check-config`), the block was refused or not delivered, a file could not be read or written, `simulate` was stopped, or the relay ended with an error.',
  usage:
    'Wrong use: an unknown command or flag. For `submit` and `alerts test` also a configuration that is wrong, for `simulate` a scenario that is wrong.',
  noAnswer: 'No relay answered.',
} as const;
