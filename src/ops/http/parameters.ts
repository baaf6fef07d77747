/** Parameters that several routes have, and the error reply for wrong ones. */
import { z } from 'zod';
import { HASH } from '../../contracts/hash.js';
import { oneLine } from '../units.js';
import type { Refusal } from './errors.js';

const MAX_NAME = 50;

/** Upper-case hex is accepted. */
export const givenHash = z
  .string({ error: 'give one hash' })
  .toLowerCase()
  .regex(HASH, { error: 'give 64 hexadecimal digits' });

/** Names the first wrong parameter. */
export function badParameters({ issues: [issue] }: z.ZodError): Refusal {
  if (issue?.code === 'unrecognized_keys') {
    return { status: 400, error: `${oneLine(issue.keys[0] ?? '').slice(0, MAX_NAME)}: unknown parameter` };
  }
  return { status: 400, error: `${issue?.path.join('.')}: ${issue?.message}` };
}
