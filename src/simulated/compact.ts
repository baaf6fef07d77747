import { shortIdKey, shortIdOf, transactionAt } from '../block/compact.js';
import { scanTransactions } from '../block/scan.js';
import { HEADER_SIZE } from '../block/x11.js';
import { type CmpctBlock, SHORT_ID_BYTES } from '../wire/cmpctblock.js';
import { Writer } from '../wire/writer.js';

/**
 * The compact form of a block as dashd makes it: only the coinbase is prefilled (BIP 152; Dash Core `blockencodings.cpp`).
 * @param raw the bytes of a block that the chain has accepted
 */
export function compactBlock(raw: Buffer, nonce: bigint): CmpctBlock {
  const header = raw.subarray(0, HEADER_SIZE);
  const scan = scanTransactions(raw);
  if (!scan.ok) throw new Error(`an accepted block cannot be read: ${scan.reason}`);
  const key = shortIdKey(header, nonce);
  const shortIds = Buffer.alloc(SHORT_ID_BYTES * (scan.count - 1));
  for (const [place, txid] of scan.txids.slice(1).entries()) {
    shortIds.writeUIntLE(shortIdOf(key, txid), place * SHORT_ID_BYTES, SHORT_ID_BYTES);
  }
  const prefilled = new Writer()
    .compactSize(0)
    .bytes(transactionAt(raw, scan, 0))
    .finish();
  return { command: 'cmpctblock', header, nonce, shortIds, prefilled: { count: 1, bytes: prefilled } };
}

/** The bytes of each transaction of a block, as views; none when it cannot be read. */
export function blockTransactions(raw: Buffer): Buffer[] {
  const scan = scanTransactions(raw);
  return scan.ok ? scan.starts.map((_, index) => transactionAt(raw, scan, index)) : [];
}
