/**
 * The ports of the streams: adapters/ implements them, relay/ connects the two, a test may implement them otherwise.
 */
import type { RpcAnswer } from '../contracts/rpc.js';
import type { SessionFault, SessionFaultCode } from '../session/types.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface PeerSocket {
  /** @param taken called once the kernel has the last of these bytes */
  write(buffers: readonly Buffer[], taken?: () => void): void;
  /** Bytes written that the kernel has not taken yet. */
  readonly backlog: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Reads no more bytes from the peer until {@link resume}; a chunk that was read already may still come. */
  pause(): void;
  resume(): void;
  /** The other end as the operating system has it, `address:port`; undefined behind a proxy, or when the connection is over. */
  readonly endpoint?: string | undefined;
  destroy(): void;
}

export interface PeerSocketHandlers {
  connected(): void;
  data(chunk: Buffer): void;
  closed(code: SessionFaultCode, detail: string): void;
}

/** Calls back in the next turn of the event loop, once what has come from sockets by now is handled. */
export type NextTurn = (go: () => void) => void;

/** How a dial through the SOCKS proxy ended: the connection was made, or why not. */
export type ProxyOutcome = { readonly type: 'opened' } | ({ readonly type: 'failed' } & SessionFault);

export type Dial = (address: Address, timeoutMs: number, handlers: PeerSocketHandlers) => PeerSocket;

export interface Rpc {
  call(method: string, params?: readonly unknown[]): Promise<RpcAnswer>;
  /** Starts the request in the calling turn. */
  submitBlock(raw: Buffer): Promise<RpcAnswer>;
  /** `getblockchaininfo`, asked over the connection that `submitBlock` uses, so that it stays open. */
  submitConnectionPing(): Promise<RpcAnswer>;
}

/** A message from a ZeroMQ socket, or a change of the socket's state. */
export type SocketNews =
  | { readonly type: 'frames'; readonly frames: readonly Buffer[] }
  | {
      readonly type: 'state';
      readonly state: 'up' | 'down' | 'refused';
      /** Set when the cause is known. */
      readonly code?: 'no-block-topic';
      readonly detail: string;
    };
