/** The API's replies about the cluster as schemas; see schemas.ts. Without names: where a relay works alone, no route has them. */
import { z } from 'zod';
import type { ClusterRaceReply, ClusterReply } from '../../contracts/api.js';
import { BLOCK_SOURCES, OUTCOMES, PROOF_STATUSES } from '../../contracts/codes.js';
import { at, count, hash, ms, peer, role, sinceArrival, text } from '../../contracts/event-fields.js';
import { says } from './says.js';

const spread = {
  firstMs: sinceArrival.exactOptional(),
  medianMs: sinceArrival.exactOptional(),
  lastMs: sinceArrival.exactOptional(),
};

const ClusterBlock = z.strictObject({
  hash,
  height: count.exactOptional(),
  size: count,
  foundAt: at.describe('When the relay that the pool pushed it to had it, by the clock of that relay.'),
  outcome: z.enum(OUTCOMES).describe('The best of the relays.'),
  reached: count.describe('Distinct peers that are proven to have it.'),
  tried: count,
  sentTwice: count.describe('Peers that more than one relay sent it to.'),
  relays: z.array(
    z.strictObject({
      relay: text,
      source: z.enum(BLOCK_SOURCES),
      afterMs: ms.describe('After the relay that had it first, by the clocks of the two.'),
      outcome: z.enum(OUTCOMES),
      reached: count,
      tried: count,
      ...spread,
    }),
  ),
});

export const ClusterSchema = says<ClusterReply>()(
  z.strictObject({
    name: text,
    relay: text.describe('This relay.'),
    connected: z.boolean().describe('To a NATS server.'),
    relays: z.array(z.strictObject({ relay: text, self: z.boolean(), version: text, heardAt: at, peers: count })),
    left: count.describe('Peers that this relay leaves to others.'),
    unstored: count.describe('Blocks of this relay that no stream has stored yet.'),
    dropped: count.describe('Messages of others that were dropped since the start.'),
    blocks: z.array(ClusterBlock),
  }),
);

export const ClusterRaceSchema = says<ClusterRaceReply>()(
  z.strictObject({
    hash,
    race: z.array(
      z.strictObject({
        peer,
        relay: text.describe('Whose proof it is.'),
        status: z.enum(PROOF_STATUSES),
        ms: ms.exactOptional().describe('Since the first relay had the block.'),
        role: role.exactOptional(),
      }),
    ),
  }),
);
