import { type MineOptions, mineBlock, type Template } from '../../src/simulated/miner.js';
import type { Hash } from '../../src/wire/reader.js';
import { PATIENCE_MS } from '../support/patience.js';

export interface RpcReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Where JSON-RPC is served, and to whom. */
export interface RpcAccess {
  readonly rpcUrl: string;
  /** `user:password`. */
  readonly credentials: string;
}

/** A real or a simulated dashd. */
export interface NodeUnderTest extends RpcAccess {
  readonly host: string;
  readonly port: number;
  readonly zmqUrl: string;
  /** What it has written to its log so far. */
  log(): string;
  /** Puts addresses into its address manager, as if it had heard of them. */
  learn(addresses: readonly { readonly host: string; readonly port: number }[]): Promise<void>;
  /** Sets its clock: so many seconds ahead of this machine's. */
  setAhead(seconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** Posts a body as it is. */
export async function post(node: RpcAccess, body: string, credentials = node.credentials): Promise<RpcReply> {
  const response = await fetch(node.rpcUrl, {
    method: 'POST',
    body,
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
  });
  return {
    status: response.status,
    contentType: response.headers.get('content-type') ?? '',
    body: await response.text(),
  };
}

export type RpcResult =
  | { readonly status: number; readonly result: unknown; readonly error: null }
  | {
      readonly status: number;
      readonly result: null;
      readonly error: { readonly code: number; readonly message: string };
    };

export async function call(node: RpcAccess, method: string, ...params: unknown[]): Promise<RpcResult> {
  const { status, body } = await post(node, JSON.stringify({ id: 1, method, params }));
  return { status, ...JSON.parse(body) };
}

/** The result of a call that must succeed. */
export async function ask<T>(node: RpcAccess, method: string, ...params: unknown[]): Promise<T> {
  const { result, error } = await call(node, method, ...params);
  if (error !== null) throw new Error(`${method}: ${error.message}`);
  return result as T;
}

export interface HeaderInfo {
  readonly hash: Hash;
  readonly height: number;
  readonly time: number;
  readonly mediantime: number;
  readonly confirmations: number;
}

export async function tipOf(node: RpcAccess): Promise<HeaderInfo> {
  return ask(node, 'getblockheader', await ask(node, 'getbestblockhash'));
}

/** A template on a block; by default on the tip. */
export async function templateOn(node: RpcAccess, parent?: Hash): Promise<Template> {
  const header = parent === undefined ? await tipOf(node) : await ask<HeaderInfo>(node, 'getblockheader', parent);
  const now = Math.floor(Date.now() / 1000);
  return { parent: header.hash, height: header.height + 1, time: Math.max(header.mediantime + 1, now), special: false };
}

/** The template for the block behind `template`, whose hash is `parent`. */
export function following(template: Template, parent: Hash): Template {
  return { ...template, parent, height: template.height + 1, time: template.time + 1 };
}

let extraNonce = 0;

/** A valid block that no earlier call made. */
export function mine(template: Template, options: MineOptions = {}): Buffer {
  extraNonce += 1;
  return mineBlock(template, { extraNonce, ...options });
}

export interface Points {
  readonly peer: number;
  readonly points: number;
}

const MISBEHAVING = /Misbehaving: peer=(\d+) \((\d+) -> (\d+)\)/g;

/** All points given so far, from the log. */
export function pointsIn(log: string): Points[] {
  return [...log.matchAll(MISBEHAVING)].map(([, peer, before, after]) => ({
    peer: Number(peer),
    points: Number(after) - Number(before),
  }));
}

/** The points that were given while `act` ran. */
export async function pointsFor(node: NodeUnderTest, act: () => Promise<void>): Promise<number[]> {
  const before = pointsIn(node.log()).length;
  await act();
  return pointsIn(node.log())
    .slice(before)
    .map(({ points }) => points);
}

/** Waits for a condition that no message announces. */
export async function eventually<T>(
  look: () => T | undefined | Promise<T | undefined>,
  what: string,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const from = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() - from > patienceMs) throw new Error(`waited ${patienceMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
