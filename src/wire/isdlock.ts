import { COUNT_BYTES, type Codec, ROOM_TO_GROW } from './codec.js';
import type { Hash } from './reader.js';

/** An output that the locked transaction spends. */
export interface LockedInput {
  readonly txid: Hash;
  readonly index: number;
}

/** A deterministic InstantSend lock (DIP 22): the quorum's signature for a transaction. Source: Dash Core `instantsend/lock.h`. */
export interface IsdLock {
  readonly command: 'isdlock';
  /** 1. */
  readonly version: number;
  readonly inputs: readonly LockedInput[];
  readonly txid: Hash;
  /** The first block of the cycle whose quorums sign. */
  readonly cycle: Hash;
  /** BLS, 96 bytes. */
  readonly signature: Buffer;
}

const SIGNATURE_BYTES = 96;
const INPUT_BYTES = 36;
/** A transaction has at most 100 kB (DIP 1), and an input at least 41 bytes. */
const MAX_INPUTS = 2_500;

export const isdlock: Codec<IsdLock> = {
  command: 'isdlock',
  maxPayload: 1 + COUNT_BYTES + MAX_INPUTS * INPUT_BYTES + 32 + 32 + SIGNATURE_BYTES + ROOM_TO_GROW,
  decode: (reader) => ({
    command: 'isdlock',
    version: reader.u8('isdlock.version'),
    inputs: reader.list('isdlock.inputs', MAX_INPUTS, () => ({
      txid: reader.hash('isdlock.inputs.txid'),
      index: reader.u32('isdlock.inputs.index'),
    })),
    txid: reader.hash('isdlock.txid'),
    cycle: reader.hash('isdlock.cycle'),
    signature: reader.take(SIGNATURE_BYTES, 'isdlock.signature'),
  }),
  encode: (writer, { version, inputs, txid, cycle, signature }) => {
    writer.u8(version).list(inputs, (to, { txid: spent, index }) => {
      to.hash(spent).u32(index);
    });
    writer.hash(txid).hash(cycle).bytes(signature);
  },
};
