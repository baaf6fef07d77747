import { shortIdKey, shortIdOf } from '../block/compact.js';
import { nextTransaction } from '../block/scan.js';
import { type CmpctBlock, MAX_COMPACT_TRANSACTIONS, SHORT_ID_BYTES } from '../wire/cmpctblock.js';
import { Malformed, Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';
import { checkBody, readBody } from './consensus-rules.js';
import type { MempoolEntry } from './mempool.js';

/**
 * Why a block cannot be put together: `invalid` is the sender's fault, `failed` may be chance (two short ids alike, or a wrong transaction
 * with the same short id), so the node fetches the whole block. Source: Dash Core `blockencodings.h`, `ReadStatus`.
 */
export type PartialFault = 'invalid' | 'failed';

/** A block of which a compact form was received, until all its transactions are there. Source: Dash Core `blockencodings.cpp`. */
export class PartialBlock {
  private constructor(
    private readonly header: Buffer,
    private readonly transactions: (Buffer | undefined)[],
  ) {}

  /**
   * Fills in what is prefilled and what the mempool has.
   * @throws Malformed when the prefilled transactions cannot be read
   */
  static read(message: CmpctBlock, mempool: Iterable<MempoolEntry>): PartialBlock | PartialFault {
    const { header, shortIds, prefilled } = message;
    const count = shortIds.length / SHORT_ID_BYTES + prefilled.count;
    const transactions = new Array<Buffer | undefined>(count).fill(undefined);
    const reader = new Reader(prefilled.bytes);
    let index = -1;
    for (let read = 0; read < prefilled.count; read += 1) {
      index += reader.compactSize('cmpctblock.prefilled.index', MAX_COMPACT_TRANSACTIONS) + 1;
      const { raw } = nextTransaction(reader);
      if (isNull(raw)) return 'invalid';
      if (index > shortIds.length / SHORT_ID_BYTES + read) return 'invalid';
      transactions[index] = Buffer.from(raw);
    }
    const places = placesOf(shortIds, transactions);
    if (places === undefined) return 'failed';
    fillFrom(mempool, transactions, places, message);
    return new PartialBlock(Buffer.from(header), transactions);
  }

  /** The number of the block's transactions. */
  get count(): number {
    return this.transactions.length;
  }

  /** Forgets what it has. */
  clear(): void {
    this.transactions.fill(undefined);
  }

  /** The positions of the transactions that are not there, ascending. */
  get missing(): number[] {
    return this.transactions.flatMap((one, index) => (one === undefined ? [index] : []));
  }

  /** The block's bytes, with the transactions at the missing positions. */
  fill(rest: readonly Buffer[]): Buffer | PartialFault {
    const { missing } = this;
    if (missing.length !== rest.length) return 'invalid';
    for (const [place, index] of missing.entries()) this.transactions[index] = rest[place];
    const all = this.transactions.filter((one) => one !== undefined);
    const raw = new Writer().bytes(this.header).compactSize(all.length).bytes(Buffer.concat(all)).finish();
    const body = readBody(raw);
    return body !== undefined && checkBody(body)?.kind === 'mutated' ? 'failed' : raw;
  }
}

/** Without inputs and outputs, as quorum commitments are. Source: Dash Core `primitives/transaction.h`, IsNull. */
function isNull(raw: Buffer): boolean {
  const INPUTS_AT = 4;
  return raw[INPUTS_AT] === 0 && raw[INPUTS_AT + 1] === 0;
}

/** Which position each short id stands for. @returns undefined when two are alike */
function placesOf(
  shortIds: Buffer,
  transactions: readonly (Buffer | undefined)[],
): ReadonlyMap<number, number> | undefined {
  const places = new Map<number, number>();
  let index = 0;
  for (let at = 0; at < shortIds.length; at += SHORT_ID_BYTES) {
    while (transactions[index] !== undefined) index += 1;
    places.set(shortIds.readUIntLE(at, SHORT_ID_BYTES), index);
    index += 1;
  }
  return places.size * SHORT_ID_BYTES === shortIds.length ? places : undefined;
}

/** A position for which two transactions fit stays empty. */
function fillFrom(
  mempool: Iterable<MempoolEntry>,
  transactions: (Buffer | undefined)[],
  places: ReadonlyMap<number, number>,
  { header, nonce }: Pick<CmpctBlock, 'header' | 'nonce'>,
): void {
  const key = shortIdKey(header, nonce);
  const found = new Set<number>();
  if (places.size === 0) return;
  for (const { raw, txid } of mempool) {
    const place = places.get(shortIdOf(key, txid));
    if (place === undefined) continue;
    transactions[place] = found.has(place) ? undefined : raw;
    found.add(place);
  }
}

/** The transactions of a `blocktxn`. @returns undefined when they cannot be read */
export function readTransactions(bytes: Buffer, count: number): Buffer[] | undefined {
  const reader = new Reader(bytes);
  try {
    return Array.from({ length: count }, () => Buffer.from(nextTransaction(reader).raw));
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}
