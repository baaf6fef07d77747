/**
 * Masternodes as dashd's RPC describes them. Answers come from outside: an entry that cannot be read is left out, not the others. They are
 * long (mainnet: 3,000 masternodes), so they are read in steps, between which the event loop does other work (`inSlices`).
 */
import { z } from 'zod';
import { type PeerAddress, parseAddress } from '../../peers/address.js';
import type { Hash } from '../../wire/reader.js';

const Address = z.string().optional().catch(undefined);
/**
 * Where a masternode is reached: Dash Core 24 has `addresses` alone, unless it is run with -deprecatedrpc=service; 23 has it beside `address`
 * (`masternodelist`) or `service` (`protx list`, `quorum info`); older ones have no `addresses`.
 */
export const Place = z.object({
  addresses: z
    .object({ core_p2p: z.union([z.string().transform((one) => [one]), z.array(z.unknown())]) })
    .optional()
    .catch(undefined),
  address: Address,
  service: Address,
});

const Listed = Place.extend({
  proTxHash: Address,
  status: z.string().optional().catch(undefined),
});

export interface Masternode {
  /** Absent where dashd did not say. */
  readonly proTxHash?: Hash | undefined;
  /** As dashd has it: `ENABLED`, `POSE_BANNED`. */
  readonly status?: string | undefined;
  /** Absent where no address could be read. */
  readonly place?: PeerAddress | undefined;
}

/** Each takes some microseconds, and some dozen before the code is compiled. */
const ENTRIES_A_STEP = 20;

/** @returns the entries of an answer to `masternodelist json`; undefined when it is no such answer */
export function* masternodesIn(answer: unknown): Generator<undefined, Masternode[] | undefined> {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return undefined;
  const entries: unknown[] = Object.values(answer);
  const masternodes = yield* readEach(entries, Listed, ({ proTxHash, status, ...where }): Masternode => {
    return { proTxHash, status, place: placeOf(where) };
  });
  return entries.length > 0 && masternodes.length === 0 ? undefined : masternodes;
}

/** Reads what a schema accepts of the entries. */
export function* readEach<T, R>(
  entries: readonly unknown[],
  schema: z.ZodType<T>,
  read: (entry: T) => R,
): Generator<undefined, R[]> {
  const all: R[] = [];
  for (const [index, entry] of entries.entries()) {
    if (index % ENTRIES_A_STEP === ENTRIES_A_STEP - 1) yield;
    const parsed = schema.safeParse(entry);
    if (parsed.success) all.push(read(parsed.data));
  }
  return all;
}

/** The first address that can be read: further ones lead to the same node. */
export function placeOf({ addresses, address, service }: z.infer<typeof Place>): PeerAddress | undefined {
  for (const text of [...(addresses?.core_p2p ?? []), address, service]) {
    const place = typeof text === 'string' ? parseAddress(text) : undefined;
    if (place !== undefined) return place;
  }
  return undefined;
}
