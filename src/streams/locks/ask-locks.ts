/**
 * Asks dashd what is locked. Core 23.1 and 24: `getislocks`, `getrawmempool`, `getmempoolentry`, `spork active`, `getbestchainlock`. Answers
 * are checked; what is missing in one is told by a code (`LOCKS_UNKNOWN`), never guessed.
 *
 * Cost: `getislocks` takes 100 transactions and answers some 600 bytes for each that is locked; `getrawmempool` 67 bytes a transaction.
 */
import { z } from 'zod';
import { hasInputs } from '../../block/lockable.js';
import { sha256d } from '../../block/merkle.js';
import { HashText } from '../../contracts/hash.js';
import type { LockCount } from '../../contracts/locks.js';
import { CLSIG_BYTES, clsig } from '../../wire/clsig.js';
import { isdlock } from '../../wire/isdlock.js';
import { type Hash, hashFromWire, Malformed, Reader } from '../../wire/reader.js';
import type { Rpc } from '../ports.js';

export type Unknown = NonNullable<LockCount['unknown']>;

export type Asked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly unknown: Unknown; readonly detail: string };

/** Core `rpc/rawtransaction.cpp`, getislocks: no more in one call. */
export const MAX_ASKED = 100;
/** Of a mempool: a block of 2 MB has as many. */
const MAX_MEMPOOL = 5_000;
/** Core `rpc/protocol.h`: RPC_METHOD_NOT_FOUND. */
const METHOD_NOT_FOUND = -32601;

/** Version, type, two counts, lock time. */
const LEAST_TRANSACTION_DIGITS = 2 * 10;

const Hex = z.string().regex(/^(?:[0-9a-f]{2})+$/i);
/** `None` for a transaction that is not locked. */
const Lock = z.union([z.object({ txid: HashText, hex: Hex.optional().catch(undefined) }), z.string(), z.null()]);
const Locks = z.array(Lock).max(MAX_ASKED);
const Mempool = z.array(HashText).max(MAX_MEMPOOL);
const Entry = z.object({ time: z.number().nonnegative() });
/** Of each spork, whether it is active (Core `rpc/node.cpp`). Without spork 2 nothing is locked, without spork 3 nobody waits for locks. */
const Sporks = z.object({
  SPORK_2_INSTANTSEND_ENABLED: z.boolean(),
  SPORK_3_INSTANTSEND_BLOCK_FILTERING: z.boolean(),
});
const Best = z.object({ blockhash: HashText, hex: Hex });

/** A ChainLock as dashd has verified it. */
export interface VerifiedChainLock {
  readonly block: Hash;
  readonly bytes: Buffer;
  /** As peers announce it: SHA-256d of the bytes. */
  readonly inventory: Hash;
}

export class AskLocks {
  constructor(private readonly rpc: Pick<Rpc, 'call'>) {}

  /** @param txids at most {@link MAX_ASKED} @returns of those that are locked, the serialised lock, empty where dashd's answer has none */
  async locked(txids: readonly Hash[]): Promise<Asked<ReadonlyMap<Hash, Buffer>>> {
    const answer = await this.ask(Locks, 'getislocks', [txids]);
    if (!answer.ok) return answer;
    if (answer.value.length !== txids.length) return notUnderstood('getislocks');
    const locked = new Map<Hash, Buffer>();
    for (const lock of answer.value) {
      if (lock !== null && typeof lock === 'object') locked.set(lock.txid, Buffer.from(lock.hex ?? '', 'hex'));
    }
    return { ok: true, value: locked };
  }

  async mempool(): Promise<Asked<readonly Hash[]>> {
    const answer = await this.rpc.call('getrawmempool', []);
    if (answer.ok && Array.isArray(answer.result) && answer.result.length > MAX_MEMPOOL) {
      return { ok: false, unknown: 'too-many', detail: `getrawmempool: ${answer.result.length}` };
    }
    return read(Mempool, 'getrawmempool', answer);
  }

  /** @returns when dashd got the transaction, ms since the epoch; undefined when it is in its mempool no more, or the answer does not say */
  async seenAt(txid: Hash): Promise<number | undefined> {
    const answer = await this.ask(Entry, 'getmempoolentry', [txid]);
    return answer.ok ? answer.value.time * 1_000 : undefined;
  }

  /** Whether a transaction of dashd's mempool has inputs; undefined when it is there no more, or the answer does not say. */
  async hasInputs(txid: Hash): Promise<boolean | undefined> {
    const answer = await this.ask(Hex, 'getrawtransaction', [txid]);
    if (!answer.ok || answer.value.length < LEAST_TRANSACTION_DIGITS) return undefined;
    return hasInputs(Buffer.from(answer.value, 'hex'));
  }

  /** Whether quorums wait for InstantSend locks. */
  async waits(): Promise<Asked<boolean>> {
    const answer = await this.ask(Sporks, 'spork', ['active']);
    if (!answer.ok) return answer;
    const { SPORK_2_INSTANTSEND_ENABLED: enabled, SPORK_3_INSTANTSEND_BLOCK_FILTERING: filters } = answer.value;
    return { ok: true, value: enabled && filters };
  }

  /** The best ChainLock that dashd has. */
  async chainLock(): Promise<Asked<VerifiedChainLock>> {
    const answer = await this.ask(Best, 'getbestchainlock', []);
    if (!answer.ok) return answer;
    const bytes = Buffer.from(answer.value.hex, 'hex');
    const lock = verifiedChainLock(bytes);
    return lock?.block === answer.value.blockhash ? { ok: true, value: lock } : notUnderstood('getbestchainlock');
  }

  private async ask<T>(schema: z.ZodType<T>, method: string, params: readonly unknown[]): Promise<Asked<T>> {
    return read(schema, method, await this.rpc.call(method, params));
  }
}

/** @param bytes as dashd published them @returns undefined when they are not a ChainLock, and nothing else */
export function verifiedChainLock(bytes: Buffer): VerifiedChainLock | undefined {
  if (bytes.length !== CLSIG_BYTES) return undefined;
  return { block: clsig.decode(new Reader(bytes)).block, bytes, inventory: hashFromWire(sha256d(bytes)) };
}

/** Whether these bytes are the InstantSend lock of the transaction: one that is malformed costs 100 misbehaviour points at once. */
export function isLockOf(txid: Hash, bytes: Buffer): boolean {
  try {
    const reader = new Reader(bytes);
    const lock = isdlock.decode(reader);
    return reader.remaining === 0 && lock.txid === txid && lock.inputs.length > 0;
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
}

function read<T>(schema: z.ZodType<T>, method: string, answer: Awaited<ReturnType<Rpc['call']>>): Asked<T> {
  if (answer.ok) {
    const parsed = schema.safeParse(answer.result);
    return parsed.success ? { ok: true, value: parsed.data } : notUnderstood(method);
  }
  const unknown = answer.rpcCode === METHOD_NOT_FOUND ? 'not-supported' : 'no-answer';
  return { ok: false, unknown, detail: `${method}: ${answer.detail}` };
}

function notUnderstood(method: string): Extract<Asked<never>, { ok: false }> {
  return { ok: false, unknown: 'not-understood', detail: method };
}
