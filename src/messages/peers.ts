/** What is said about peers: why a connection ended, why a peer is connected to, kept or left, and what its score consists of. */

/** Why a connection ended: `{code}: {reason}` of `peer-lost`. The keys are the codes. */
export const SESSION = {
  unreachable: '{error}',
  'dial-timeout': 'no connection within {seconds} s',
  'closed-by-peer': 'the peer closed the connection',
  'connection-error': '{error}',
  'handshake-timeout': '{phase} for {seconds} s',
  'obsolete-version': 'protocol {version} is below the minimum of {min}',
  'self-connection': 'the peer sent our own nonce',
  'out-of-order': 'received verack before version',
  'wrong-magic': '{magic} instead of {expected}',
  'bad-command': '{bytes}',
  oversized: '{command}: {length} bytes, at most {max} are allowed',
  'bad-checksum': '{command}: {checksum} instead of {expected}',
  malformed: '{field}',
  'no-pong': 'no pong within {seconds} s',
  'block-not-acknowledged': 'no pong after a block within {seconds} s',
  'message-flood': 'sent messages above the rate limit',
  'address-flood': 'sent addresses above the rate limit',
  'byte-flood': 'sent bytes above the rate limit',
  'inv-flood': 'sent inventory items above the rate limit',
  'getdata-flood': 'requested objects above the rate limit',
  'headers-flood': 'sent more headers than requested',
  'getheaders-flood': 'requested headers above the rate limit',
  'getblocktxn-flood': 'requested transactions of blocks above the rate limit',
  'sendcmpct-flood': 'chose and dropped us for compact blocks above the rate limit',
  backlog: '{bytes} bytes wait to be read by the peer',
  'rotated-out': 'no longer wanted',
  'proxy-unreachable': '{proxy}: {error}',
  'proxy-timeout': '{proxy} did not answer within {seconds} s',
  'proxy-closed': '{proxy} closed the connection before it was made',
  'proxy-not-socks': '{proxy} is not a SOCKS5 server: its answer begins with {bytes}',
  'proxy-auth': '{proxy} does not accept the user and password that keep the circuits apart',
  'tor-failure': '{reply}',
  'tor-not-allowed': '{reply}',
  'tor-unreachable': '{reply}',
  'tor-refused': '{reply}',
  'tor-timeout': '{reply}',
  'tor-onion': '{reply}',
} as const;

export type SessionFaultCode = keyof typeof SESSION;

/** The other text of `out-of-order`. */
export const SECOND_VERSION = 'received a second version message';

/** Why a peer is connected to. The keys are the codes, as in the next tables. */
export const CONNECT = {
  'below-min': 'score {score}',
  'free-slot': 'score {score}',
  exploration: 'score {score}',
  rotation: 'score {score}, for {peer}',
  'last-resort': 'score {score}[, tried all the same: {bar}]',
} as const;

export const DISCONNECT = {
  'not-in-book': 'it was removed from the book',
  'over-max': '{count} connections, {max} wanted; score {score}',
  unfit: '{reason}',
  'reached-by-dashd': 'dashd is connected to it by itself, so it adds no reach',
  'group-crowded': '{count} peers in {group}',
  'country-crowded': '{count} peers in {country}',
  outscored: 'score {score}, {peer} has {better}',
  exploration: 'score {score}, the lowest; a peer never tried gets the slot',
} as const;

/** Why a connection stays. */
export const KEEP = {
  protected: 'the local dashd is never given up',
  connecting: 'its handshake is not finished',
  young: 'connected only just now',
  'on-trial': 'connected for the first time, its trial period is not over',
  good: 'score {score}',
  'no-replacement': '{reason}, but no better peer is known',
  'rotation-limit': '{count} peers are replaced already',
} as const;

/** Why a peer is not dialled: counted in `{skipped}` of `plan`, explained by `blockcast peers explain`. */
export const BARRED = {
  'unreachable-family': 'its kind of address cannot be dialled: an onion address needs tor.mode onion or all',
  backoff: '{failures} in a row[, the last: {code}]; waits {seconds} s',
  'breaker-open': '{failures} in a row[, the last: {code}]; waits {seconds} s',
} as const;

/** Why a peer is not worth a slot. All but `behind` also keep it from being dialled. */
export const UNFIT = {
  'no-network-service': 'it does not serve the chain',
  failing: 'the last {blocks} blocks pushed to it were not proven delivered',
  slow: 'its ping is {ms} ms, over {max} ms',
  behind: 'it is {blocks} blocks behind our tip',
} as const;

export type UnfitCode = keyof typeof UNFIT;

/** The terms of a score. */
export const SCORE = {
  protected: 'the local dashd, never given up',
  initial: 'known from {source}',
  success: 'at least {percent} % of its recent blocks proven delivered (95 % sure)',
  'no-block': 'no block pushed to it yet',
  recency: 'last seen {hours} h ago',
  'from-dashd': 'dashd was connected to it',
  learned: 'announces blocks {lag} ms behind the first ({blocks} of the latest), and is {way} ms away',
  'learned-nothing': 'no announcement seen yet, taken for {lag} ms behind the first; it is {way} ms away',
  floor: 'a score is never below 0',
} as const;

/** The set of peers. */
export const PEERS = {
  targets: '{targets} broadcast targets, at least {min} are wanted[; not candidates: {skipped}]',
  protected: "{peer} is the pool's own dashd: it is not dropped",
  'own-dashd': "{peer} is the pool's own dashd, {known}, under another address: it counts once",
  'same-node': '{peer} is a peer that is connected, {known}, under another address: it counts once',
  'uplink-limited': 'the uplink carries about {mbit} Mbit/s: blocks are written at its speed, the next signers first',
  'no-countries': '{file}: {reason}; peers are chosen without regard to countries. Correct broadcast.countryDb',
  'table-too-large': 'over {max} bytes',
  'not-a-table': 'it is not a table in MMDB format',
} as const;
