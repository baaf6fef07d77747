/** The reply of `/api/v1/blocks/<hash>/anatomy` as a schema. */
import { z } from 'zod';
import { SHARES } from '../../contracts/anatomy.js';
import type { AnatomyReply } from '../../contracts/api.js';
import { count, hash, text } from '../../contracts/event-fields.js';
import { named, says } from './says.js';

const amount = count.describe('Duffs: 1 DASH has 100,000,000.');
const rate = z.number().describe('Duffs per byte.');

const Payee = z
  .strictObject({
    address: text.exactOptional(),
    amount: amount.exactOptional(),
    share: z.enum(SHARES).exactOptional().describe('Whose share of the reward it is; absent where it is not known.'),
  })
  .describe('An output of the coinbase.')
  .register(named, { id: 'Payee' });

export const AnatomySchema = says<AnatomyReply>()(
  z
    .strictObject({
      hash,
      size: count.describe('Bytes.'),
      transactions: count,
      inputs: count,
      outputs: count,
      sizes: z
        .strictObject({ smallest: count, median: count, largest: count })
        .exactOptional()
        .describe('Bytes of a transaction, without the coinbase.'),
      coinbase: z
        .strictObject({
          text: text.describe('The readable characters of its script, chosen by its miner: show it as text.'),
          script: text.describe('The first 100 bytes, in hexadecimal digits.'),
          payees: z.array(Payee).describe('The first 100.'),
          outputs: count,
          amount: amount.exactOptional(),
          payloadVersion: count.exactOptional().describe('Of its payload (CbTx, DIP 4).'),
        })
        .exactOptional(),
      kinds: z
        .array(
          z.strictObject({
            type: count.describe('0: a payment; 1 to 12: special transactions (DIP 2).'),
            count,
            bytes: count,
            unreadable: count.describe('With a payload that is newer than the library that reads it, or not valid.'),
          }),
        )
        .describe('The transactions by type.'),
      malformed: text.exactOptional().describe('Why the block cannot be read to its end.'),
      fees: z
        .strictObject({
          total: amount,
          lowestRate: rate.exactOptional(),
          meanRate: rate.exactOptional(),
          highestRate: rate.exactOptional(),
        })
        .exactOptional()
        .describe('As dashd computed them; absent where it does not know them.'),
    })
    .register(named, { id: 'Anatomy' }),
);
