/**
 * A Unix domain socket on which a running relay receives requests of its operator: one JSON value per line in both directions, answered in
 * order. Permissions of the file decide who may connect: only its owner. This module does not interpret requests.
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
  /** Returns the answer to a request, a JSON value. Must not throw. */
  request(request: unknown): unknown;
  /** Reported at each change. */
  state(state: 'up' | 'down', code: string, detail: string): void;
}

const MAX_LINE_BYTES = 1024 * 1024;
const MAX_CONNECTIONS = 8;
/** A silent connection is closed after this time, milliseconds. */
const IDLE_MS = 30_000;
/** A relay that takes longer for a request hangs. */
const ANSWER_MS = 10_000;
/** Interval of retries while another process listens there, milliseconds. */
const RETRY_MS = 1_000;
/** Interval of the check that the socket still exists: if its folder is removed, the relay is unreachable, milliseconds. */
const LOOK_MS = 5_000;
/** Longest path of a socket: `sockaddr_un` without its final NUL. */
const MAX_PATH_BYTES = 107;
const OTHERS = 0o177;

/** The socket of the relay that uses this peer file. */
export function controlPath(peerFile: string): string {
  return `${peerFile}.sock`;
}

/** Listens until closed; faults are reported, and retried. */
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

  /** @returns undefined when it cannot listen there now */
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
    // The socket is created within this call: nobody can connect before its mode is right.
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
    // Many requests at once must not block the event loop.
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

/** Ends quietly when the connection ends. */
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
    // A broken connection counts as ended.
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
  /** `no-relay`: nothing listens there. */
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
  // The path is not a socket, or a part of it is not a folder.
  ENOTSOCK: 'no-relay',
  ENOTDIR: 'no-relay',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
};

/** Closes the socket after silence or a fault; its reader sees the end. */
function endQuietly(socket: Socket, silenceMs: number): void {
  socket.setTimeout(silenceMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
}

/** A killed relay leaves its socket behind. Other files are not removed. */
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
