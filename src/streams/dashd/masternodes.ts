/** Masternodes as dashd's RPC describes them. Answers come from outside: an entry that cannot be read is left out, not the others. */
import { z } from 'zod';
import { type PeerAddress, parseAddress } from '../../peers/address.js';

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

const Masternode = Place.extend({
  proTxHash: Address,
  status: z.string().optional().catch(undefined),
});
export type Masternode = z.infer<typeof Masternode>;

const Masternodes = z.record(z.string(), z.unknown());

/** The entries of an answer to `masternodelist json`; undefined when it is no such answer. */
export function masternodesIn(answer: unknown): Masternode[] | undefined {
  const list = Masternodes.safeParse(answer);
  if (!list.success) return undefined;
  const entries = Object.values(list.data);
  const masternodes = understood(Masternode, entries);
  return entries.length > 0 && masternodes.length === 0 ? undefined : masternodes;
}

/** The first address that can be read: further ones lead to the same node. */
export function placeOf({ addresses, address, service }: z.infer<typeof Place>): PeerAddress | undefined {
  for (const text of [...(addresses?.core_p2p ?? []), address, service]) {
    const place = typeof text === 'string' ? parseAddress(text) : undefined;
    if (place !== undefined) return place;
  }
  return undefined;
}

/** The entries that a schema accepts. */
export function understood<T>(schema: z.ZodType<T>, entries: readonly unknown[]): T[] {
  return entries.flatMap((entry) => {
    const parsed = schema.safeParse(entry);
    return parsed.success ? [parsed.data] : [];
  });
}
