/** What the relay reports about the pool's dashd. */

/** Over JSON-RPC. A failure is also the reason of a submission without an answer. */
export const RPC = {
  answers: 'connected',
  unauthorised: 'dashd rejected the user and password',
  forbidden: 'dashd does not allow this address or method',
  timeout: '{host}: no answer in {ms} ms',
  'not-connected': '{host}: no connection in time',
  broken: '{host}: the connection broke before the answer was complete',
  unreachable: '{host}: {code}',
  closed: '{host}: the client is closed',
  'too-large': '{host}: the answer is over {max} bytes',
  'not-json': 'no JSON-RPC answer: {text}',
  'http-error': 'HTTP {status}[ {text}]',
  stopping: 'HTTP 503: dashd is stopping',
  'cookie-unreadable': '{path}: {reason}',
  'no-cookie-file': 'it is not a cookie file',
  'no-cookie': 'it holds no user:password',
  'no-peer-address': 'dashd has {count} outbound peers, none of them with an address that can be read',
  'no-masternode-address':
    'dashd has {count} masternodes, none of them with an address that can be read (addresses.core_p2p, address, service)',
  'not-understood': 'the answer to {method} is not what dashd 23 or 24 answers',
  /** Of a `submitblock` that the proxy forwarded. */
  silent: 'no answer within {seconds} s',
  'answer-too-large': 'the answer is over {max} bytes',
  'answer-incomplete': 'dashd closed the connection before the answer was complete',
  'not-forwarded': 'the request cannot be forwarded',
} as const;

/** The chain of dashd. */
export const CHAIN = {
  synchronised: 'dashd is synchronised[ at height {height}]',
  'fork-pending': '{name} activates at height {height}',
  'fork-signalled': '{name} is being signalled',
  starting: 'dashd is starting: {detail}',
  'catching-up': 'dashd is catching up (height {blocks} of {headers})',
  stalled: 'dashd is catching up (height {blocks} of {headers}[, a block of {time}]): it knows no newer block yet',
  'wrong-network':
    'dashd is on chain {chain}, but blockcast is set to chain {wanted}: {remedy}, or point dashd.rpc.url at a dashd of chain {wanted}',
  'set-network': 'set network to match',
  'set-devnet': 'set network to devnet and devnet.name to {name}',
  'unset-devnet': 'unset devnet.name',
} as const;

/** The feed (ZeroMQ) of dashd. */
export const FEED = {
  gap: '{count} {topic} messages were missed',
  silent: 'the feed does not show {hash}, which others have: subscribed again',
  'not-fetched': 'block {hash} could not be fetched over RPC: {reason}',
  'not-a-block': 'the answer is not a block',
  'unknown-frames': '{count} frames beginning with {topic}',
  unreadable: '{topic} with {size} bytes',
  'no-block-topic':
    'dashd publishes neither rawblock nor hashblock where they can be reached, so its feed shows no block: put zmqpubrawblock={url} into dash.conf',
  'no-rawblock':
    'dashd does not publish rawblock, so blocks are fetched over RPC: put zmqpubrawblock={url} into dash.conf',
  'no-chain-locks':
    'dashd does not publish hashchainlock, so ChainLocks are known over RPC, later: put zmqpubhashchainlock={url} into dash.conf',
  'low-mark': 'dashd drops rawblock messages when more than {mark} wait: raise zmqpubrawblockhwm in dash.conf',
  'unreachable-topic': 'dashd publishes {topic} at {endpoint}, which only its own machine can reach',
  elsewhere: 'dashd publishes {topics}[, and reports nothing at {url}]',
  'topics-at': '{topics} at {endpoint}',
} as const;

/** The question what became of a block. */
/** Why InstantSend locks are not counted, or a ChainLock was not relayed. */
export const LOCKS = {
  'not-supported': 'InstantSend locks are not counted: dashd has no such call ({detail})',
  'not-understood': "InstantSend locks are not counted: dashd's answer to {detail} is not understood",
  'instantsend-off': 'InstantSend locks are not counted: InstantSend is off ({detail})',
  'not-relayed': 'the ChainLock of block {hash} was not relayed: {detail}',
} as const;

export const FINALITY = {
  unknown: 'what became of blocks is not known: {reason}; retrying',
  'no-answer': 'dashd does not answer ({code}: {detail})',
  'not-understood': 'the answer to {method} is not understood',
  about: '{reason}, asked about block {hash}',
} as const;
