/** One request of a caller, from its first byte to the last byte of the answer. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RpcAnswer } from '../../contracts/rpc.js';
import { RPC } from '../../messages/dashd.js';
import { fill } from '../../messages/fill.js';
import { PROXY, PROXY_REPLY, SUBMISSIONS } from '../../messages/proxy.js';
import type { Credential, KnownCallers } from './credentials.js';
import type { DashdClient, DashdFault, PassingBody } from './dashd-client.js';
import { answerError, errorBody } from './error-reply.js';
import { endToEnd, hasHeader, requestFault, valuesOf } from './http-headers.js';
import { type Calls, maySubmit, readCalls } from './json-rpc-calls.js';
import { type MemoryBudget, type RequestBody, readBody } from './request-body.js';
import { type Reply, readReply, submitResult } from './submit-result.js';
import type { ProxyFaultCode } from './throttled-reporter.js';

export interface SubmittedBlock {
  /** The block's bytes, or the text when it is not hex. */
  readonly raw: Buffer;
  /**
   * `known`: dashd has accepted the caller before. `new`: dashd accepted it with its answer to this request, which `forward` returns.
   */
  readonly submitter: 'known' | 'new';
  /**
   * Forwards the request to dashd, in the same turn of the event loop; further calls, also for another block of the same request, only wait
   * for the answer. @returns dashd's result for this block, or why there is none
   */
  forward(): Promise<RpcAnswer>;
}

export interface HandledBlock {
  /** What was done with the block, for the error reply to the caller when dashd does not answer. */
  readonly outcome: string;
  /** Why it is not a valid block. */
  readonly refusal?: string;
}

export interface ProxiedRequestDeps {
  readonly dashd: DashdClient;
  readonly known: KnownCallers;
  /** Separate budgets, so that unknown callers cannot use up the memory of known ones. */
  readonly memory: { readonly known: MemoryBudget; readonly strangers: MemoryBudget };
  readonly limits: { readonly bodyBytes: number; readonly submitResultMs: number; readonly lingerMs: number };
  /** The configured host of the proxy. */
  readonly host: string;
  /** The proxy's name in the `Via` header. */
  readonly pseudonym: string;
  block(block: SubmittedBlock): HandledBlock;
  report(code: ProxyFaultCode, detail: string): void;
  /** Called with each pending result of a submission. */
  waiting(result: Promise<unknown>): void;
  /** Called when an answer shows that dashd accepts the caller. */
  accepted(socket: Socket): void;
}

const BAD_REQUEST = 400;
const REQUEST_TIMEOUT = 408;
const BAD_GATEWAY = 502;
const SERVICE_UNAVAILABLE = 503;
const LOOP_DETECTED = 508;
/** Further blocks of a batch go to dashd only. */
const MAX_BLOCKS = 16;
/** Other methods have a body only with a content length or transfer encoding. */
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** Calls that are idempotent or read-only. */
const REPEATABLE: ReadonlySet<string> = new Set([
  'submitblock',
  'submitheader',
  'getblocktemplate',
  'getbestblockhash',
  'getblock',
  'getblockchaininfo',
  'getblockcount',
  'getblockhash',
  'getblockheader',
  'getchaintips',
  'getconnectioncount',
  'getdifficulty',
  'getmempoolinfo',
  'getmininginfo',
  'getnetworkhashps',
  'getnetworkinfo',
  'getpeerinfo',
  'getrawmempool',
  'getrawtransaction',
  'gettransaction',
  'gettxout',
  'getbalance',
  'getwalletinfo',
  'getaddressinfo',
  'listtransactions',
  'listsinceblock',
  'listunspent',
  'validateaddress',
  'decoderawtransaction',
  'help',
  'uptime',
]);

export class ProxiedRequest {
  /** True until the request is complete or being forwarded. */
  isArriving = true;
  /** What was done with its blocks, by the index of their calls. */
  private readonly outcomes = new Map<number, string>();
  private body: Buffer | undefined;
  private calls: Calls | undefined;
  private call: { abort(): void } | undefined;
  private readonly credential: Credential | undefined;
  /** The budget of this caller's group. */
  readonly memory: MemoryBudget;
  /** Bytes to be released. */
  private held = 0;
  private isShown = false;
  private hangsUp = false;
  private result: Promise<Reply> | undefined;
  private heard: (reply: Reply) => void = () => undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly deps: ProxiedRequestDeps,
  ) {
    this.credential = deps.known.credentialOf(request.headers.authorization);
    this.memory = deps.known.has(this.credential) ? deps.memory.known : deps.memory.strangers;
  }

  /** Whether dashd has the whole request and has not answered yet. */
  get isAwaiting(): boolean {
    return !this.isArriving && this.request.complete;
  }

  /** Whether the connection ends with this request, so that later ones are ignored. */
  get isLast(): boolean {
    return this.hangsUp || !this.response.shouldKeepAlive;
  }

  /** @returns resolves when the next request of the connection may be processed */
  begin(): Promise<void> {
    const { response } = this;
    response.sendDate = false;
    response.once('close', () => this.onClosed());
    this.receive();
    return new Promise((resolve) => response.once('close', resolve));
  }

  private receive(): void {
    const { request, deps } = this;
    const fault = requestFault(request, deps.host);
    if (fault !== undefined) {
      this.refuse(fault.status, fault.code, fault.detail);
    } else if (valuesOf(request.rawHeaders, 'via').some((via) => via.includes(deps.pseudonym))) {
      const detail = fill(PROXY.loop, { address: deps.dashd.name });
      this.refuse(LOOP_DETECTED, 'loop', detail);
    } else if (request.method !== 'POST') {
      this.passOn({ head: [], headTaken: () => undefined, rest: request });
    } else if (Number(request.headers['content-length'] ?? 0) > deps.limits.bodyBytes) {
      this.passUnread([], 'body-too-large', 0);
    } else {
      const drop = () => this.refuse(REQUEST_TIMEOUT, 'slow-request', PROXY.stalled);
      readBody(request, deps.limits.bodyBytes, this.memory, drop, (read, taken) => this.onBody(read, taken));
    }
  }

  private onBody(read: RequestBody, taken: number): void {
    if (read.kind === 'passing') {
      this.passUnread(read.head, read.why, taken);
      return;
    }
    this.held = taken;
    this.body = read.body;
    const { known } = this.deps;
    if (known.has(this.credential) && maySubmit(read.body)) {
      this.isShown = true;
      this.show(read.body, 'known', (place) => this.forwardFor(read.body, place));
    }
    this.forward(read.body);
  }

  /** Passes the blocks of a request to the handler; for a known caller before dashd gets it, in the same turn. */
  private show(
    body: Buffer,
    submitter: SubmittedBlock['submitter'],
    resultOf: (place: number | undefined) => Promise<RpcAnswer>,
  ): void {
    const { deps } = this;
    const calls = readCalls(body);
    this.calls = calls;
    if (calls.kind === 'too-many') deps.report('batch-too-large', PROXY['batch-too-large']);
    if (calls.kind !== 'calls') return;
    const blocks = calls.calls.flatMap(({ block }, place) => (block === undefined ? [] : [{ raw: block, place }]));
    if (blocks.length > MAX_BLOCKS) {
      deps.report('too-many-blocks', fill(PROXY['too-many-blocks'], { blocks: blocks.length, max: MAX_BLOCKS }));
    }
    const inBatch = (place: number) => (calls.isBatch ? place : undefined);
    for (const { raw, place } of blocks.slice(0, MAX_BLOCKS)) {
      const { outcome, refusal } = deps.block({ raw, submitter, forward: () => resultOf(inBatch(place)) });
      this.outcomes.set(place, outcome);
      if (refusal !== undefined) deps.report('no-block', fill(PROXY['no-block'], { reason: refusal }));
    }
  }

  private forwardFor(body: Buffer, place: number | undefined): Promise<RpcAnswer> {
    if (this.result === undefined) {
      this.result = this.awaitResult();
      this.deps.waiting(this.result);
    }
    this.forward(body);
    return this.result.then((reply) => submitResult(reply, place));
  }

  private awaitResult(): Promise<Reply> {
    const { submitResultMs } = this.deps.limits;
    return new Promise((resolve) => {
      const silent: Reply = {
        ok: false,
        code: 'timeout',
        detail: fill(RPC.silent, { seconds: submitResultMs / 1000 }),
      };
      const timer = setTimeout(() => resolve(silent), submitResultMs);
      this.heard = (reply) => {
        clearTimeout(timer);
        resolve(reply);
      };
    });
  }

  private passUnread(head: readonly Buffer[], why: 'body-too-large' | 'buffers-full', taken: number): void {
    this.deps.report(why, fill(PROXY['not-searched'], { reason: WHY_UNREAD[why] }));
    this.passOn({ head, headTaken: () => this.memory.give(taken), rest: this.request });
  }

  private passOn(body: PassingBody): void {
    this.isArriving = false;
    this.start(body);
  }

  private forward(body: Buffer): void {
    this.isArriving = false;
    if (this.call === undefined) this.start(body);
  }

  private start(body: Buffer | PassingBody): void {
    const { request, deps } = this;
    try {
      this.call = deps.dashd.call(
        {
          method: request.method ?? 'POST',
          path: request.url ?? '/',
          headers: requestHeaders(request, body, deps.pseudonym),
          body,
          mayRepeat: () => this.mayRepeat(),
        },
        { answered: (reply) => this.onAnswer(reply), failed: (fault) => this.onFailure(fault) },
      );
    } catch (error) {
      // Node rejects some header values on output that it accepts on input.
      if (!(error instanceof TypeError)) throw error;
      this.call = { abort: () => undefined };
      this.heard({ ok: false, code: 'http-error', detail: RPC['not-forwarded'] });
      this.refuse(BAD_REQUEST, 'bad-request', error.message);
    }
  }

  private onAnswer(reply: IncomingMessage): void {
    const { response } = this;
    this.giveBack();
    this.listen(reply);
    // The close handler below deals with an answer that ends early.
    reply.on('error', () => undefined);
    reply.once('close', () => {
      if (!reply.complete) response.destroy();
    });
    if (response.destroyed) {
      reply.resume();
      return;
    }
    // Like dashd, no `Connection: keep-alive` where that is the default.
    const { httpVersion, socket } = this.request;
    const stays = httpVersion !== '1.0' && response.shouldKeepAlive && !socket.readableEnded;
    if (stays) response.removeHeader('connection');
    const headers = endToEnd(reply.rawHeaders);
    // dashd has answered before the end of the request: the rest is not needed.
    this.hangsUp = !this.request.complete;
    if (this.hangsUp) headers.push('Connection', 'close');
    response.writeHead(reply.statusCode ?? BAD_GATEWAY, reply.statusMessage, headers);
    reply.pipe(response);
    response.once('close', () => {
      reply.unpipe(response);
      reply.resume();
    });
  }

  /** Reads from dashd's answer whether the caller is accepted and, for submissions, the result. */
  private listen(reply: IncomingMessage): void {
    const { request, deps, body } = this;
    const isAccepted = deps.known.heard(this.credential, {
      method: request.method ?? '',
      target: request.url ?? '',
      status: reply.statusCode ?? 0,
      contentType: reply.headers['content-type'],
    });
    if (isAccepted) deps.accepted(request.socket);
    if (this.result !== undefined) readReply(reply, this.heard);
    else if (isAccepted && !this.isShown && body !== undefined && maySubmit(body)) {
      readReply(reply, (result) => this.show(body, 'new', (place) => Promise.resolve(submitResult(result, place))));
    }
  }

  private onFailure({ code, detail }: DashdFault): void {
    const { deps, response, request } = this;
    this.giveBack();
    if (detail === NOTHING_LISTENS) deps.known.dashdIsAway();
    const what =
      code === 'unreachable'
        ? fill(PROXY['dashd-unreachable'], { address: deps.dashd.name, code: detail })
        : fill(PROXY['dashd-broke-off'], { address: deps.dashd.name, code: detail });
    deps.report(code === 'unreachable' ? 'dashd-unreachable' : 'dashd-broke-off', what);
    this.heard({ ok: false, code: 'unreachable', detail: what });
    const isWhole = this.body !== undefined || request.complete;
    this.hangsUp = !isWhole;
    const body = errorBody(this.asked(), (place) =>
      fill(PROXY_REPLY, { fault: what, submission: this.fate(place, code) }),
    );
    answerError(response, code === 'unreachable' ? SERVICE_UNAVAILABLE : BAD_GATEWAY, body, isWhole);
    if (!isWhole) request.unpipe().resume();
  }

  /** The state of a call that dashd did not answer, for the error reply. */
  private fate(place: number, code: DashdFault['code']): string | undefined {
    const outcome = this.outcomes.get(place);
    if (outcome !== undefined) return outcome;
    const asked = this.asked();
    const isBlock = asked.kind === 'calls' && asked.calls[place]?.block !== undefined;
    if (isBlock && !this.isShown) return SUBMISSIONS['new-caller'];
    return code === 'unreachable' ? undefined : SUBMISSIONS['not-known'];
  }

  private asked(): Calls {
    this.calls ??= this.body === undefined ? { kind: 'not-json-rpc' } : readCalls(this.body);
    return this.calls;
  }

  private mayRepeat(): boolean {
    const asked = this.asked();
    return asked.kind === 'calls' && asked.calls.every(({ method }) => method === undefined || REPEATABLE.has(method));
  }

  private refuse(status: number, code: ProxyFaultCode, detail: string): void {
    this.isArriving = false;
    this.hangsUp = true;
    this.deps.report(code, detail);
    answerError(
      this.response,
      status,
      errorBody({ kind: 'not-json-rpc' }, () => fill(PROXY_REPLY, { fault: detail, submission: undefined })),
      false,
    );
    this.request.resume();
  }

  /** The answer was sent or the caller has disconnected. A submission continues. */
  private onClosed(): void {
    this.isArriving = false;
    if (this.result !== undefined) return;
    if (!this.response.writableFinished) this.call?.abort();
    this.giveBack();
  }

  private giveBack(): void {
    this.memory.give(this.held);
    this.held = 0;
  }
}

const WHY_UNREAD = {
  'body-too-large': PROXY['body-too-large'],
  'buffers-full': PROXY['buffers-full'],
} as const;

/** No process listens at dashd's port. */
const NOTHING_LISTENS = 'ECONNREFUSED';

/** The caller's headers without those of the connection, with the length where it was missing. */
function requestHeaders(request: IncomingMessage, body: Buffer | PassingBody, pseudonym: string): string[] {
  // Node has already answered `Expect: 100-continue`.
  const headers = endToEnd(request.rawHeaders, 'expect');
  headers.push('Via', `${request.httpVersion} ${pseudonym}`);
  if (hasHeader(headers, 'content-length')) return headers;
  if (Buffer.isBuffer(body)) headers.push('Content-Length', String(body.length));
  else if (hasHeader(request.rawHeaders, 'transfer-encoding')) headers.push('Transfer-Encoding', 'chunked');
  else if (WITH_BODY.has(request.method ?? '')) headers.push('Content-Length', '0');
  return headers;
}
