/** One request of a caller's, from its first byte to the last one of the answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RpcAnswer } from '../rpc.js';
import { type Calls, maySubmit, readCalls } from './calls.js';
import type { ProxyFaultCode } from './complaints.js';
import type { Dashd, DashdFault, PassingBody } from './dashd.js';
import { endToEnd, hasHeader, valuesOf } from './headers.js';
import { type Intake, type Memory, takeIn } from './intake.js';
import { answerError, errorBody } from './own-answer.js';
import { listenTo, type Reply, wordIn } from './word.js';

export interface SubmittedBlock {
  /** The block's bytes; or, where that was no hex, the text in their place. */
  readonly raw: Buffer;
  /**
   * Hands the request in which the block came to dashd, in the calling turn; the second time, and for another block of the same
   * request, it only listens. @returns dashd's word on this block, or why there is none
   */
  forward(): Promise<RpcAnswer>;
}

export interface VisitDeps {
  readonly dashd: Dashd;
  readonly memory: Memory;
  readonly limits: { readonly bodyBytes: number; readonly wordMs: number; readonly lingerMs: number };
  /** Who we are in a `Via` header. */
  readonly pseudonym: string;
  block(block: SubmittedBlock): string;
  complain(code: ProxyFaultCode, detail: string): void;
  /** Told of each wait for dashd's word on a block. */
  waiting(word: Promise<unknown>): void;
}

const BAD_REQUEST = 400;
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

export class Visit {
  /** True until all of the request is there, or is passing on. */
  isArriving = true;
  /** What became of the blocks in it, by the place of their calls. */
  private readonly said = new Map<number, string>();
  private body: Buffer | undefined;
  private calls: Calls | undefined;
  private call: { abort(): void } | undefined;
  /** Bytes of memory to give back. */
  private held = 0;
  private word: Promise<Reply> | undefined;
  private heard: (reply: Reply) => void = () => undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly deps: VisitDeps,
  ) {}

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
    const fault = framingFault(request.rawHeaders);
    if (fault !== undefined) {
      this.refuse(BAD_REQUEST, 'bad request', fault);
    } else if (valuesOf(request.rawHeaders, 'via').some((via) => via.includes(deps.pseudonym))) {
      const detail = `${deps.dashd.name} leads back here: let the address of dashd be dashd's own`;
      this.refuse(LOOP_DETECTED, 'loop', detail);
    } else if (request.method !== 'POST') {
      this.passOn({ head: [], headTaken: () => undefined, rest: request });
    } else if (Number(request.headers['content-length'] ?? 0) > deps.limits.bodyBytes) {
      this.passUnread([], 'body too large', 0);
    } else {
      takeIn(request, deps.limits.bodyBytes, deps.memory, (intake, taken) => this.onIntake(intake, taken));
    }
  }

  private onIntake(intake: Intake, taken: number): void {
    if (intake.kind === 'passing') {
      this.passUnread(intake.head, intake.why, taken);
      return;
    }
    this.held = taken;
    this.body = intake.body;
    if (maySubmit(intake.body)) this.lookInto(intake.body);
    this.forward(intake.body);
  }

  /** Blocks go to whoever wants them before dashd gets the request, and in the same turn. */
  private lookInto(body: Buffer): void {
    const { deps } = this;
    const calls = readCalls(body);
    this.calls = calls;
    if (calls.kind === 'too many')
      deps.complain('batch too large', 'a batch was passed on without a look for blocks in it');
    if (calls.kind !== 'calls') return;
    const blocks = calls.calls.flatMap(({ block }, place) => (block === undefined ? [] : [{ raw: block, place }]));
    if (blocks.length > MAX_BLOCKS) {
      deps.complain(
        'too many blocks',
        `${blocks.length} blocks in one batch: those after the first ${MAX_BLOCKS} go to dashd alone`,
      );
    }
    const inBatch = (place: number) => (calls.isBatch ? place : undefined);
    for (const { raw, place } of blocks.slice(0, MAX_BLOCKS)) {
      this.said.set(place, deps.block({ raw, forward: () => this.wordOn(body, inBatch(place)) }));
    }
  }

  private wordOn(body: Buffer, place: number | undefined): Promise<RpcAnswer> {
    if (this.word === undefined) {
      this.word = this.awaitWord();
      this.deps.waiting(this.word);
    }
    this.forward(body);
    return this.word.then((reply) => wordIn(reply, place));
  }

  private awaitWord(): Promise<Reply> {
    const { wordMs } = this.deps.limits;
    return new Promise((resolve) => {
      const silent: Reply = { ok: false, code: 'timeout', detail: `no word on it within ${wordMs / 1000} s` };
      const timer = setTimeout(() => resolve(silent), wordMs);
      this.heard = (reply) => {
        clearTimeout(timer);
        resolve(reply);
      };
    });
  }

  private passUnread(head: readonly Buffer[], why: 'body too large' | 'buffers full', taken: number): void {
    const { deps } = this;
    deps.complain(why, `${WHY_UNREAD[why]}: a request was passed on without a look for a block in it`);
    this.passOn({ head, headTaken: () => deps.memory.give(taken), rest: this.request });
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
      this.heard({ ok: false, code: 'http error', detail: 'the request cannot be passed on' });
      this.refuse(BAD_REQUEST, 'bad request', error.message);
    }
  }

  private onAnswer(reply: IncomingMessage): void {
    const { response } = this;
    this.giveBack();
    if (this.word !== undefined) listenTo(reply, this.heard);
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
    if (!this.request.complete) headers.push('Connection', 'close');
    response.writeHead(reply.statusCode ?? BAD_GATEWAY, reply.statusMessage, headers);
    reply.pipe(response);
    response.once('close', () => {
      reply.unpipe(response);
      reply.resume();
    });
  }

  private onFailure({ code, detail }: DashdFault): void {
    const { deps, response, request } = this;
    this.giveBack();
    const what =
      code === 'unreachable'
        ? `dashd at ${deps.dashd.name} is unreachable (${detail})`
        : `dashd at ${deps.dashd.name} broke off before it answered (${detail})`;
    deps.complain(code === 'unreachable' ? 'dashd unreachable' : 'dashd broke off', what);
    this.heard({ ok: false, code: 'unreachable', detail: what });
    const isWhole = this.body !== undefined || request.complete;
    const body = errorBody(this.asked(), (place) => ['blockcast: ', what, this.fate(place, code)].join(''));
    answerError(response, code === 'unreachable' ? SERVICE_UNAVAILABLE : BAD_GATEWAY, body, isWhole);
    if (!isWhole) request.unpipe().resume();
  }

  /** What the caller should know of a call that dashd did not answer. */
  private fate(place: number, code: DashdFault['code']): string {
    const said = this.said.get(place);
    if (said !== undefined) return `; ${said}`;
    return code === 'unreachable' ? '' : '; whether it did what it was asked is not known';
  }

  private asked(): Calls {
    this.calls ??= this.body === undefined ? { kind: 'not json-rpc' } : readCalls(this.body);
    return this.calls;
  }

  private mayRepeat(): boolean {
    const asked = this.asked();
    return asked.kind === 'calls' && asked.calls.every(({ method }) => method === undefined || REPEATABLE.has(method));
  }

  private refuse(status: number, code: ProxyFaultCode, detail: string): void {
    this.isArriving = false;
    this.deps.complain(code, detail);
    answerError(
      this.response,
      status,
      errorBody(this.asked(), () => `blockcast: ${detail}`),
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
    this.deps.memory.give(this.held);
    this.held = 0;
  }
}

const WHY_UNREAD = {
  'body too large': 'its body is larger than any that holds a block',
  'buffers full': 'too many callers are sending large requests at once',
} as const;

/** What an indulgent parser lets through, and somebody might mean to smuggle a second request with. */
function framingFault(rawHeaders: readonly string[]): string | undefined {
  const [encoding, ...more] = valuesOf(rawHeaders, 'transfer-encoding');
  if (encoding === undefined) return undefined;
  if (more.length > 0 || encoding.trim().toLowerCase() !== 'chunked')
    return 'a request whose transfer encoding is not just "chunked"';
  return hasHeader(rawHeaders, 'content-length') ? 'a request with both a length and a transfer encoding' : undefined;
}

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
