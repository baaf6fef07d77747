/** What an invented relay knows of its blocks besides their delivery: what they are made of, their locks, and what witnesses saw. */
import type { BlockAnatomy } from '../../src/contracts/anatomy.js';
import type { LockCount } from '../../src/contracts/locks.js';
import type {
  BlockPropagation,
  Propagation,
  Sight,
  WitnessReport,
  WitnessView,
} from '../../src/contracts/propagation.js';
import type { BlockRecord } from '../../src/contracts/view.js';

const WITNESSES = [
  { peer: '192.0.2.10:9999', country: 'DE', roundTripMs: 11.2, awayMs: 62 },
  { peer: '192.0.2.77:9999', country: 'US', roundTripMs: 98.1, awayMs: 118 },
  { peer: '198.18.4.20:9999', country: 'SG', roundTripMs: 168.9, awayMs: 171 },
  { peer: '198.19.9.3:9999', country: 'JP', roundTripMs: 236.4, awayMs: 214 },
  { peer: '[2001:db8:77::5]:9999', country: 'FI', roundTripMs: 33.0, awayMs: 85 },
  { peer: '198.18.200.8:9999', country: 'BR', roundTripMs: 204.7, awayMs: 243 },
] as const;

/** @param random as the block has it */
export function propagationOf(random: () => number, own = true): Propagation {
  const pace = (own ? 0.75 : 1.15) + random() * 0.5;
  const sights = WITNESSES.map(({ peer, country, roundTripMs, awayMs }, i): Sight => {
    const seenMs = Math.round(awayMs * pace * (0.9 + random() * 0.25) * 10) / 10;
    if (i === 5 && own) return { peer, country, state: 'unseen' };
    return { peer, country, state: 'counted', way: 'cmpctblock', seenMs, announcedMs: seenMs + roundTripMs / 2 };
  }).sort((a, b) => (a.seenMs ?? 1e9) - (b.seenMs ?? 1e9));
  const times = sights.flatMap(({ seenMs }) => seenMs ?? []);
  const [firstMs, medianMs, lastMs] = [times[0] ?? 0, times[2] ?? 0, times.at(-1) ?? 0];
  return { own, witnesses: sights.length, seen: times.length, firstMs, medianMs, lastMs, sights };
}

export function witnessReport(random: () => number, now: number, hashOf: (n: number) => string): WitnessReport {
  const recent = Array.from({ length: 60 }, (_, i): BlockPropagation => {
    const own = i % 9 === 0;
    return { type: 'propagation', at: now - i * 157_000, hash: hashOf(5_000 + i), ...propagationOf(random, own) };
  });
  const mean = (own: boolean) => {
    const medians = recent.flatMap((block) => (block.own === own ? (block.medianMs ?? []) : []));
    return { blocks: medians.length, medianMs: medians.reduce((sum, ms) => sum + ms, 0) / medians.length };
  };
  const witnesses = WITNESSES.map(({ peer, country, roundTripMs }, i): WitnessView => {
    const group = peer.split('.').slice(0, 2).join('.');
    const counts = { counted: 212 - i * 3, early: i === 2 ? 1 : 0, unseen: i === 5 ? 9 : 0, unknown: 0 };
    return {
      ...{ peer, state: 'connected', since: now - 3_600_000, country, group, roundTripMs },
      why: 'another network and region than those of the other witnesses',
      ...counts,
    };
  });
  return { wanted: 6, connected: 6, witnesses, own: mean(true), others: mean(false), recent };
}

/** @param delaying of the transactions */
export function lockCount(
  transactions: number,
  delaying: number,
  at: number,
  hashOf: (n: number) => string,
): LockCount {
  const named = Array.from({ length: Math.min(delaying, 20) }, (_, i) => ({
    txid: hashOf(9_000 + i),
    ...(i > 0 && { seenAt: at - i * 47_000 }),
  }));
  const clearAt = delaying === 0 ? {} : { clearAt: at + 9 * 60_000 };
  return { transactions, locked: transactions - delaying, delaying, aged: 0, unchecked: 0, named, ...clearAt };
}

/** What the relay would read of it. @param text of the coinbase */
export function anatomyOf(
  { hash, size, transactions = 1 }: BlockRecord,
  text = '/a pool/ extra nonce 4c1f',
): BlockAnatomy {
  const payments = Math.max(0, transactions - 2);
  const rest = Math.max(0, size - 80 - 310 - 640);
  return {
    hash,
    size,
    transactions,
    inputs: transactions * 2,
    outputs: transactions * 2 + 3,
    ...(payments > 0 && { sizes: { smallest: 191, median: 226, largest: 3_412 } }),
    coinbase: {
      text,
      script: '03a9752404f7a0c8650858',
      payees: [
        { address: 'XdoKhQE8njcWL8gXfUVXnYf2ejpHSdUeQa', amount: 44_280_000, share: 'miner' },
        { address: 'XyMasternodePayeeAddressExample1', amount: 83_020_000, share: 'masternode' },
        { amount: 49_810_000, share: 'platform' },
        { amount: 0 },
      ],
      outputs: 4,
      amount: 177_110_000,
      payloadVersion: 4,
    },
    kinds: [
      { type: 0, count: payments, bytes: rest, unreadable: 0 },
      { type: 5, count: 1, bytes: 310, unreadable: 1 },
      { type: 6, count: 1, bytes: 320, unreadable: 0 },
      { type: 11, count: 1, bytes: 320, unreadable: 1 },
    ],
    fees: { total: 61_240, lowestRate: 1, meanRate: 1.4, highestRate: 12 },
  };
}
