/** The relay's JSON-RPC client in virtual time: the answers of a simulated dashd as adapters/rpc.ts reads them, and its failures. */
import { type RpcClient, readAnswer } from '../../adapters/rpc.js';
import type { RpcAnswer } from '../../contracts/rpc.js';
import { type Engine, MICROS_PER_MS } from '../engine.js';
import type { VirtualDashd } from './virtual-dashd.js';
import type { VirtualProcess } from './virtual-process.js';

export interface RpcDeps {
  readonly engine: Engine;
  readonly dashd: VirtualDashd;
  readonly process: VirtualProcess;
}

/** As in adapters/rpc.ts. */
const TIMEOUT_MS = 15_000;
const CALL_CONNECTIONS = 4;
const SUBMIT_CONNECTIONS = 1;
/** Loopback, the HTTP parser and JSON, each way: an assumption. */
const WAY_MICROS = 100;
const NAME = 'dashd';

interface Request {
  readonly method: string;
  readonly params: readonly unknown[];
}

type Attempt = { readonly answer: RpcAnswer; readonly broken: boolean };

export function virtualRpc(deps: RpcDeps): RpcClient {
  const calls = new Connections(deps, CALL_CONNECTIONS);
  const submits = new Connections(deps, SUBMIT_CONNECTIONS);
  const submit = async (raw: Buffer): Promise<RpcAnswer> => {
    const request = { method: 'submitblock', params: [raw.toString('hex')] };
    const first = await submits.ask(request);
    // A connection that breaks before the answer is replaced, and the block sent once more.
    return first.broken ? (await submits.ask(request)).answer : first.answer;
  };
  /** Blocks given and not answered yet, and the answer to the last one. */
  let submitting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    call: async (method, params = []) => (await calls.ask({ method, params })).answer,
    submitBlock(raw) {
      const answer = submitting === 0 ? submit(raw) : last.then(() => submit(raw));
      submitting += 1;
      last = answer.finally(() => {
        submitting -= 1;
      });
      return answer;
    },
    submitConnectionPing: async () => (await submits.ask({ method: 'getblockchaininfo', params: [] })).answer,
    authorization: () => undefined,
    close: async () => {
      calls.close();
      submits.close();
    },
  };
}

/** A number of connections to dashd. Requests beyond it wait, first come, first served. */
class Connections {
  private readonly waiting: (() => void)[] = [];
  private busy = 0;
  private closed = false;

  constructor(
    private readonly deps: RpcDeps,
    private readonly count: number,
  ) {}

  ask(request: Request): Promise<Attempt> {
    return new Promise((resolve) => {
      if (this.closed) {
        resolve(failed('unreachable', `${NAME}: the client is closed`));
        return;
      }
      const exchange = new Exchange(this.deps, request, (attempt, wasSent) => {
        if (wasSent) this.free();
        resolve(attempt);
      });
      const send = (): void => {
        if (exchange.isOver) this.free();
        else exchange.send();
      };
      if (this.busy === this.count) {
        this.waiting.push(send);
      } else {
        this.busy += 1;
        send();
      }
    });
  }

  close(): void {
    this.closed = true;
  }

  private free(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.busy -= 1;
    else next();
  }
}

/** One request, from its time in the queue to its end. */
class Exchange {
  isOver = false;
  private wasSent = false;
  private readonly cleanUp: (() => void)[] = [];

  constructor(
    private readonly deps: RpcDeps,
    private readonly request: Request,
    private readonly done: (attempt: Attempt, wasSent: boolean) => void,
  ) {
    const timeout = failed('timeout', `${NAME}: no answer in ${TIMEOUT_MS} ms`);
    this.cleanUp.push(deps.engine.after(TIMEOUT_MS * MICROS_PER_MS, () => this.end(timeout)));
  }

  send(): void {
    const { engine, dashd } = this.deps;
    this.wasSent = true;
    this.cleanUp.push(engine.after(WAY_MICROS, () => this.arrive()));
    const broke = failed('unreachable', `${NAME}: the connection broke before the answer was complete`, true);
    const watching = dashd.stopped$.subscribe(() => this.end(broke));
    this.cleanUp.push(() => watching.unsubscribe());
  }

  private arrive(): void {
    const { engine, dashd } = this.deps;
    if (!dashd.isRunning) {
      this.end(failed('unreachable', `${NAME}: ECONNREFUSED`));
      return;
    }
    const { hangs, delayMs = 0 } = dashd.rpcFaults;
    if (hangs === true) return;
    const answerMs = delayMs + dashd.answerMs(this.request.method);
    this.cleanUp.push(
      engine.after(answerMs * MICROS_PER_MS, () => {
        const { status, text } = dashd.execute(this.request);
        this.cleanUp.push(
          engine.after(WAY_MICROS, () => this.end({ answer: readAnswer(status, text), broken: false })),
        );
      }),
    );
  }

  private end(attempt: Attempt): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const cancel of this.cleanUp) cancel();
    this.deps.process.enter(() => this.done(attempt, this.wasSent));
  }
}

function failed(code: 'unreachable' | 'timeout', detail: string, broken = false): Attempt {
  return { answer: { ok: false, code, detail }, broken };
}
