/** The error reply for wrong parameters of a request. */
import type { z } from 'zod';
import { oneLine } from '../units.js';
import type { Refusal } from './errors.js';

const MAX_NAME = 50;

/** Names the first wrong parameter. */
export function badParameters({ issues: [issue] }: z.ZodError): Refusal {
  if (issue?.code === 'unrecognized_keys') {
    return { status: 400, error: `${oneLine(issue.keys[0] ?? '').slice(0, MAX_NAME)}: unknown parameter` };
  }
  return { status: 400, error: `${issue?.path.join('.')}: ${issue?.message}` };
}
