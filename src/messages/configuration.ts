/** Configuration errors and warnings. */

/** How an error is shown. `place`: a file, a variable, a flag or `default`. */
export const CONFIG_ERROR = '{setting} (from {place}): [{value} ]{problem}. {remedy}';

/** `{problem}` of a single value; `{remedy}` is {@link GIVE} with what the setting expects. */
export const PROBLEMS = {
  empty: 'is empty',
  'not-text': 'is not text',
  'control-characters': 'contains control characters',
  'bad-user': 'contains a colon or control characters',
  'bad-devnet': 'is not 1 to 64 letters, digits, dots, hyphens or underscores',
  'bad-cluster-word': 'is not 1 to 32 letters, digits, hyphens or underscores',
  'nats-user': 'has a user in it: that is set with cluster.user and cluster.password',
  nul: 'contains a NUL',
  'no-home': 'starts with ~, but HOME is not set',
  'not-a-host': 'is not a host name or an IP address',
  onion: 'is an onion address, on which no interface can listen',
  'not-an-endpoint': 'is not a ZeroMQ endpoint',
  'no-host-and-port': 'has no host and port to connect to',
  'not-a-key': 'is not a CURVE key',
  query: 'has a query',
  'query-or-user': 'has a query or a user',
  'no-password': 'has a user and no password',
  'not-boolean': 'is neither true nor false',
  'not-a-number': 'is not a whole number',
  'out-of-range': 'is out of range',
  'not-a-choice': 'is not one of the choices',
  'not-a-list': 'is not a list',
  'wrong-entries': 'has wrong entries: {entries}',
  entry: 'entry {number}[ {value}] {problem}',
  'every-address': 'covers every address',
  'not-a-range': 'is not an IP address or range',
} as const;

/** `{problem}` of an address or a URL. */
export const ADDRESS_PROBLEMS = {
  'not-host-port': 'is not host:port',
  'not-a-peer': 'is not a valid peer address',
  'no-host': 'has no valid host',
  'no-port': 'has no port from 1 to 65535',
  'not-a-url': 'is not a URL',
  'not-http': 'is not an http or https URL',
  'not-encoded': 'is not a URL (write /, ? and # in a user or password as %2F, %3F and %23)',
  zone: 'has an IPv6 address with a zone, which no URL can hold',
  'no-user': 'has a password and no user',
  'colon-in-user': 'has a user with a colon',
  'control-in-user': 'has control characters in its user or password',
  fragment: 'has a fragment (write a # in a user or password as %23)',
} as const;

export const GIVE = 'Give {expected}.';

/** What a setting expects; `{expected}` of the remedy. */
export const EXPECTED = {
  text: 'text, in quotes where it could be taken for a number',
  user: 'a user name without a colon',
  devnet: 'the name given to dashd -devnet',
  path: 'the path of a file',
  host: 'a host name or an IP address',
  'listen-host': 'a host name or an IP address; 0.0.0.0 or :: for every interface',
  bind: 'an endpoint such as tcp://127.0.0.1:28500, tcp://[::1]:28500 or ipc:///path',
  connect: 'an endpoint such as tcp://127.0.0.1:28332, tcp://[::1]:28332 or ipc:///path, or none',
  key: 'a CURVE key of 40 characters in Z85, as created by blockcast keys',
  keys: 'a list of CURVE public keys, 40 characters in Z85 each',
  'http-url': 'a URL such as https://hooks.example/path',
  'rpc-url': 'a URL such as http://127.0.0.1:9998',
  'api-url': 'a URL such as https://api.telegram.org',
  boolean: 'true or false (or yes, no, on, off, 1, 0)',
  integer: 'a whole number from {min} to {max}',
  choice: 'one of {choices}',
  peer: 'host:port',
  'host-and-port': 'host:port, such as 127.0.0.1:9050',
  peers: 'a list of host:port, such as node.example.org:9999, 203.0.113.7 or [2001:db8::1]:9999',
  range: 'an IP address or range',
  'cluster-word': '1 to 32 letters, digits, hyphens or underscores',
  'nats-server': 'tls://host:port, or nats://host:port without TLS',
  'nats-servers': 'a list of tls://host:port, such as tls://nats-1.example.org:4222',
  ranges: 'a list of IP addresses or ranges, such as 127.0.0.1 or 172.16.0.0/12',
} as const;

interface Fault {
  readonly problem: string;
  /** What to do. */
  readonly remedy: string;
}

/** A file that cannot be read or parsed, an unknown name, a setting that is set twice. */
export const SOURCES = {
  unreadable: { problem: 'cannot be read: {reason}', remedy: 'Give the path of a file that this user may read.' },
  'unknown-type': {
    problem: 'has an unknown type: its name must end in .yaml, .yml, .json or .json5',
    remedy: 'Correct the file.',
  },
  'not-yaml': { problem: 'is not YAML: {reason}[ at line {line}, column {column}]', remedy: 'Correct the file.' },
  'yaml-too-deep': {
    problem: 'is not readable YAML: it is nested too deeply, or its aliases do not resolve',
    remedy: 'Correct the file.',
  },
  'not-json': { problem: 'is not JSON or JSON5[ at line {line}, column {column}]', remedy: 'Correct the file.' },
  'no-settings': { problem: 'holds no settings', remedy: 'Write them as "key: value", one per line.' },
  section: { problem: 'is a section, not a value', remedy: 'Write its settings below it, one per line.' },
  value: { problem: 'is a value, not a section', remedy: 'Give it one value.' },
  'not-text': { problem: 'is not text', remedy: 'Give the path of a file.' },
  'unknown-key': { problem: 'is not a setting', remedy: 'Remove it.' },
  'unknown-keys': {
    problem: 'has {count} more keys that are not settings',
    remedy: 'Give the file that holds the settings of blockcast.',
  },
  'unknown-variable': { problem: 'is not a setting', remedy: 'Unset it.' },
  'unknown-flag': { problem: 'is not a flag', remedy: 'See blockcast run --help.' },
  'set-twice': { problem: 'is already set by {place}', remedy: 'Give only one of them.' },
} as const satisfies Record<string, Fault>;

/** The remedy for a misspelt name. */
export const DID_YOU_MEAN = 'Did you mean {name}?';

/** Why a file is not read, besides the codes of the system. */
export const UNREADABLE = {
  'too-large': 'larger than {kib} KiB',
  'empty-pipe': 'nothing was written to this pipe within {seconds} s',
  'not-utf8': 'not UTF-8 text',
  'not-a-file': 'not a regular file; pipes can be read only at the start',
  failed: 'reading failed',
} as const;

const BOTH_KEYS = {
  problem: 'is needed when pool.curve.enabled is true',
  remedy: 'Create a key pair with "blockcast keys" and set both keys.',
} as const;
const OWN_PORT = 'Give each its own port.';

/** Settings that do not fit together. */
export const RULES = {
  'devnet-name': {
    problem: 'is set, but network is not devnet',
    remedy: 'Set network to devnet, or remove devnet.name.',
  },
  'min-above-max': { problem: 'is more than broadcast.maxPeers', remedy: 'Lower it, or raise broadcast.maxPeers.' },
  'weights-order': {
    problem: 'is less than a weight for an older peer',
    remedy: 'Give weights with hour ≥ sixHours ≥ day.',
  },
  'pool-exposed': {
    problem: 'would let anyone who reaches it push blocks, unencrypted',
    remedy: 'Bind to 127.0.0.1, enable pool.curve, or set pool.allowInsecureBind to true on a network you trust.',
  },
  'events-exposed': {
    problem: 'would let anyone who reaches it read the block events, unencrypted',
    remedy: 'Bind to 127.0.0.1, enable pool.curve, or set events.allowInsecureBind to true on a network you trust.',
  },
  'http-exposed': {
    problem: 'would show the pages to anyone who reaches it',
    remedy:
      'Listen on 127.0.0.1, set http.password, name your reverse proxy in http.reverseProxies, or set http.allowInsecureBind to true on a network you trust.',
  },
  'proxy-exposed': {
    problem: "would carry dashd's password over the network, unencrypted",
    remedy: 'Listen on 127.0.0.1, or set proxy.allowInsecureBind to true on a network you trust.',
  },
  'same-as-pool': { problem: 'is the same as pool.bind', remedy: 'Give each socket its own port.' },
  'same-as-http': { problem: 'is the same as http.port', remedy: OWN_PORT },
  'same-as-bind': { problem: "is the same as {setting}'s", remedy: OWN_PORT },
  'no-relay-name': {
    problem: 'is not set, but cluster.servers is',
    remedy: 'Give this relay a name that no other relay of the cluster has, such as its region.',
  },
  'cluster-exposed': {
    problem: 'has a server on another host without TLS: blocks and the password would cross the network unencrypted',
    remedy: 'Write tls://, or set cluster.allowInsecure for a network that nobody else can read.',
  },
  'half-cluster-user': {
    problem: 'and cluster.user go together, but only one of them is set',
    remedy: 'Set both, or neither.',
  },
  'half-cluster-certificate': {
    problem: 'and cluster.tls.key go together, but only one of them is set',
    remedy: 'Set both, or neither.',
  },
  'no-webhook-url': { problem: 'is set, but alerts.webhook.url is not', remedy: 'Set alerts.webhook.url, too.' },
  'no-telegram-chat': { problem: 'is set, but alerts.telegram.chat is not', remedy: 'Set alerts.telegram.chat, too.' },
  'no-telegram-token': {
    problem: 'is set, but alerts.telegram.token is not',
    remedy: 'Set alerts.telegram.token, too.',
  },
  'no-public-key': BOTH_KEYS,
  'no-secret-key': BOTH_KEYS,
  'no-clients': { problem: 'is empty: no client could connect', remedy: "List the clients' public keys." },
  'no-rpc-password': {
    problem: 'is set, but dashd.rpc.password is not',
    remedy: 'Set the password, too, or neither of them to use the cookie file.',
  },
  'no-rpc-user': {
    problem: 'is set, but dashd.rpc.user is not',
    remedy: 'Set the user, too, or neither of them to use the cookie file.',
  },
  'cookie-and-user': {
    problem: 'is set together with a user',
    remedy: 'Keep either the cookie file or the user and password.',
  },
  'onion-dashd': {
    problem: "is an onion address; the pool's own dashd is reached directly",
    remedy: 'Give its address on this machine or in a private network.',
  },
  'onion-without-tor': {
    problem: 'is an onion address, and tor.mode is off',
    remedy: 'Set tor.mode to onion or all, or give another address.',
  },
  'servers-beside-tor': {
    problem: 'has a server elsewhere, which would be connected to beside Tor',
    remedy: 'Name servers by IP addresses of this machine or of a private network, or set tor.mode to onion or off.',
  },
  'beside-tor': {
    problem:
      'is not an address of this machine or of a private network, and would be reached beside Tor (tor.mode is all)',
    remedy: 'Give its IP address, such as 127.0.0.1 (a name would be looked up by DNS), or set tor.mode to onion.',
  },
  'name-beside-tor': {
    problem: 'has a name, which would be looked up by DNS beside Tor (tor.mode is all)',
    remedy: 'Give an IP address, or set tor.mode to onion.',
  },
  'two-users': { problem: 'contains a user, but dashd.rpc.user is set, too', remedy: 'Keep only one of them.' },
} as const satisfies Record<string, Fault>;

/** Logged at `warn` at the start and at each reload, and printed by `check-config`. */
export const WARNINGS = {
  'variable-ignored': '{name}: ignored, an orchestrator set it to the address of a service.',
  'no-devnet-name': 'devnet.name: not set; nodes of a named devnet disconnect peers that do not send its name.',
  'no-peers': 'peers: none are set and broadcast.skipBootstrap is true: only peers in the peer book will be tried.',
  'local-dashd': 'peers: {peer} is the local dashd, to which the relay always connects.',
  'pool-exposed': 'pool.bind: anyone who reaches {endpoint} can push blocks, unencrypted.',
  'events-exposed': 'events.bind: anyone who reaches {endpoint} can read the block events.',
  'http-exposed': 'http.host: anyone who reaches {host} can see the pages.',
  'http-unencrypted': 'http.host: the password crosses the network to {host} unencrypted.',
  'proxy-unencrypted': "proxy.host: dashd's password crosses the network to {host} unencrypted.",
  'cluster-exposed': 'cluster.servers: blocks and the password cross the network to {servers} unencrypted.',
  'rpc-unencrypted': 'dashd.rpc.url: the password crosses the network to {host} unencrypted.',
  'rpc-port-80': "dashd.rpc.url: the port is 80, HTTP's default; dashd's is {port} on {network}.",
  'rehearsal-interval':
    'broadcast.rehearsalInterval: deprecated, has no effect; remove it, the next version rejects it.',
  'onion-peer': 'peers: {peer} is an onion address, and tor.mode is off: it is never connected to.',
  'proxy-elsewhere':
    'tor.proxy: the connections to {proxy} are not encrypted: who reads them learns which peers the relay connects to.',
  'many-circuits':
    'quorum.maxPeers: with tor.mode all, {count} connections are as many Tor circuits, which build slowly and burden the Tor network: lower it.',
  'cookie-unreadable':
    'dashd.rpc.cookieFile: {path} cannot be read; dashd creates it when it starts, readable by its own user only.',
} as const;
