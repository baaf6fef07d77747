/** An answer of dashd's JSON-RPC, or how it failed to come. */

export type RpcFailureCode =
  | 'unreachable'
  | 'timeout'
  | 'unauthorised'
  | 'forbidden'
  | 'not-json'
  | 'rpc-error'
  | 'http-error'
  | 'too-large'
  | 'cookie-unreadable'
  | 'warming-up'
  /** Not asked: dashd is on another network. */
  | 'wrong-network';

export interface RpcFailure {
  readonly ok: false;
  readonly code: RpcFailureCode;
  /** For people; never holds a credential. */
  readonly detail: string;
  /** dashd's own error number, for `rpc-error` and `warming-up`. Source: Core `rpc/protocol.h`. */
  readonly rpcCode?: number;
}

export type RpcAnswer = { readonly ok: true; readonly result: unknown } | RpcFailure;
