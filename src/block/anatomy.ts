/**
 * Reads what a block is made of, for the page and the API: sizes, kinds of transactions, the coinbase's text and outputs. It runs in a worker
 * thread, never on the hot path: a block of 2 MB may have 200,000 transactions.
 *
 * The boundaries are those of `scan.ts`: by lengths alone, so that what is newer than this program is counted, and not an error. Payloads
 * and addresses are a library's business, {@link PayloadReader}; what it cannot read is counted as such. Everything that is kept of foreign
 * bytes is bounded.
 * Source: DIP 2 (special transactions), DIP 4 (coinbase payload), Dash Core `src/primitives/transaction.h`.
 */
import type { BlockContents, CoinbaseAnatomy, KindAnatomy, Payee } from '../contracts/anatomy.js';
import { Malformed, Reader } from '../wire/reader.js';
import { isCoinbase } from './coinbase.js';
import { printable } from './coinbase-text.js';
import { HEADER_SIZE } from './x11.js';

/** What a library knows of Dash. It may change the bytes that it is given, and must not throw. */
export interface PayloadReader {
  /** @returns undefined for a script that stands for no address */
  readonly addressOf: (script: Buffer) => string | undefined;
  /** Whether it can read a payload of this type. */
  readonly canRead: (type: number, payload: Buffer) => boolean;
}

/** Source: Dash Core `src/consensus/amount.h` MAX_MONEY, 21 million DASH. */
const MAX_AMOUNT = 2_100_000_000_000_000n;
/** Consensus allows a coinbase's script 2 to 100 bytes. Source: Dash Core `src/consensus/tx_check.cpp`. */
const MAX_SCRIPT = 100;
/** A superblock pays some tens of proposals; each entry is about 100 bytes of JSON. */
const MAX_PAYEES = 100;
const MAX_KINDS = 32;
/** A library's reading takes up to 30 µs: those behind so many count as not readable. */
const MAX_PAYLOADS = 5_000;
const OUTPOINT_SIZE = 36;
const SPECIAL_VERSION = 3;
const COINBASE_TYPE = 5;
const ASSET_UNLOCK_TYPE = 9;

interface Transaction {
  readonly type: number;
  readonly size: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Of the first input. */
  readonly script: Buffer;
  /** Where its outputs begin, bytes from the block's begin. */
  readonly outputsAt: number;
  readonly payload: Buffer;
}

/** @param raw a serialised block; one that is cut off or malformed is read as far as it goes */
export function readAnatomy(raw: Buffer, library: PayloadReader): BlockContents {
  const tally = new Tally(library);
  let claimed = 0;
  try {
    const reader = new Reader(raw);
    reader.skip(HEADER_SIZE, 'header');
    claimed = reader.compactSize('block.transactions');
    for (let i = 0; i < claimed; i++) {
      const start = reader.offset;
      const transaction = readTransaction(reader);
      if (i === 0 && isCoinbase(raw.subarray(start, reader.offset))) {
        tally.coinbase = coinbaseOf(raw, transaction, library);
      }
      tally.add(transaction);
    }
    if (reader.remaining > 0) throw new Malformed(`${reader.remaining} bytes follow the last transaction`);
    return tally.contents(raw.length);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { ...tally.contents(raw.length), malformed: error.message };
  }
}

function readTransaction(reader: Reader): Transaction {
  const start = reader.offset;
  const version = reader.i32('tx.version');
  const inputs = reader.compactSize('tx.inputs');
  let script: Buffer | undefined;
  for (let i = 0; i < inputs; i++) {
    reader.skip(OUTPOINT_SIZE, 'input.outpoint');
    const bytes = reader.take(reader.compactSize('input.script'), 'input.script');
    script ??= bytes;
    reader.skip(4, 'input.sequence');
  }
  const outputs = reader.compactSize('tx.outputs');
  const outputsAt = reader.offset;
  for (let i = 0; i < outputs; i++) {
    reader.skip(8, 'output.value');
    reader.skip(reader.compactSize('output.script'), 'output.script');
  }
  reader.skip(4, 'tx.lockTime');
  // DIP 2: the low 16 bits are the version, signed, the high 16 the type; before version 3 there is neither type nor payload.
  const type = (version << 16) >> 16 >= SPECIAL_VERSION ? version >>> 16 : 0;
  const payload = type === 0 ? NOTHING : reader.take(reader.compactSize('tx.extraPayload'), 'tx.extraPayload');
  return { type, size: reader.offset - start, inputs, outputs, script: script ?? NOTHING, outputsAt, payload };
}

const NOTHING = Buffer.alloc(0);

/** Counts transactions. */
class Tally {
  coinbase: CoinbaseAnatomy | undefined;
  private readonly kinds = new Map<number, { count: number; bytes: number; unreadable: number }>();
  private readonly sizes: number[] = [];
  private transactions = 0;
  private inputs = 0;
  private outputs = 0;
  private payloads = 0;

  constructor(private readonly library: PayloadReader) {}

  add(transaction: Transaction): void {
    const { type, size, inputs, outputs } = transaction;
    this.transactions += 1;
    this.inputs += inputs;
    this.outputs += outputs;
    if (this.transactions > 1 || this.coinbase === undefined) this.sizes.push(size);
    const kind = this.kinds.get(type) ?? { count: 0, bytes: 0, unreadable: 0 };
    kind.count += 1;
    kind.bytes += size;
    if (type !== 0 && !this.isReadable(transaction)) kind.unreadable += 1;
    this.kinds.set(type, kind);
  }

  contents(size: number): BlockContents {
    const { transactions, inputs, outputs, coinbase } = this;
    const sizes = this.sizes.sort((a, b) => a - b);
    const [smallest, median, largest] = [sizes[0], sizes[(sizes.length - 1) >> 1], sizes.at(-1)];
    const isAny = smallest !== undefined && median !== undefined && largest !== undefined;
    return {
      size,
      transactions,
      inputs,
      outputs,
      ...(isAny && { sizes: { smallest, median, largest } }),
      ...(coinbase !== undefined && { coinbase }),
      kinds: this.kindsFound(),
    };
  }

  private isReadable({ type, payload }: Transaction): boolean {
    this.payloads += 1;
    // The library knows version 1 of an asset unlock, and would take version 2 (Core 24), which has the same layout, for it.
    if (type === ASSET_UNLOCK_TYPE && payload[0] !== 1) return false;
    return this.payloads <= MAX_PAYLOADS && this.library.canRead(type, Buffer.from(payload));
  }

  private kindsFound(): KindAnatomy[] {
    const all = [...this.kinds].map(([type, kind]) => ({ type, ...kind }));
    return all
      .sort((a, b) => b.count - a.count)
      .slice(0, MAX_KINDS)
      .sort((a, b) => a.type - b.type);
  }
}

function coinbaseOf(raw: Buffer, transaction: Transaction, { addressOf }: PayloadReader): CoinbaseAnatomy {
  const { type, script, outputs, outputsAt, payload } = transaction;
  const reader = new Reader(raw, outputsAt);
  const payees: Payee[] = [];
  let sum = 0n;
  for (let i = 0; i < outputs; i++) {
    const value = reader.u64('output.value');
    const paid = reader.take(reader.compactSize('output.script'), 'output.script');
    sum += value;
    if (payees.length < MAX_PAYEES) payees.push(payeeOf(value, paid, addressOf(Buffer.from(paid))));
  }
  const shown = script.subarray(0, MAX_SCRIPT);
  return {
    text: printable(shown),
    script: shown.toString('hex'),
    payees,
    outputs,
    ...amountOf(sum),
    ...(type === COINBASE_TYPE && payload.length >= 2 && { payloadVersion: payload.readUInt16LE(0) }),
  };
}

/** The credit pool's share is paid to a bare OP_RETURN. Source: Dash Core `src/masternode/payments.cpp`. */
const OP_RETURN = 0x6a;

function payeeOf(value: bigint, script: Buffer, address: string | undefined): Payee {
  const isPlatform = value > 0n && script.length === 1 && script[0] === OP_RETURN;
  return {
    ...(address !== undefined && { address }),
    ...amountOf(value),
    ...(isPlatform && { share: 'platform' as const }),
  };
}

function amountOf(value: bigint): { readonly amount?: number } {
  return value <= MAX_AMOUNT ? { amount: Number(value) } : {};
}
