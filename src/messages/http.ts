/** What the HTTP service reports, and its error replies. */

export const HTTP = {
  'cannot-listen': 'cannot listen on {address}: {remedy}',
  'port-in-use': 'another program uses this port: stop it, or set http.port to another port',
  'not-permitted': 'this user may not bind this port: set http.port to 1024 or more',
  'no-such-address': 'this machine does not have this address: set http.host to one of its addresses',
  'no-such-name': 'this name does not resolve: set http.host to an address of this machine',
  check: 'check http.host and http.port',
  'no-answer': '{route} failed: {error}',
} as const;

/** Reasons of `/readyz`, and of the field `degraded` of `/api/v1/status`. */
export const READINESS = {
  'shutting-down': 'the relay is shutting down and accepts no more blocks',
  'no-intake': 'the pool cannot push a block: the pool socket is not open[ ({detail})]',
  'no-node': 'a block would reach no node: dashd answers neither over P2P nor over RPC, and no peer is connected',
  'dashd-lost': "the pool's own dashd is unreachable: blocks go to the other peers only",
  'no-p2p': "the pool's own dashd is not connected over P2P: blocks reach it over RPC only",
  'no-rpc': 'dashd does not answer over RPC: blocks reach it over P2P only',
  'no-peer': "no peer except the pool's own dashd is connected: blocks go to it only",
  'no-signer':
    'none of the {members} signers of the next block is connected: its ChainLock waits until other nodes have passed the block on',
  'few-peers': '{count} peers are connected, fewer than the minimum of {min}',
} as const;

/** An error reply: its status and its two fields. */
interface Reply {
  readonly status: number;
  readonly error: string;
  readonly remedy?: string;
}

/** Other errors of a client have the name of their status as `error`, and no remedy. */
export const REPLIES = {
  unauthorised: {
    status: 401,
    error: 'authentication required',
    remedy: 'Use the user and password of the settings http.user and http.password.',
  },
  'cross-site': { status: 403, error: 'cross-site request rejected' },
  'not-the-proxy': {
    status: 403,
    error: 'only the reverse proxy may connect',
    remedy: 'Connect through it, or add your address to http.reverseProxies.',
  },
  'unknown-host': {
    status: 403,
    error: 'unknown host name',
    remedy: 'Open http://127.0.0.1:{port}, set http.password, or add the reverse proxy to http.reverseProxies.',
  },
  'not-found': { status: 404, error: 'not found', remedy: 'See /api/v1/openapi.json for all paths.' },
  'not-built': { status: 404, error: 'the dashboard is not built', remedy: 'Run npm run build.' },
  'method-not-allowed': { status: 405, error: 'method not allowed', remedy: 'Use GET.' },
  'too-many-requests': { status: 429, error: 'too many requests', remedy: 'Wait {seconds} seconds.' },
  'too-many-logins': { status: 429, error: 'too many failed logins', remedy: 'Wait {seconds} seconds.' },
} as const satisfies Record<string, Reply>;

/** Why `/api/v1/blocks/<hash>/anatomy` has no anatomy. The keys are the codes of `AnatomyFaultCode`, and `off`. */
export const ANATOMY_REPLIES = {
  'unknown-block': {
    status: 404,
    error: 'unknown block',
    remedy: 'It was not pushed to this relay, or history.maxBlocks newer blocks have replaced it.',
  },
  'no-bytes': {
    status: 404,
    error: 'neither the relay nor dashd has the bytes of this block[: {reason}]',
    remedy: 'Ask again when dashd answers and has the block.',
  },
  busy: { status: 503, error: 'too many blocks wait to be read', remedy: 'Ask again in some seconds.' },
  unreadable: {
    status: 503,
    error: 'the block could not be read within the limits of time and memory[: {reason}]',
    remedy: 'Ask again when the machine is less busy.',
  },
  off: { status: 404, error: 'blocks are not read', remedy: 'Set history.anatomy to true.' },
} as const satisfies Record<string, Reply>;
