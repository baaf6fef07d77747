/** What is said about the cluster of relays and its NATS servers. The keys are the codes of the service `cluster`. */

export const CLUSTER = {
  connected: 'connected to {server}; other relays: {relays}',
  'no-relays': 'none heard yet',
  unreachable: 'no NATS server answers: {detail}; this relay works alone meanwhile',
  'no-access': 'the NATS servers refuse the user: {detail}; this relay works alone meanwhile',
  disconnected: 'connection to the NATS servers lost; this relay works alone meanwhile',
  'payload-too-small': '{server} takes messages of {max} bytes at most: a block of 2 MB does not pass',
  'no-right': 'no right to {operation} {subject}',
  'no-stream': 'there is no stream for {subject}: a relay that is away misses what is published meanwhile',
  'not-stored': 'block {hash} was published, but no stream has confirmed it: {detail}',
  'given-up': 'block {hash} is not published any more: {reason}',
  'not-read': 'what was published meanwhile cannot be read from stream {stream}: {detail}',
  'other-network': 'relay {relay} is on {network}, this one on {own}: what it sends is ignored',
  'bad-message': 'a message of relay {relay} cannot be read',
  'too-large': 'a message of relay {relay} has {bytes} bytes: dropped',
  'too-fast': 'relay {relay} sends more than a relay does: dropped until it slows down',
  'too-many-relays': 'relay {relay} is one of more than {max}: ignored',
  'relay-silent': 'relay {relay} was not heard for {seconds} s: its peers are free again',
  'name-taken': 'another relay uses the name {relay}',
} as const;

/** What a user has no right to. */
export const CLUSTER_RIGHTS = { publish: 'publish to', read: 'read' } as const;

export const CLUSTER_GIVEN_UP = {
  older: 'too many wait for a connection',
  attempts: 'it was published {count} times',
} as const;

/** What `blockcast cluster` prints. */
export const CLUSTER_COMMANDS = {
  off: 'cluster.servers is empty: this relay works alone',
  'no-answer': 'no NATS server answers within {seconds} s: {detail}',
  server: 'server {server}, NATS {version}, round trip {ms} ms, messages up to {max} bytes',
  'too-small': 'max_payload is too small for a block of 2 MB: set it to 8MB in nats-server.conf, and reload',
  stream: 'stream {name}: {messages} messages, {bytes} bytes, {replicas} copies, leader {leader}',
  'no-stream': 'stream {name}: {detail}; create it with blockcast cluster setup',
  relay: 'relay {relay}[ ({self})]: {version}, {network}, {peers} peers, heard {age} s ago',
  self: 'this one',
  'no-relays': 'no relay has been heard yet',
  block: 'block {hash}[ (height {height})]: {outcome}, {reached} of {tried} peers by {relays}',
  created: 'stream {name}: ready, {replicas} copies',
  'not-created': 'stream {name}: {detail}',
} as const;
