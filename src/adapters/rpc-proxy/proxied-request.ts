/** One request of a caller's, from its first byte to the last one of the answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RpcAnswer } from '../../contracts/rpc.js';
import type { Credential, KnownCallers } from './credentials.js';
import type { DashdClient, DashdFault, PassingBody } from './dashd-client.js';
import { answerError, errorBody } from './error-reply.js';
import { endToEnd, hasHeader, requestFault, valuesOf } from './http-headers.js';
import { type Calls, maySubmit, readCalls } from './json-rpc-calls.js';
import { type MemoryBudget, type RequestBody, readBody } from './request-body.js';
import { type Reply, readReply, submitResult } from './submit-result.js';
import type { ProxyFaultCode } from './throttled-reporter.js';

export interface SubmittedBlock {
  /** The block's bytes; or, where that was no hex, the text in their place. */
  readonly raw: Buffer;
  /**
   * `known`: dashd has accepted the caller before. `new`: dashd has accepted it just now, with its answer to this very request, which
   * `forward` returns.
   */
  readonly submitter: 'known' | 'new';
  /**
   * Hands the request in which the block came to dashd, in the calling turn; the second time, and for another block of the same
   * request, it only listens. @returns dashd's word on this block, or why there is none
   */
  forward(): Promise<RpcAnswer>;
}

export interface HandledBlock {
  /** What was done with it, in words: should dashd not answer, the caller is told. */
  readonly said: string;
  /** Why it is no block. */
  readonly refusal?: string;
}

export interface ProxiedRequestDeps {
  readonly dashd: DashdClient;
  readonly known: KnownCallers;
  /** Strangers cannot use up what callers have that dashd knows. */
  readonly memory: { readonly known: MemoryBudget; readonly strangers: MemoryBudget };
  readonly limits: { readonly bodyBytes: number; readonly submitResultMs: number; readonly lingerMs: number };
  /** The name that the proxy is configured to listen at. */
  readonly host: string;
  /** Who we are in a `Via` header. */
  readonly pseudonym: string;
  block(block: SubmittedBlock): HandledBlock;
  report(code: ProxyFaultCode, detail: string): void;
  /** Told of each wait for dashd's word on a block. */
  waiting(word: Promise<unknown>): void;
  /** Told of each answer that shows that dashd accepts the caller. */
  accepted(socket: Socket): void;
}

const BAD_REQUEST = 400;
const REQUEST_TIMEOUT = 408;
const BAD_GATEWAY = 502;
const SERVICE_UNAVAILABLE = 503;
const LOOP_DETECTED = 508;
/** Nobody finds more at once; of a batch with more of them, the others reach dashd alone. */
const MAX_BLOCKS = 16;
/** Requests without one of these have no body unless they say how long it is. */
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** Calls that change nothing, or nothing the second time. */
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
  /** True until all of the request is there, or is passing on. */
  isArriving = true;
  /** What became of the blocks in it, by the place of their calls. */
  private readonly said = new Map<number, string>();
  private body: Buffer | undefined;
  private calls: Calls | undefined;
  private call: { abort(): void } | undefined;
  private readonly credential: Credential | undefined;
  /** Of the callers to whom this one belongs. */
  readonly memory: MemoryBudget;
  /** Bytes of memory to give back. */
  private held = 0;
  private isShown = false;
  private hangsUp = false;
  private word: Promise<Reply> | undefined;
  private heard: (reply: Reply) => void = () => undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly deps: ProxiedRequestDeps,
  ) {
    this.credential = deps.known.credentialOf(request.headers.authorization);
    this.memory = deps.known.has(this.credential) ? deps.memory.known : deps.memory.strangers;
  }

  /** Whether all of the request is with dashd, and its answer is awaited. */
  get isAwaiting(): boolean {
    return !this.isArriving && this.request.complete;
  }

  /** Whether the connection ends with this request: what comes behind it is not looked at. */
  get isLast(): boolean {
    return this.hangsUp || !this.response.shouldKeepAlive;
  }

  /** @returns resolves when the next request of the same connection may be looked at */
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
      const detail = `${deps.dashd.name} leads back here: let the address of dashd be dashd's own`;
      this.refuse(LOOP_DETECTED, 'loop', detail);
    } else if (request.method !== 'POST') {
      this.passOn({ head: [], headTaken: () => undefined, rest: request });
    } else if (Number(request.headers['content-length'] ?? 0) > deps.limits.bodyBytes) {
      this.passUnread([], 'body-too-large', 0);
    } else {
      const drop = () => this.refuse(REQUEST_TIMEOUT, 'slow-request', 'a stalled request made room for another');
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
      this.show(read.body, 'known', (place) => this.wordOn(read.body, place));
    }
    this.forward(read.body);
  }

  /** A known caller's blocks go to whoever wants them before dashd gets the request, and in the same turn. */
  private show(
    body: Buffer,
    submitter: SubmittedBlock['submitter'],
    wordOn: (place: number | undefined) => Promise<RpcAnswer>,
  ): void {
    const { deps } = this;
    const calls = readCalls(body);
    this.calls = calls;
    if (calls.kind === 'too-many')
      deps.report('batch-too-large', 'a batch was passed on without a look for blocks in it');
    if (calls.kind !== 'calls') return;
    const blocks = calls.calls.flatMap(({ block }, place) => (block === undefined ? [] : [{ raw: block, place }]));
    if (blocks.length > MAX_BLOCKS) {
      deps.report(
        'too-many-blocks',
        `${blocks.length} blocks in one batch: those after the first ${MAX_BLOCKS} go to dashd alone`,
      );
    }
    const inBatch = (place: number) => (calls.isBatch ? place : undefined);
    for (const { raw, place } of blocks.slice(0, MAX_BLOCKS)) {
      const { said, refusal } = deps.block({ raw, submitter, forward: () => wordOn(inBatch(place)) });
      this.said.set(place, said);
      if (refusal !== undefined) deps.report('no-block', `a submitblock went to dashd alone: ${refusal}`);
    }
  }

  private wordOn(body: Buffer, place: number | undefined): Promise<RpcAnswer> {
    if (this.word === undefined) {
      this.word = this.awaitWord();
      this.deps.waiting(this.word);
    }
    this.forward(body);
    return this.word.then((reply) => submitResult(reply, place));
  }

  private awaitWord(): Promise<Reply> {
    const { submitResultMs } = this.deps.limits;
    return new Promise((resolve) => {
      const silent: Reply = { ok: false, code: 'timeout', detail: `no word on it within ${submitResultMs / 1000} s` };
      const timer = setTimeout(() => resolve(silent), submitResultMs);
      this.heard = (reply) => {
        clearTimeout(timer);
        resolve(reply);
      };
    });
  }

  private passUnread(head: readonly Buffer[], why: 'body-too-large' | 'buffers-full', taken: number): void {
    this.deps.report(why, `${WHY_UNREAD[why]}: a request was passed on without a look for a block in it`);
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
      // Node does not write everything that it reads.
      if (!(error instanceof TypeError)) throw error;
      this.call = { abort: () => undefined };
      this.heard({ ok: false, code: 'http-error', detail: 'the request cannot be passed on' });
      this.refuse(BAD_REQUEST, 'bad-request', error.message);
    }
  }

  private onAnswer(reply: IncomingMessage): void {
    const { response } = this;
    this.giveBack();
    this.listen(reply);
    // Its end is seen by who reads it.
    reply.on('error', () => undefined);
    reply.once('close', () => {
      if (!reply.complete) response.destroy();
    });
    if (response.destroyed) {
      reply.resume();
      return;
    }
    // dashd does not say that a connection stays where that goes without saying.
    const { httpVersion, socket } = this.request;
    const stays = httpVersion !== '1.0' && response.shouldKeepAlive && !socket.readableEnded;
    if (stays) response.removeHeader('connection');
    const headers = endToEnd(reply.rawHeaders);
    // dashd has heard enough: the rest of the request is of no use to anybody.
    this.hangsUp = !this.request.complete;
    if (this.hangsUp) headers.push('Connection', 'close');
    response.writeHead(reply.statusCode ?? BAD_GATEWAY, reply.statusMessage, headers);
    reply.pipe(response);
    response.once('close', () => {
      reply.unpipe(response);
      reply.resume();
    });
  }

  /** What dashd's answer says of the caller and, where that matters, of its blocks. */
  private listen(reply: IncomingMessage): void {
    const { request, deps, body } = this;
    const isAccepted = deps.known.heard(this.credential, {
      method: request.method ?? '',
      target: request.url ?? '',
      status: reply.statusCode ?? 0,
      contentType: reply.headers['content-type'],
    });
    if (isAccepted) deps.accepted(request.socket);
    if (this.word !== undefined) readReply(reply, this.heard);
    else if (isAccepted && !this.isShown && body !== undefined && maySubmit(body)) {
      readReply(reply, (word) => this.show(body, 'new', (place) => Promise.resolve(submitResult(word, place))));
    }
  }

  private onFailure({ code, detail }: DashdFault): void {
    const { deps, response, request } = this;
    this.giveBack();
    if (detail === NOTHING_LISTENS) deps.known.dashdIsAway();
    const what =
      code === 'unreachable'
        ? `dashd at ${deps.dashd.name} is unreachable (${detail})`
        : `dashd at ${deps.dashd.name} broke off before it answered (${detail})`;
    deps.report(code === 'unreachable' ? 'dashd-unreachable' : 'dashd-broke-off', what);
    this.heard({ ok: false, code: 'unreachable', detail: what });
    const isWhole = this.body !== undefined || request.complete;
    this.hangsUp = !isWhole;
    const body = errorBody(this.asked(), (place) => ['blockcast: ', what, this.fate(place, code)].join(''));
    answerError(response, code === 'unreachable' ? SERVICE_UNAVAILABLE : BAD_GATEWAY, body, isWhole);
    if (!isWhole) request.unpipe().resume();
  }

  /** What the caller should know of a call that dashd did not answer. */
  private fate(place: number, code: DashdFault['code']): string {
    const said = this.said.get(place);
    if (said !== undefined) return `; ${said}`;
    const asked = this.asked();
    const isBlock = asked.kind === 'calls' && asked.calls[place]?.block !== undefined;
    if (isBlock && !this.isShown) return '; the block was sent to no peer: dashd has not accepted this caller yet';
    return code === 'unreachable' ? '' : '; whether it did what it was asked is not known';
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
      errorBody({ kind: 'not-json-rpc' }, () => `blockcast: ${detail}`),
      false,
    );
    this.request.resume();
  }

  /** The answer is out, or whoever wanted it is gone. A block goes its way all the same. */
  private onClosed(): void {
    this.isArriving = false;
    if (this.word !== undefined) return;
    if (!this.response.writableFinished) this.call?.abort();
    this.giveBack();
  }

  private giveBack(): void {
    this.memory.give(this.held);
    this.held = 0;
  }
}

const WHY_UNREAD = {
  'body-too-large': 'its body is larger than any that holds a block',
  'buffers-full': 'too many callers are sending large requests at once',
} as const;

/** Nothing accepts connections there: dashd has ended. */
const NOTHING_LISTENS = 'ECONNREFUSED';

/** As the caller gave them, but for what concerns the connection alone, and the length where it was not known before. */
function requestHeaders(request: IncomingMessage, body: Buffer | PassingBody, pseudonym: string): string[] {
  // The caller has been told to go on, or need not be.
  const headers = endToEnd(request.rawHeaders, 'expect');
  headers.push('Via', `${request.httpVersion} ${pseudonym}`);
  if (hasHeader(headers, 'content-length')) return headers;
  if (Buffer.isBuffer(body)) headers.push('Content-Length', String(body.length));
  else if (hasHeader(request.rawHeaders, 'transfer-encoding')) headers.push('Transfer-Encoding', 'chunked');
  else if (WITH_BODY.has(request.method ?? '')) headers.push('Content-Length', '0');
  return headers;
}
