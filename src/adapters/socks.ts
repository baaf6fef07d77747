/**
 * Connections through a SOCKS5 proxy, which for us is Tor. The proxy has {@link PROXY_TIMEOUT_MS} to accept us; how long it may then take
 * to reach the target is the caller's to say, since a circuit takes seconds. Every connection has a user and password of its own, so that
 * Tor gives each its own circuit.
 */
import type { Socket } from 'node:net';
import { formatHostPort, type HostPort } from '../address/host-port.js';
import { fill } from '../messages/fill.js';
import { SESSION } from '../messages/peers.js';
import { SOCKS_REPLIES, TOR } from '../messages/tor.js';
import { type SocksFault, SocksHandshake, type SocksRequest } from './socks5.js';
import { connectTo, type TcpConnection, type TcpEnd, type TcpHandlers, TcpLink } from './tcp.js';

export type SocksProxy = HostPort;

interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** How an attempt ended: the connection is made (`opened`), or why not. */
export type SocksOutcome =
  | { readonly type: 'opened' }
  | { readonly type: 'failed'; readonly code: TcpEnd; readonly detail: string };

export interface SocksDeps {
  /** Called for each connection: equal credentials may share a circuit. 1 to 255 bytes each. */
  readonly credentials: () => Credentials;
  /** Called with the outcome of each attempt, unless it was destroyed before. */
  readonly onOutcome: (outcome: SocksOutcome) => void;
  /** As in {@link Passage}. */
  readonly proxyTimeoutMs?: number;
}

/** Tor answers a greeting in well under a millisecond, whatever its circuits do. */
const PROXY_TIMEOUT_MS = 5_000;

/** Dials as {@link import('./tcp.js').dial} does, through the proxy: `timeoutMs` counts from when the proxy has accepted us. */
export function socksDial(proxy: SocksProxy, { credentials, onOutcome, ...timeouts }: SocksDeps) {
  return (
    target: { readonly host: string; readonly port: number },
    timeoutMs: number,
    handlers: TcpHandlers,
  ): TcpConnection => {
    const socket = connectTo(proxy);
    const link = new TcpLink(socket, handlers, true);
    const { host, port } = target;
    openThrough(
      socket,
      { proxy, request: { ...credentials(), target: { host, port } }, timeoutMs, ...timeouts },
      (outcome) => {
        onOutcome(outcome.type === 'opened' ? { type: 'opened' } : outcome);
        if (outcome.type === 'opened') link.open(outcome.rest);
        else link.fail(outcome.code, outcome.detail);
      },
    );
    return link;
  };
}

/** Asks the proxy whether it accepts a user and password. Connects to nothing else. @returns stops it; the outcome then never comes */
export function probeSocks(proxy: SocksProxy, { credentials, onOutcome, ...timeouts }: SocksDeps): () => void {
  const socket = connectTo(proxy);
  let isStopped = false;
  openThrough(socket, { proxy, request: credentials(), timeoutMs: PROXY_TIMEOUT_MS, ...timeouts }, (outcome) => {
    socket.destroy();
    if (!isStopped) onOutcome(outcome.type === 'opened' ? { type: 'opened' } : outcome);
  });
  return () => {
    isStopped = true;
    socket.destroy();
  };
}

export interface Passage {
  readonly proxy: SocksProxy;
  readonly request: SocksRequest;
  /** From when the proxy has accepted us, milliseconds. */
  readonly timeoutMs: number;
  /** For the proxy to accept us, milliseconds. */
  readonly proxyTimeoutMs?: number;
}

export type Passed =
  | { readonly type: 'opened'; readonly rest: Buffer }
  | Extract<SocksOutcome, { readonly type: 'failed' }>;

/**
 * Has the proxy at the other end of a socket, which is being connected, connect to the target. The socket then carries the target's bytes; nobody
 * listens to it yet. On failure it is destroyed.
 * @param done called once, unless the socket is destroyed before
 */
export function openThrough(
  socket: Socket,
  { proxy, request, timeoutMs, proxyTimeoutMs = PROXY_TIMEOUT_MS }: Passage,
  done: (passed: Passed) => void,
): void {
  const name = formatHostPort(proxy);
  const handshake = new SocksHandshake(request);
  let isConnected = false;
  const tooLate = fill(SESSION['proxy-timeout'], { proxy: name, seconds: proxyTimeoutMs / 1000 });
  let timer = setTimeout(() => fail('proxy-timeout', tooLate), proxyTimeoutMs);

  function settle(passed: Passed): void {
    clearTimeout(timer);
    socket.off('connect', onConnect).off('data', onData).off('error', onError).off('end', onEnd).off('close', onClose);
    done(passed);
    if (passed.type === 'failed') socket.destroy();
  }
  function fail(code: TcpEnd, detail: string): void {
    settle({ type: 'failed', code, detail });
  }
  function onConnect(): void {
    isConnected = true;
    socket.write(handshake.greeting);
  }
  function onData(chunk: Buffer): void {
    const step = handshake.receive(chunk);
    if (step?.type === 'open') settle({ type: 'opened', rest: step.rest });
    else if (step?.type === 'fault') settle(failure(step.fault, name));
    if (step?.type !== 'send') return;
    socket.write(step.bytes);
    if (!handshake.isAccepted) return;
    clearTimeout(timer);
    const detail = fill(SESSION['dial-timeout'], { seconds: timeoutMs / 1000 });
    timer = setTimeout(() => fail('dial-timeout', detail), timeoutMs);
  }
  function onError(error: Error): void {
    if (isConnected) onEnd();
    else fail('proxy-unreachable', fill(SESSION['proxy-unreachable'], { proxy: name, error: error.message }));
  }
  function onEnd(): void {
    fail('proxy-closed', fill(SESSION['proxy-closed'], { proxy: name }));
  }
  /** Our side destroyed it. */
  function onClose(): void {
    clearTimeout(timer);
  }
  socket.on('connect', onConnect).on('data', onData).on('error', onError).on('end', onEnd).on('close', onClose);
}

function failure(fault: SocksFault, proxy: string): Passed {
  switch (fault.code) {
    case 'not-socks':
      return failed('proxy-not-socks', fill(SESSION['proxy-not-socks'], { proxy, bytes: fault.bytes }));
    case 'auth':
      return failed('proxy-auth', fill(SESSION['proxy-auth'], { proxy }));
    case 'reply':
      return failed(
        codeOfReply(fault.reply),
        SOCKS_REPLIES[fault.reply] ?? fill(TOR['unknown-reply'], { number: fault.reply }),
      );
  }
}

function failed(code: TcpEnd, detail: string): Passed {
  return { type: 'failed', code, detail };
}

const CODES: Readonly<Record<number, TcpEnd>> = {
  2: 'tor-not-allowed',
  3: 'tor-unreachable',
  4: 'tor-unreachable',
  5: 'tor-refused',
  6: 'tor-timeout',
};

function codeOfReply(reply: number): TcpEnd {
  return CODES[reply] ?? (reply >= 0xf0 && reply <= 0xf7 ? 'tor-onion' : 'tor-failure');
}
