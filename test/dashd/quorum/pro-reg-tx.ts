/**
 * A transaction that registers a masternode (ProRegTx, DIP 3) with its collateral among its own outputs: such a payload carries no
 * signature, so a test needs no wallet and no private key but the operator's. Facts: DIP 3; Dash Core `evo/providertx.h`,
 * `evo/specialtxman.cpp` (CheckProRegTx), `evo/netinfo.h`.
 */
import { createHash } from 'node:crypto';
import { sha256d } from '../../../src/block/merkle.js';
import { ANYONE_CAN_SPEND } from '../../../src/simulated/build-coinbase.js';
import type { Funding } from '../../../src/simulated/filler.js';
import { encodeTransaction } from '../../../src/simulated/transaction.js';
import { ZERO_HASH } from '../../../src/wire/reader.js';
import { Writer } from '../../../src/wire/writer.js';

const COIN = 100_000_000n;
/** What a regular masternode locks up, duffs. Source: Dash Core `evo/dmn_types.h`. */
export const COLLATERAL = 1_000n * COIN;

const TRANSACTION_VERSION = 3;
const PROVIDER_REGISTER = 1;
/** Operator keys of the basic BLS scheme. */
const PAYLOAD_VERSION = 2;
const REGULAR = 0;
const MODE = 0;
const NO_OPERATOR_REWARD = 0;
const COLLATERAL_OUTPUT = 0;
const IPV4_IN_IPV6 = Buffer.from('00000000000000000000ffff', 'hex');
const FEE = COIN / 100n;

export interface Registration {
  /** Outputs that anyone can spend, worth more than {@link COLLATERAL} and the fee of 0.01 DASH together. */
  readonly funding: readonly Funding[];
  /** Where the masternode listens: IPv4. */
  readonly host: string;
  readonly port: number;
  /** The operator's BLS public key, 48 bytes as hex, of the basic scheme. */
  readonly operatorKey: string;
}

/** @returns the serialised transaction; its second output is the change, which anyone can spend */
export function encodeProRegTx(registration: Registration): Buffer {
  const inputs = registration.funding.map(({ txid, index }) => ({ txid, index, script: Buffer.alloc(0) }));
  const change = registration.funding.reduce((sum, { value }) => sum + value, 0n) - COLLATERAL - FEE;
  if (change <= 0n) throw new RangeError('the funding does not cover the collateral and the fee');
  return encodeTransaction({
    version: TRANSACTION_VERSION,
    type: PROVIDER_REGISTER,
    inputs,
    outputs: [
      { value: COLLATERAL, script: payTo(hash160Like(registration, 'collateral')) },
      { value: change, script: ANYONE_CAN_SPEND },
    ],
    payload: encodePayload(registration),
  });
}

function encodePayload(registration: Registration): Buffer {
  const owner = hash160Like(registration, 'owner');
  return (
    new Writer()
      .bytes(u16(PAYLOAD_VERSION))
      .bytes(u16(REGULAR))
      .bytes(u16(MODE))
      // A null hash: the collateral is an output of this transaction.
      .hash(ZERO_HASH)
      .u32(COLLATERAL_OUTPUT)
      .bytes(IPV4_IN_IPV6)
      .bytes(Buffer.from(registration.host.split('.').map(Number)))
      .u16be(registration.port)
      .bytes(owner)
      .bytes(Buffer.from(registration.operatorKey, 'hex'))
      .bytes(owner)
      .bytes(u16(NO_OPERATOR_REWARD))
      .varBytes(payTo(hash160Like(registration, 'payout')))
      .bytes(inputsHash(registration.funding))
      .varBytes(Buffer.alloc(0))
      .finish()
  );
}

/** Binds the payload to the inputs: the double SHA-256 of their outpoints. */
function inputsHash(funding: readonly Funding[]): Buffer {
  const writer = new Writer();
  for (const { txid, index } of funding) writer.hash(txid).u32(index);
  return sha256d(writer.finish());
}

/** 20 bytes in the place of a key's hash. Nobody has the key: nothing here is ever signed with it. */
function hash160Like({ operatorKey }: Registration, purpose: string): Buffer {
  return createHash('ripemd160').update(`${purpose} ${operatorKey}`).digest();
}

function payTo(keyHash: Buffer): Buffer {
  const [DUP, HASH160, EQUALVERIFY, CHECKSIG] = [0x76, 0xa9, 0x88, 0xac];
  return Buffer.from([DUP, HASH160, keyHash.length, ...keyHash, EQUALVERIFY, CHECKSIG]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
