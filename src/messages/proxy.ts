/** What the JSON-RPC proxy reports, and what it replies in place of dashd. */

export const PROXY = {
  listening: 'listening on {host}:{port}',
  'cannot-listen': 'cannot listen on {host}:{port} ({error}): {remedy}',
  remedy: 'set proxy.host and proxy.port to a free address and port of this machine',
  failed: '{host}:{port}: {error}',
  'dashd-unreachable': 'dashd at {address} is unreachable ({code})',
  'dashd-broke-off': 'dashd at {address} closed the connection before replying ({code})',
  loop: '{address} is the address of this proxy: set dashd.rpc.url to that of dashd',
  'not-searched': '{reason}: a request was forwarded without being searched for blocks',
  'body-too-large': 'its body is larger than any block',
  'buffers-full': 'the memory for requests is used up',
  'batch-too-large': 'a batch was forwarded without being searched for blocks',
  'too-many-blocks': '{blocks} blocks in one batch: those after the first {max} are forwarded to dashd only',
  'no-block': 'a submitblock was forwarded to dashd only: {reason}',
  'client-error': 'rejected a request with {status} ({code})',
  'too-many-fields': 'the request has {max} header fields or more',
  'field-twice': 'the request has two header fields named {name}',
  'not-chunked': 'the transfer encoding of the request is not "chunked"',
  'two-lengths': 'the request has both a content length and a transfer encoding',
  'other-expectation': 'the request expects something other than 100-continue',
  'malformed-field': 'the request has a malformed header field',
  'cross-site': 'cross-site request rejected (it has Origin or Sec-Fetch headers)',
  'foreign-host':
    'the Host of the request is not a name of this machine: set proxy.host to the name that the pool uses',
  stalled: 'dropped a stalled request to make room for another',
  'too-many-connections': 'more than {max} connections, or {maxPerAddress} from one address',
  'too-many-pipelined': 'closed a connection with too many pipelined requests',
  omitted: '{detail} (omitted since the previous report: {others})',
} as const;

/** The JSON-RPC error (code -32603) that a caller gets when dashd does not answer, or the proxy rejects the request. */
export const PROXY_REPLY = 'blockcast: {fault}[; {submission}]';

/** What was done with a block meanwhile; `{submission}` in the error. */
export const SUBMISSIONS = {
  sent: 'the block was sent to {peers}; dashd will be asked again',
  'no-peer': 'no peer is connected to which the block could be sent; dashd will be asked again',
  held: 'the block waits for dashd before any peer is sent it: {reason}',
  repeated: 'the block was received before, and was sent then',
  refused: 'the block was sent to no peer: {reason}',
  'new-caller': 'the block was sent to no peer: dashd has not accepted this caller yet',
  'not-known': 'whether it executed the call is not known',
} as const;
