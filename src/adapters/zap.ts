/**
 * CURVE with an allow-list: libzmq asks a handler at `inproc://zeromq.zap.01` about each client's key (ZMTP's authentication
 * protocol, ZeroMQ RFC 27). One handler serves a process, so it has the lists of all sockets, distinguished by domain.
 */

import { Reply, type Socket } from 'zeromq';
import { ZMQ_SOCKET } from '../messages/sockets.js';
import { fromZ85 } from '../z85.js';
import { closed } from './zmq-close.js';

export interface CurveServer {
  /** Z85, 40 characters each. */
  readonly publicKey: string;
  readonly secretKey: string;
  /** The public keys of the clients that may connect. */
  readonly allowedClients: readonly string[];
}

const ENDPOINT = 'inproc://zeromq.zap.01';
const VERSION = '1.0';

const allowed = new Map<string, ReadonlySet<string>>();
let handler: Handler | undefined;
/** Settles when the previous handler has released its endpoint. */
let released: Promise<unknown> = Promise.resolve();
let domains = 0;

interface Handler {
  /** Settles when the handler receives requests. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

export interface Admission {
  /** The socket may bind once this has resolved. @throws when the handler cannot bind its endpoint */
  readonly ready: Promise<void>;
  /**
   * Call it, and wait for it, only after libzmq has closed the socket: libzmq aborts the process when the handler ends while a client is
   * being checked (libzmq issue 2476).
   */
  end(): Promise<void>;
}

/**
 * Makes a socket a CURVE server that admits only the listed clients; call it before the socket binds.
 * @throws RangeError for an allowed client whose key is not Z85
 */
export function admitClients(socket: Socket, server: CurveServer): Admission {
  const keys = new Set(server.allowedClients.map(keyInHex));
  domains += 1;
  const domain = `blockcast-${domains}`;
  allowed.set(domain, keys);
  handler ??= listen();
  const options = socket as Curvable;
  options.curveServer = true;
  options.curveSecretKey = server.secretKey;
  options.zapDomain = domain;
  // Without this libzmq admits every client, whatever its key, while no handler listens.
  options.zapEnforceDomain = true;
  return {
    ready: handler.ready,
    async end() {
      allowed.delete(domain);
      if (allowed.size > 0 || handler === undefined) return;
      released = handler.close();
      handler = undefined;
      await released;
    },
  };
}

/** zeromq.js declares these on each socket class that can have them, not on their base. */
type Curvable = Socket & {
  curveServer: boolean;
  curveSecretKey: string | null;
  zapDomain: string | null;
  zapEnforceDomain: boolean;
};

function listen(): Handler {
  const socket = new Reply({ linger: 0 });
  const ready = released.then(() => socket.bind(ENDPOINT));
  const served = ready.then(
    () => serve(socket),
    // The error is reported through `ready`.
    () => undefined,
  );
  return {
    ready,
    async close() {
      await ready.catch(() => undefined);
      await Promise.all([closed(socket), served]);
    },
  };
}

async function serve(socket: Reply): Promise<void> {
  for await (const request of socket) await socket.send(answer(request));
}

/** Request: version, request id, domain, address, identity, mechanism, credentials (here: the client's key, 32 bytes). */
function answer(request: readonly Buffer[]): (string | Buffer)[] {
  const [version, id, domain, , , mechanism, key] = request;
  const known = allowed.get(domain?.toString() ?? '');
  const admitted =
    version?.toString() === VERSION &&
    mechanism?.toString() === 'CURVE' &&
    known?.has(key?.toString('hex') ?? '') === true;
  const status = admitted ? ['200', 'OK'] : ['400', ZMQ_SOCKET['not-allowed']];
  return [VERSION, id ?? '', ...status, '', ''];
}

function keyInHex(key: string): string {
  const bytes = fromZ85(key);
  if (bytes === undefined) throw new RangeError('a CURVE key is not Z85');
  return bytes.toString('hex');
}
