/** The edits of a peer book by an operator, for a file and for a running relay alike. */

import { z } from 'zod';
import type { EDIT_OUTCOMES } from '../messages/commands.js';
import { keyOf, type PeerKey, parseAddress } from './address.js';
import type { PeerBook, Refusal } from './book.js';
import { parse } from './format.js';

/** More than an operator types; a file is imported in parts. */
const MAX_PEERS = 1_000;
const MAX_IMPORT_CHARS = 512 * 1024;
const names = z.array(z.string().max(300)).max(MAX_PEERS);

const editSchema = z.discriminatedUnion('edit', [
  z.strictObject({ edit: z.literal('add'), peers: names }),
  z.strictObject({ edit: z.literal('remove'), peers: names }),
  /** `book`: the text of a peer book, ours or p2pool-dash's. */
  z.strictObject({ edit: z.literal('import'), book: z.string().max(MAX_IMPORT_CHARS) }),
]);
export type Edit = z.infer<typeof editSchema>;

/** Peers in one part of an import, so that each takes a few milliseconds. */
export const PEERS_A_PART = 40;

/** Parses an answer that came over the control socket. */
export const editAnswerSchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    /** For `add` and `remove`, one for each peer in order: `added`, `known`, `removed`, or why not. */
    outcomes: z.array(z.object({ peer: z.string(), outcome: z.string() })),
    /** For `import`. */
    tally: z.object({ added: z.number(), known: z.number(), refused: z.record(z.string(), z.number()) }).optional(),
  }),
  z.object({ ok: z.literal(false), code: z.string(), detail: z.string() }),
]);
export type EditAnswer = z.infer<typeof editAnswerSchema>;

interface PeerOutcome {
  readonly peer: PeerKey;
  readonly outcome: keyof typeof EDIT_OUTCOMES | Refusal;
}

/**
 * Carries out an edit.
 * @param request an {@link Edit}; it is validated
 * @param now ms since the epoch
 */
export function applyEdit(book: PeerBook, request: unknown, now: number): EditAnswer {
  const edit = editSchema.safeParse(request);
  if (!edit.success) {
    return { ok: false, code: 'not-an-edit', detail: edit.error.issues.map(({ message }) => message).join('; ') };
  }
  switch (edit.data.edit) {
    case 'add':
      return { ok: true, outcomes: edit.data.peers.map((peer) => added(book, peer, now)) };
    case 'remove':
      return { ok: true, outcomes: edit.data.peers.map((peer) => removed(book, peer)) };
    case 'import':
      return imported(book, edit.data.book, now);
  }
}

function added(book: PeerBook, text: string, now: number): PeerOutcome {
  const address = parseAddress(text);
  if (address === undefined) return { peer: text, outcome: 'malformed' };
  return { peer: keyOf(address), outcome: book.hear(address, 'configured', now) };
}

function removed(book: PeerBook, text: string): PeerOutcome {
  const address = parseAddress(text);
  if (address === undefined) return { peer: text, outcome: 'malformed' };
  const peer = keyOf(address);
  const record = book.get(peer);
  if (record === undefined) return { peer, outcome: 'unknown' };
  return { peer, outcome: book.remove(peer) ? 'removed' : 'protected' };
}

function imported(book: PeerBook, text: string, now: number): EditAnswer {
  const parsed = parse(text);
  if (!parsed.ok) return { ok: false, code: parsed.code, detail: parsed.reason };
  const { added, known, refused } = book.restore(parsed.records, now);
  return { ok: true, outcomes: [], tally: { added, known, refused } };
}
