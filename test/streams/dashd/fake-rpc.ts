/** A dashd that answers what a test says, when it says so. */
import type { RpcAnswer } from '../../../src/contracts/rpc.js';
import type { Rpc } from '../../../src/streams/ports.js';

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
  readonly at: number;
}

export const UNREACHABLE = { ok: false, code: 'unreachable', detail: 'ECONNREFUSED' } as const satisfies RpcAnswer;
export const answer = (result: unknown): RpcAnswer => ({ ok: true, result });
export const rpcError = (rpcCode: number, detail: string): RpcAnswer => ({
  ok: false,
  code: 'rpc-error',
  detail,
  rpcCode,
});

type Reply = RpcAnswer | Promise<RpcAnswer> | ((...params: readonly unknown[]) => RpcAnswer | Promise<RpcAnswer>);

/** A dashd's RPC with an answer, or a function that gives one, for each method; unreachable otherwise. */
export class FakeRpc implements Rpc {
  readonly calls: RpcCall[] = [];
  /** By method. */
  readonly replies = new Map<string, Reply>();

  constructor(private readonly now: () => number = () => 0) {}

  times(method: string): number[] {
    return this.calls.filter((call) => call.method === method).map(({ at }) => at);
  }

  call(method: string, params: readonly unknown[] = []): Promise<RpcAnswer> {
    this.calls.push({ method, params, at: this.now() });
    const reply = this.replies.get(method) ?? UNREACHABLE;
    return Promise.resolve(typeof reply === 'function' ? reply(...params) : reply);
  }

  submitBlock(raw: Buffer): Promise<RpcAnswer> {
    return this.call('submitblock', [raw]);
  }

  submitConnectionPing(): Promise<RpcAnswer> {
    return this.call('getblockchaininfo');
  }
}

/** An answer to give later. */
export function later(): { readonly answer: Promise<RpcAnswer>; give(answer: RpcAnswer): void } {
  let give: (answer: RpcAnswer) => void = () => undefined;
  const promised = new Promise<RpcAnswer>((resolve) => {
    give = resolve;
  });
  return { answer: promised, give: (given) => give(given) };
}

/** Each reply in turn, then always the last one. */
export function inTurn(...replies: readonly RpcAnswer[]): () => RpcAnswer {
  let turn = 0;
  return () => {
    const reply = replies[Math.min(turn, replies.length - 1)] ?? UNREACHABLE;
    turn += 1;
    return reply;
  };
}
