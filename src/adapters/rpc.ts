/**
 * A client of dashd's JSON-RPC: every answer and every failure is an {@link RpcAnswer}.
 *
 * `submitblock` has a connection of its own (a {@link RpcConnections}), which no other call can occupy, and its request is handed to
 * undici before `submitBlock` returns: credentials are cached and nothing is awaited first. undici writes it in the same
 * round of the event loop, after one look at whether dashd has closed the idle connection (its answer to GHSA-35p6-xmwp-9g52).
 * dashd drops a connection idle for 30 s (`-rpcservertimeout`); the owner calls {@link RpcClient.submitConnectionPing} every
 * 5 s to keep it open.
 */

import { readFileSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { Pool } from 'undici';
import { z } from 'zod';
import { parseHttpUrl } from '../address/http-url.js';
import { writeHex } from '../common/hex.js';
import type { RpcAnswer, RpcFailure, RpcFailureCode } from '../contracts/rpc.js';
import { RPC } from '../messages/dashd.js';
import { fill } from '../messages/fill.js';
import { lookup } from './lookup.js';
import { errorCodeOrName } from './system-error.js';

export interface RpcOptions {
  /** `http://host:port` or `https://…`; a user and password in it are used when `user` is absent, and never shown. */
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** dashd's `.cookie`: read when first needed, and again when dashd no longer accepts its content. */
  readonly cookieFile?: string | undefined;
  /** How long one attempt may take, connecting included, in milliseconds. */
  readonly timeoutMs?: number | undefined;
}

export interface RpcClient {
  call(method: string, params?: readonly unknown[]): Promise<RpcAnswer>;
  /**
   * Submits a serialised block. The request is written in this turn of the event loop when the connection is open and idle; blocks
   * submitted before an earlier answer follow in order. A connection that breaks before the answer is replaced
   * and the block sent once more: dashd then answers `duplicate` at worst.
   */
  submitBlock(raw: Buffer): Promise<RpcAnswer>;
  /** `getblockchaininfo` over the connection that `submitBlock` uses: keeps it open, and returns the state of the chain. */
  submitConnectionPing(): Promise<RpcAnswer>;
  /** The last `Authorization` header, or the first to be sent; undefined without credentials. Reads no file. */
  authorization(): string | undefined;
  /** Waits for pending requests (one timeout at most), then closes. Later calls answer `unreachable`. */
  close(): Promise<void>;
}

/** The longest answer read. `getblock` of a full 2 MB block is 4 MB of hex. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Characters. */
const LONG_ANSWER = 500_000;
/** Less than dashd's 30 s, so that the client, not dashd, closes idle connections. */
const KEEP_ALIVE_MS = 25_000;
/** For calls that are not urgent: a stopping dashd waits until its connections are closed. */
const BRIEFLY_MS = 1_000;
const SERVICE_UNAVAILABLE = 503;
/** dashd serves RPC with 4 threads by default (`-rpcthreads`); further connections would wait. */
const CALL_CONNECTIONS = 4;
/** With two, a block could overtake its parent, and be rejected without it. */
const SUBMIT_CONNECTIONS = 1;
const DEFAULT_TIMEOUT_MS = 15_000;
/** A cookie has 75 bytes; a much longer file is something else. */
const MAX_COOKIE_BYTES = 4_096;
/** Core `rpc/protocol.h`: RPC_IN_WARMUP. */
const RPC_IN_WARMUP = -28;
const MAX_DETAIL_CHARS = 200;

const SUBMIT_HEAD = '{"jsonrpc":"1.0","id":"blockcast","method":"submitblock","params":["';
const SUBMIT_TAIL = '"]}';

const Envelope = z
  .object({ result: z.unknown().optional(), error: z.object({ code: z.number(), message: z.string() }).nullish() })
  .refine((answer) => answer.result !== undefined || answer.error !== undefined);

/** Failures whose detail quotes the answer, which might contain our credentials. */
const QUOTING: ReadonlySet<RpcFailureCode> = new Set(['rpc-error', 'warming-up', 'not-json', 'http-error']);

/** Failures of an established connection. */
const BROKEN_CONNECTION = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
const TIMED_OUT = new Set(['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']);

type Attempt = { readonly answer: RpcAnswer; readonly broken: boolean };

/**
 * @throws Error when `url` is not an http(s) URL: the configuration has checked it, so this is a programming error
 */
export function createRpc(options: RpcOptions): RpcClient {
  const target = parseTarget(options.url);
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const credentials = new Credentials(
    options.user ?? target.user,
    options.password ?? target.password,
    options.cookieFile,
  );
  const calls = new RpcConnections(target.origin, CALL_CONNECTIONS, timeoutMs, BRIEFLY_MS);
  const submits = new RpcConnections(target.origin, SUBMIT_CONNECTIONS, timeoutMs, KEEP_ALIVE_MS);

  async function attempt(connections: RpcConnections, body: Buffer | string): Promise<Attempt> {
    const authorization = credentials.current();
    if (!authorization.ok) return { answer: authorization, broken: false };
    const first = await exchange(connections, body, authorization.header);
    if (first.answer.ok || first.answer.code !== 'unauthorised') return first;
    const renewed = credentials.renewed(authorization.header);
    return renewed === undefined ? first : await exchange(connections, body, renewed);
  }

  async function exchange(
    connections: RpcConnections,
    body: Buffer | string,
    authorization: string | undefined,
  ): Promise<Attempt> {
    try {
      const reply = await connections.current.request({
        method: 'POST',
        path: target.path,
        headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
        body,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await reply.body.text();
      // A full block takes milliseconds to decode, and as many to parse: a turn of the event loop for each.
      if (text.length > LONG_ANSWER) await setImmediate();
      // dashd is stopping, and would wait for our idle connections for as long as we keep them.
      if (reply.statusCode === SERVICE_UNAVAILABLE) for (const each of [calls, submits]) each.replace(each.current);
      return { answer: redacted(readAnswer(reply.statusCode, text)), broken: false };
    } catch (error) {
      const code = errorCodeOrName(error);
      return { answer: redacted(transportFailure(code, timeoutMs, target.host)), broken: BROKEN_CONNECTION.has(code) };
    }
  }

  function redacted(answer: RpcAnswer): RpcAnswer {
    return answer.ok || !QUOTING.has(answer.code) ? answer : { ...answer, detail: credentials.redact(answer.detail) };
  }

  /** The number of pending submissions, and the last one's answer, which never rejects. */
  let submitting = 0;
  let lastSubmit: Promise<unknown> = Promise.resolve();

  async function submit(raw: Buffer): Promise<RpcAnswer> {
    const body = submitBody(raw);
    const used = submits.current;
    const first = await attempt(submits, body);
    if (!first.broken) return first.answer;
    submits.replace(used);
    return (await attempt(submits, body)).answer;
  }

  return {
    async call(method, params = []) {
      const body = JSON.stringify({ jsonrpc: '1.0', id: 'blockcast', method, params });
      return (await attempt(calls, body)).answer;
    },

    submitBlock(raw) {
      // The first is sent in the calling turn, a burst one after the other: each body has twice the size of its block, and each attempt has its own timeout.
      const answer = submitting === 0 ? submit(raw) : lastSubmit.then(() => submit(raw));
      submitting += 1;
      lastSubmit = answer.finally(() => {
        submitting -= 1;
      });
      return answer;
    },

    async submitConnectionPing() {
      const body = JSON.stringify({ jsonrpc: '1.0', id: 'blockcast', method: 'getblockchaininfo', params: [] });
      return (await attempt(submits, body)).answer;
    },

    authorization() {
      return credentials.held;
    },

    async close() {
      await Promise.all([calls.close(), submits.close()]);
    },
  };
}

/** The longest wait for pending calls when the client is closed, so that a hanging dashd does not delay the relay's end, milliseconds. */
const CLOSE_GRACE_MS = 2_000;

/** The connections to dashd of one kind of calls; they can be replaced by new ones. */
class RpcConnections {
  current: Pool;
  private closed = false;
  private readonly retired = new Map<Pool, Promise<void>>();

  constructor(
    private readonly origin: string,
    private readonly count: number,
    private readonly timeoutMs: number,
    private readonly keepAliveMs: number,
  ) {
    this.current = this.open();
  }

  /** Replaces `stale` by new connections, unless another call has done so; its pending calls may finish. */
  replace(stale: Pool): void {
    if (stale !== this.current || this.closed) return;
    this.current = this.open();
    this.retired.set(
      stale,
      stale.close().finally(() => this.retired.delete(stale)),
    );
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const all = [this.current, ...this.retired.keys()];
    const impatience = setTimeout(() => {
      for (const each of all) void each.destroy();
    }, CLOSE_GRACE_MS);
    await Promise.all([this.current.close(), ...this.retired.values()]);
    clearTimeout(impatience);
  }

  private open(): Pool {
    return new Pool(this.origin, {
      connections: this.count,
      pipelining: 1,
      keepAliveTimeout: this.keepAliveMs,
      maxResponseSize: MAX_ANSWER_BYTES,
      connect: { timeout: this.timeoutMs, lookup },
      // Each request has one timeout for the whole attempt; undici's own timeouts restart with every byte.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }
}

type Authorization = { readonly ok: true; readonly header: string | undefined } | RpcFailure;

/** The `Authorization` header, from a user and password or from dashd's cookie, cached. */
class Credentials {
  private header: string | undefined;
  private readonly secrets = new Set<string>();

  constructor(
    user: string | undefined,
    password: string | undefined,
    private readonly cookieFile: string | undefined,
  ) {
    if (user !== undefined) this.adopt(`${user}:${password ?? ''}`);
  }

  /** The cached header; reads no file. */
  get held(): string | undefined {
    return this.header;
  }

  /** Synchronous, because a block may be waiting: the cookie is a few bytes, and read only when none is cached. */
  current(): Authorization {
    if (this.header !== undefined || this.cookieFile === undefined) return { ok: true, header: this.header };
    return this.readCookie(this.cookieFile);
  }

  /** The header to try after `refused` was rejected; undefined when there is no other. dashd writes a new cookie at each start. */
  renewed(refused: string | undefined): string | undefined {
    if (this.cookieFile === undefined) return undefined;
    const cookie = this.readCookie(this.cookieFile);
    return cookie.ok && cookie.header !== refused ? cookie.header : undefined;
  }

  /** Removes the credentials from a text of dashd. */
  redact(text: string): string {
    let clean = text;
    for (const secret of this.secrets) clean = clean.replaceAll(secret, '***');
    return clean;
  }

  private readCookie(path: string): Authorization {
    try {
      const file = statSync(path);
      // Reading a pipe or a device could block the process.
      if (!file.isFile() || file.size > MAX_COOKIE_BYTES) return unreadable(path, RPC['no-cookie-file']);
      const cookie = readFileSync(path, 'utf8').split(/\r?\n/, 1)[0] ?? '';
      if (!cookie.includes(':')) return unreadable(path, RPC['no-cookie']);
      return { ok: true, header: this.adopt(cookie) };
    } catch (error) {
      return unreadable(path, errorCodeOrName(error));
    }
  }

  private adopt(userAndPassword: string): string {
    const encoded = Buffer.from(userAndPassword, 'utf8').toString('base64');
    const password = userAndPassword.slice(userAndPassword.indexOf(':') + 1);
    this.secrets.clear();
    for (const secret of [encoded, password]) if (secret !== '') this.secrets.add(secret);
    this.header = `Basic ${encoded}`;
    return this.header;
  }
}

function unreadable(path: string, why: string): RpcFailure {
  return { ok: false, code: 'cookie-unreadable', detail: fill(RPC['cookie-unreadable'], { path, reason: why }) };
}

interface Target {
  readonly origin: string;
  readonly host: string;
  readonly path: string;
  readonly user?: string;
  readonly password?: string;
}

function parseTarget(text: string): Target {
  const parsed = parseHttpUrl(text);
  if (!parsed.ok) throw new Error(`the RPC address ${parsed.problem}`);
  const { origin, authority, path, credentials } = parsed.url;
  return { origin, host: authority, path, ...credentials };
}

/** Assembled as bytes: a 2 MB block has 4 MB of hex, for which `JSON.stringify` would take too long. */
function submitBody(raw: Buffer): Buffer {
  const hexStart = SUBMIT_HEAD.length;
  const hexEnd = hexStart + raw.length * 2;
  const body = Buffer.allocUnsafe(hexEnd + SUBMIT_TAIL.length);
  body.write(SUBMIT_HEAD, 0, 'latin1');
  writeHex(raw, body, hexStart);
  body.write(SUBMIT_TAIL, hexEnd, 'latin1');
  return body;
}

/** Classifies the answer of dashd, or of another program at its address. Statuses: Core `httprpc.cpp`, `httpserver.cpp`. */
export function readAnswer(status: number, text: string): RpcAnswer {
  if (status === 401) return { ok: false, code: 'unauthorised', detail: RPC.unauthorised };
  if (status === 403) return { ok: false, code: 'forbidden', detail: RPC.forbidden };
  // A page of libevent instead of an answer of dashd.
  if (status === SERVICE_UNAVAILABLE && text.startsWith('<')) {
    return { ok: false, code: 'http-error', detail: RPC.stopping };
  }
  const envelope = Envelope.safeParse(parseJson(text));
  if (envelope.success) {
    const { result, error } = envelope.data;
    if (error === null || error === undefined) {
      return status < 300
        ? { ok: true, result }
        : { ok: false, code: 'http-error', detail: fill(RPC['http-error'], { status, text: undefined }) };
    }
    const code = error.code === RPC_IN_WARMUP ? 'warming-up' : 'rpc-error';
    return { ok: false, code, detail: excerpt(error.message), rpcCode: error.code };
  }
  if (status >= 300)
    return { ok: false, code: 'http-error', detail: excerpt(fill(RPC['http-error'], { status, text })) };
  return { ok: false, code: 'not-json', detail: excerpt(fill(RPC['not-json'], { text })) };
}

/** `undefined`, which JSON cannot express, stands for text that is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function transportFailure(code: string, timeoutMs: number, host: string): RpcFailure {
  if (code === 'TimeoutError')
    return { ok: false, code: 'timeout', detail: fill(RPC.timeout, { host, ms: timeoutMs }) };
  if (TIMED_OUT.has(code)) return { ok: false, code: 'timeout', detail: fill(RPC['not-connected'], { host }) };
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return { ok: false, code: 'too-large', detail: fill(RPC['too-large'], { host, max: MAX_ANSWER_BYTES }) };
  }
  if (code === 'UND_ERR_CLOSED' || code === 'UND_ERR_DESTROYED') {
    return { ok: false, code: 'unreachable', detail: fill(RPC.closed, { host }) };
  }
  if (BROKEN_CONNECTION.has(code)) {
    return { ok: false, code: 'unreachable', detail: fill(RPC.broken, { host }) };
  }
  return { ok: false, code: 'unreachable', detail: fill(RPC.unreachable, { host, code }) };
}

/** The start of a text from outside on one line, without control characters. */
function excerpt(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return line.length > MAX_DETAIL_CHARS ? `${line.slice(0, MAX_DETAIL_CHARS)}…` : line;
}
