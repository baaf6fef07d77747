import { z } from 'zod';

/** A block's or a transaction's hash as block explorers show it: 64 lower-case hexadecimal digits. */
export const HASH = /^[0-9a-f]{64}$/;

export const HashText = z.string().regex(HASH);
