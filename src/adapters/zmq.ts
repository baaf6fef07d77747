/**
 * blockcast's ZeroMQ sockets: PULL for the pool, SUB for dashd's feed, PUB for events. Frames and states are passed to callbacks without
 * interpretation.
 */

import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { Publisher, Pull, type Socket, Subscriber } from 'zeromq';
import { endpointAttempts } from '../address/endpoint.js';
import { retryUntil } from '../common/retry.js';
import { fill } from '../messages/fill.js';
import { ZMQ_SOCKET } from '../messages/sockets.js';
import { errorCode } from './system-error.js';
import { type Admission, admitClients, type CurveServer } from './zap.js';
import { closed } from './zmq-close.js';
import { connectInTurn } from './zmq-connect.js';

export interface ZmqHandlers {
  /** One message, its frames in order. The receiver may keep the buffers. */
  frames(frames: readonly Buffer[]): void;
  state(state: ZmqState, detail: string): void;
}

/** `refused`: a client was rejected (wrong key, wrong protocol); the socket still works. */
export type ZmqState = 'up' | 'down' | 'refused';

export interface ZmqSocket {
  /** Resolves when the endpoint is free again. */
  close(): Promise<void>;
}

/** A hex block is 4 MB, in two-byte characters 8 MB. libzmq disconnects a client that sends more, before it is in memory. */
const MAX_POOL_FRAME_BYTES = 8 * 1024 * 1024;
/** Interval of attempts to bind while the endpoint is in use, milliseconds. */
const REBIND_MS = 1_000;
/** A socket without a message for this long counts as empty, milliseconds; messages of a pool on this machine arrive within one. */
const DRAIN_QUIET_MS = 50;
/** The longest time for reading when a pool does not stop pushing. */
const DRAIN_MAX_MS = 2_000;
/** States kept until the reader is attached. */
const MAX_EARLY_STATES = 100;
/** Events kept while the endpoint is in use. */
const MAX_QUEUED_EVENTS = 10_000;
const RECONNECT_MS = 100;
const MAX_RECONNECT_MS = 2_000;

export interface ZmqPull extends ZmqSocket {
  /** Reads until no more messages arrive: {@link ZmqSocket.close} discards libzmq's queue. */
  drain(): Promise<void>;
}

export interface PullOptions {
  readonly bind: string;
  readonly curve?: CurveServer | undefined;
}

/** Binds a PULL socket and retries while the endpoint is in use; with `curve`, only listed clients may connect. */
export function openPull(options: PullOptions, handlers: ZmqHandlers): ZmqPull {
  return bindPull(options)(handlers);
}

/**
 * Binds like {@link openPull}, and starts to read when the returned function is called (once): until then messages wait in libzmq's queue,
 * then at the sender, and states are kept.
 */
export function bindPull(options: PullOptions): (handlers: ZmqHandlers) => ZmqPull {
  const socket = new Pull({ linger: 0, maxMessageSize: MAX_POOL_FRAME_BYTES, receiveHighWaterMark: 1_000 });
  const early: Parameters<ZmqHandlers['state']>[] = [];
  let emit: ZmqHandlers['state'] = (...state) => {
    if (early.length < MAX_EARLY_STATES) early.push(state);
  };
  const states = { state: (...state: Parameters<ZmqHandlers['state']>) => emit(...state) };
  watchRefusals(socket, states);
  const admission = admissionTo(socket, options.curve);
  const binding = bindUntilClosed(socket, options.bind, states, admission?.ready);
  return (handlers) => {
    emit = (...state) => handlers.state(...state);
    for (const state of early.splice(0)) emit(...state);
    return readBound({ socket, binding, admission }, handlers);
  };
}

interface BoundPull {
  readonly socket: Pull;
  readonly binding: ReturnType<typeof bindUntilClosed>;
  readonly admission: Admission | undefined;
}

function readBound({ socket, binding, admission }: BoundPull, handlers: ZmqHandlers): ZmqPull {
  let messages = 0;
  const counting: ZmqHandlers = {
    ...handlers,
    frames(frames) {
      messages += 1;
      handlers.frames(frames);
    },
  };
  // A socket is busy while it binds: reading starts afterwards.
  const reading = binding.done.then(() => read(socket, counting));
  return {
    async drain() {
      // Messages sent before it was bound wait at the sender.
      if (socket.closed || !(await binding.cancel())) return;
      let before = -1;
      for (let ms = 0; ms < DRAIN_MAX_MS && before !== messages; ms += DRAIN_QUIET_MS) {
        before = messages;
        await pause(DRAIN_QUIET_MS);
      }
    },
    close: once(async () => {
      await binding.cancel();
      await Promise.all([closed(socket), reading]);
      await admission?.end();
    }),
  };
}

/** Connects a SUB socket; libzmq reconnects by itself for as long as it is open. `state` reports each change. */
export function openSubscription(
  options: { readonly connect: string; readonly topics: readonly string[] },
  handlers: ZmqHandlers,
): ZmqSocket {
  const socket = new Subscriber({
    linger: 0,
    reconnectInterval: RECONNECT_MS,
    reconnectMaxInterval: MAX_RECONNECT_MS,
    // Without heartbeats, a vanished publisher looks like one without messages.
    heartbeatInterval: 5_000,
    heartbeatTimeout: 15_000,
    tcpKeepalive: 1,
  });
  let state: ZmqState | undefined;
  const change = (next: ZmqState, detail: string) => {
    if (socket.closed || state === next) return;
    state = next;
    handlers.state(next, detail);
  };
  socket.events.on('handshake', () => change('up', fill(ZMQ_SOCKET.connected, { endpoint: options.connect })));
  socket.events.on('disconnect', () => change('down', fill(ZMQ_SOCKET.disconnected, { endpoint: options.connect })));
  socket.events.on('connect:retry', () => change('down', fill(ZMQ_SOCKET['no-answer'], { endpoint: options.connect })));
  connectInTurn(socket, options.connect);
  socket.subscribe(...options.topics);
  const reading = read(socket, handlers);
  return {
    close: once(async () => {
      await Promise.all([closed(socket), reading]);
    }),
  };
}

export interface ZmqPublisher extends ZmqSocket {
  /** Never waits and never fails: a subscriber that exceeds its high-water mark misses messages; others do not. */
  publish(message: string): void;
}

/** Binds a PUB socket and retries while the endpoint is in use. Messages published before that are kept. */
export function openPublisher(
  options: { readonly bind: string; readonly curve?: CurveServer | undefined },
  handlers: Pick<ZmqHandlers, 'state'>,
): ZmqPublisher {
  const socket = new Publisher({ linger: 500, sendHighWaterMark: 10_000 });
  watchRefusals(socket, handlers);
  const admission = admissionTo(socket, options.curve);
  const binding = bindUntilClosed(socket, options.bind, handlers, admission?.ready);
  const queue: string[] = [];
  let sending = Promise.resolve();
  let active = false;
  // zeromq.js rejects a send while another, or the bind, is under way (EBUSY): one sender empties a queue.
  const drain = async () => {
    active = true;
    try {
      await binding.done;
      for (let next = queue.shift(); next !== undefined && !socket.closed; next = queue.shift())
        await socket.send(next);
    } catch (error) {
      if (!socket.closed) handlers.state('down', fill(ZMQ_SOCKET['not-published'], { error: text(error) }));
    } finally {
      active = false;
    }
  };
  return {
    publish(message) {
      if (socket.closed || queue.length >= MAX_QUEUED_EVENTS) return;
      queue.push(message);
      if (!active) sending = drain();
    },
    close: once(async () => {
      if (await binding.cancel()) await sending;
      await Promise.all([closed(socket), sending]);
      await admission?.end();
    }),
  };
}

/** @throws RangeError for an invalid key; the socket is then closed, since an open one keeps the process running */
function admissionTo(socket: Pull | Publisher, curve: CurveServer | undefined): Admission | undefined {
  if (curve === undefined) return undefined;
  try {
    return admitClients(socket, curve);
  } catch (error) {
    socket.close();
    throw error;
  }
}

function bindUntilClosed(
  socket: Pull | Publisher,
  endpoint: string,
  handlers: Pick<ZmqHandlers, 'state'>,
  ready: Promise<void> | undefined,
): { done: Promise<boolean>; cancel(): Promise<boolean> } {
  const cancelled = new AbortController();
  const { signal } = cancelled;
  const emit = (state: ZmqState, detail: string) => {
    if (!signal.aborted) handlers.state(state, detail);
  };
  const attempts = endpointAttempts(endpoint);
  const bindOnce = async () => {
    let fault: unknown;
    for (const { endpoint: spelling, ipv6 } of attempts) {
      try {
        // zeromq.js warns on standard error when an option is set after a failed bind, though it takes effect.
        if (socket.ipv6 !== ipv6) socket.ipv6 = ipv6;
        return await socket.bind(spelling);
      } catch (error) {
        // The first error is the most useful one: the address is in use, rather than: there is no such address.
        fault ??= error;
        // The address is right: the other family would not help.
        if (errorCode(error) === 'EADDRINUSE') break;
      }
    }
    throw fault;
  };
  let complained = false;
  const attempt = async () => {
    try {
      await ready;
      await bindOnce();
      // The system may have chosen the port.
      emit('up', fill(ZMQ_SOCKET.listening, { endpoint: socket.lastEndpoint ?? endpoint }));
      return true;
    } catch (error) {
      if (!complained) emit('down', fill(ZMQ_SOCKET['cannot-listen'], { endpoint, error: text(error) }));
      complained = true;
      return undefined;
    }
  };
  const done = retryUntil(attempt, REBIND_MS, signal).then((bound) => bound === true);
  return {
    done,
    cancel() {
      cancelled.abort();
      return done;
    },
  };
}

function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= close();
    return closing;
  };
}

function watchRefusals(socket: Socket, handlers: Pick<ZmqHandlers, 'state'>): void {
  socket.events.on('handshake:error:auth', () => handlers.state('refused', ZMQ_SOCKET['no-key']));
  socket.events.on('handshake:error:protocol', () => handlers.state('refused', ZMQ_SOCKET['not-curve']));
  socket.events.on('handshake:error:other', () => handlers.state('refused', ZMQ_SOCKET['handshake-failed']));
}

/** Messages are read for this long before other work has its turn, milliseconds. */
const READ_SLICE_MS = 5;

export async function read(socket: Pull | Subscriber, handlers: ZmqHandlers): Promise<void> {
  try {
    let turn = performance.now();
    for await (const frames of socket) {
      handlers.frames(frames);
      // Queued messages arrive without a turn of the event loop in between: a burst would block it.
      if (performance.now() - turn < READ_SLICE_MS) continue;
      await nextTurn();
      turn = performance.now();
    }
  } catch (error) {
    if (!socket.closed) handlers.state('down', text(error));
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
