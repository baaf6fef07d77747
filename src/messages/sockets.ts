/** What the sockets report: the pool's, the events' and the control socket, and dashd's feed. */

export const ZMQ_SOCKET = {
  listening: 'listening on {endpoint}',
  'cannot-listen': 'cannot listen on {endpoint}: {error}',
  'not-published': 'could not publish: {error}',
  'no-key': 'a client without an allowed key',
  'not-curve': 'a client that does not speak CURVE',
  'handshake-failed': 'a client whose handshake failed',
  connected: 'connected to {endpoint}',
  disconnected: 'connection to {endpoint} lost',
  'no-answer': 'no answer from {endpoint}',
  'no-practice': 'the first block will take longer: {error}',
  /** To the client, in the ZAP reply. */
  'not-allowed': 'not an allowed client',
} as const;

export const CONTROL_SOCKET = {
  listening: 'listening at {path}',
  'in-use': 'another relay listens at {path}',
  'path-too-long': "{path} is longer than a socket's {max} bytes: use a shorter path",
  failed: '{path}: {code}',
  /** To the command `peers`. */
  'request-too-long': 'a request has {max} bytes at most',
  'no-such-path': '{path} is too long for a socket',
} as const;
