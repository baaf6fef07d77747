/**
 * A Unix domain socket on which a running relay takes requests of its operator: one JSON value a line each way, answered in
 * order. The file system says who may connect: the socket is its owner's alone. What a request means is not known here.
 */

import { once } from 'node:events';
import { lstat, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { pause, retryUntil } from '../common/retry.js';
import { fill } from '../messages/fill.js';
import { CONTROL_SOCKET } from '../messages/sockets.js';
import { errorCode } from './system-error.js';

export interface ControlHandlers {
  /** Answers a request with what JSON can express. Must not throw. */
  request(request: unknown): unknown;
  /** Reported at each change. */
  state(state: 'up' | 'down', code: string, detail: string): void;
}

const MAX_LINE_BYTES = 1024 * 1024;
const MAX_CONNECTIONS = 8;
/** Who is silent for this long makes way, milliseconds. */
const IDLE_MS = 30_000;
/** A relay that takes longer over a request stands still. */
const ANSWER_MS = 10_000;
/** While another process listens there, its place is asked for this often, milliseconds. */
const RETRY_MS = 1_000;
/** So often the place is looked at while we listen there: whoever removes its folder leaves us unreachable, milliseconds. */
const LOOK_MS = 5_000;
/** Longest path of a socket: `sockaddr_un`, less its closing zero. */
const MAX_PATH_BYTES = 107;
const OTHERS = 0o177;

/** Where a relay that holds this peer file listens. */
export function controlPath(peerFile: string): string {
  return `${peerFile}.sock`;
}

/** Listens until closed; what stands in the way is reported, and tried again. */
export function openControl(path: string, handlers: ControlHandlers): { close(): Promise<void> } {
  const connections = new Set<Socket>();
  const ended = new AbortController();
  let reported = '';
  const emit = (state: 'up' | 'down', code: string, detail: string) => {
    if (reported !== code) handlers.state(state, code, detail);
    reported = code;
  };
  const serving = serve();

  async function serve(): Promise<void> {
    if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
      emit('down', 'path-too-long', fill(CONTROL_SOCKET['path-too-long'], { path, max: MAX_PATH_BYTES }));
      return;
    }
    const { signal } = ended;
    while (!signal.aborted) {
      const server = await retryUntil(listen, RETRY_MS, signal);
      if (server === undefined) return;
      emit('up', 'listening', fill(CONTROL_SOCKET.listening, { path }));
      while (!signal.aborted && (await isThere(path))) await pause(LOOK_MS, signal);
      await end(server);
    }
  }

  async function end(server: Server): Promise<void> {
    const closed = once(server, 'close');
    server.close();
    for (const socket of connections) socket.destroy();
    await closed;
  }

  /** @returns undefined when the path cannot be had now */
  async function listen(): Promise<Server | undefined> {
    const other = await connectControl(path);
    if (other.ok) {
      other.connection.close();
      emit('down', 'in-use', fill(CONTROL_SOCKET['in-use'], { path }));
      return undefined;
    }
    try {
      if (other.code === 'no-relay') await removeDeadSocket(path);
      return await bind();
    } catch (error) {
      emit('down', errorCode(error), fill(CONTROL_SOCKET.failed, { path, code: errorCode(error) }));
      return undefined;
    }
  }

  async function bind(): Promise<Server> {
    const server = createServer((socket) => {
      connections.add(socket);
      socket.once('close', () => connections.delete(socket));
      void converse(socket, handlers);
    });
    server.maxConnections = MAX_CONNECTIONS;
    // The socket is made within this call: nobody else can have connected before its mode is right.
    const before = process.umask(OTHERS);
    try {
      server.listen(path);
    } finally {
      process.umask(before);
    }
    await once(server, 'listening');
    server.on('error', (error) =>
      emit('down', errorCode(error), fill(CONTROL_SOCKET.failed, { path, code: errorCode(error) })),
    );
    return server;
  }

  return {
    async close() {
      ended.abort();
      await serving;
    },
  };
}

async function converse(socket: Socket, handlers: ControlHandlers): Promise<void> {
  endQuietly(socket, IDLE_MS);
  for await (const line of lines(socket)) {
    socket.write(`${JSON.stringify(line.ok ? answer(line.text, handlers) : line)}\n`);
    if (!line.ok) break;
    // Whoever sends many at once does not hold the event loop with them.
    await setImmediate();
  }
  socket.end();
}

function answer(text: string, handlers: ControlHandlers): unknown {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch (error) {
    return { ok: false, code: 'not-json', detail: error instanceof Error ? error.message : String(error) };
  }
  return handlers.request(request);
}

type Line =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly code: string; readonly detail: string };

/** Ends without a word when the connection does. */
async function* lines(socket: Socket): AsyncGenerator<Line> {
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        const text = rest.toString('utf8', 0, end);
        rest = rest.subarray(end + 1);
        yield { ok: true, text };
      }
      if (rest.length > MAX_LINE_BYTES) {
        yield {
          ok: false,
          code: 'too-long',
          detail: fill(CONTROL_SOCKET['request-too-long'], { max: MAX_LINE_BYTES }),
        };
        return;
      }
    }
  } catch (error) {
    // A connection that breaks is over, like one that ends.
    errorCode(error);
  }
}

export interface ControlConnection {
  /** @returns the answer, or undefined when the connection ended before it */
  ask(request: unknown): Promise<unknown>;
  close(): void;
}

export type ControlConnected =
  | { readonly ok: true; readonly connection: ControlConnection }
  /** `no-relay`: nobody listens there. */
  | { readonly ok: false; readonly code: 'no-relay' | 'forbidden' | 'io-error'; readonly detail: string };

/** Connects to a running relay. */
export async function connectControl(path: string): Promise<ControlConnected> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    return { ok: false, code: 'no-relay', detail: fill(CONTROL_SOCKET['no-such-path'], { path }) };
  }
  const socket = connect(path);
  endQuietly(socket, ANSWER_MS);
  try {
    await once(socket, 'connect');
  } catch (error) {
    const code = errorCode(error);
    return { ok: false, code: CONNECT_FAULTS[code] ?? 'io-error', detail: fill(CONTROL_SOCKET.failed, { path, code }) };
  }
  const answers = lines(socket);
  return {
    ok: true,
    connection: {
      async ask(request) {
        socket.write(`${JSON.stringify(request)}\n`);
        const line = await answers.next();
        if (line.done === true || !line.value.ok) return undefined;
        return JSON.parse(line.value.text) as unknown;
      },
      close: () => socket.destroy(),
    },
  };
}

const CONNECT_FAULTS: Readonly<Record<string, 'no-relay' | 'forbidden'>> = {
  ENOENT: 'no-relay',
  ECONNREFUSED: 'no-relay',
  // What is there is no socket, or a part of the path is no folder.
  ENOTSOCK: 'no-relay',
  ENOTDIR: 'no-relay',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
};

/** Silence and a broken connection end it, and whoever reads from it sees the end. */
function endQuietly(socket: Socket, silenceMs: number): void {
  socket.setTimeout(silenceMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
}

/** A killed relay leaves its socket behind, at which nobody answers. What is no socket is somebody's file. */
async function removeDeadSocket(path: string): Promise<void> {
  try {
    if ((await lstat(path)).isSocket()) await rm(path, { force: true });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSocket();
  } catch (error) {
    // If it cannot be checked, listening again reports why.
    errorCode(error);
    return false;
  }
}
