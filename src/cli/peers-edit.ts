/** `blockcast peers add`, `remove` and `import`: carried out by the running relay, or in the file when no relay runs. */

import { setTimeout } from 'node:timers/promises';
import { type ControlConnection, connectControl, controlPath } from '../adapters/control.js';
import { LOCK_STALE_MS } from '../adapters/locked-file.js';
import { openPeerFile, type PeerFile } from '../adapters/peer-file.js';
import { systemClock, systemRandom } from '../adapters/system.js';
import { errorCode } from '../adapters/system-error.js';
import type { Config } from '../config/config.js';
import { COMMAND_ERRORS, COMMAND_NOTES } from '../messages/commands.js';
import { fill } from '../messages/fill.js';
import { oneLine } from '../ops/units.js';
import { keyOf, parseAddress } from '../peers/address.js';
import { PeerBook } from '../peers/book.js';
import { applyEdit, type Edit, type EditAnswer, editAnswerSchema, PEERS_A_PART } from '../peers/edit.js';
import { parse, serialise } from '../peers/format.js';
import { readBook, restoreBook } from '../streams/peering/persist.js';
import { type CliContext, EXIT, printError, printWarning } from './context.js';
import { peerKey } from './peers.js';
import { readBookFile } from './small-file.js';

type Step<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

export async function editPeers(
  edit: 'add' | 'remove',
  names: readonly string[],
  config: Config,
  context: CliContext,
): Promise<number> {
  const keys = names.map((name) => peerKey(name, config));
  for (const key of keys) if (!key.ok) printError(context, key.problem);
  if (keys.some((key) => !key.ok)) return EXIT.usage;
  const peers = keys.flatMap((key) => (key.ok ? [key.value] : []));
  return carryOut(
    parts(peers).map((part) => ({ edit, peers: part })),
    config,
    context,
  );
}

export async function importPeers(source: string, config: Config, context: CliContext): Promise<number> {
  let text: string;
  try {
    text = readBookFile(source === '-' ? '/dev/stdin' : source);
  } catch (error) {
    return printError(context, fill(COMMAND_ERRORS['peer-book-unreadable'], { path: source, code: errorCode(error) }));
  }
  const book = parse(text);
  if (!book.ok)
    return printError(
      context,
      fill(COMMAND_ERRORS['not-a-peer-book'], { path: source, code: book.code, reason: oneLine(book.reason) }),
    );
  for (const warning of book.warnings) printWarning(context, `${source}: ${oneLine(warning)}`);
  const now = book.lastUpdated ?? systemClock.now();
  const edits = parts(book.records).map(
    (part): Edit => ({ edit: 'import', book: [...serialise(part, now, undefined)].join('') }),
  );
  return carryOut(edits, config, context);
}

function parts<T>(all: readonly T[]): T[][] {
  const count = Math.ceil(all.length / PEERS_A_PART);
  return Array.from({ length: count }, (_, i) => all.slice(i * PEERS_A_PART, (i + 1) * PEERS_A_PART));
}

async function carryOut(edits: readonly Edit[], config: Config, context: CliContext): Promise<number> {
  const file = openPeerFile(config.broadcast.peerDb);
  const relay = await connectControl(controlPath(file.path));
  if (!relay.ok && relay.code !== 'no-relay') {
    return printError(context, fill(COMMAND_ERRORS['control-not-open'], { detail: relay.detail }));
  }
  const done = relay.ok ? await byRelay(relay.connection, edits) : await inFile(file, edits, config, context);
  if (!done.ok) return printError(context, done.problem);
  const code = report(done.value, context);
  const note = relay.ok ? COMMAND_NOTES['done-by-relay'] : fill(COMMAND_NOTES['done-in-file'], { path: file.path });
  context.stderr.write(`${note}\n`);
  return code;
}

async function byRelay(connection: ControlConnection, edits: readonly Edit[]): Promise<Step<EditAnswer[]>> {
  const answers: EditAnswer[] = [];
  try {
    for (const edit of edits) {
      const answer = editAnswerSchema.safeParse(await connection.ask(edit));
      if (!answer.success) {
        const values = { applied: answers.length, parts: edits.length };
        return { ok: false, problem: fill(COMMAND_ERRORS['edit-unanswered'], values) };
      }
      answers.push(answer.data);
    }
    return { ok: true, value: answers };
  } finally {
    connection.close();
  }
}

/** A killed relay leaves its lock behind, which becomes stale after a while. */
const LOCK_RETRY_MS = 200;
const LOCK_PATIENCE_MS = LOCK_STALE_MS + 1_000;

async function inFile(
  file: PeerFile,
  edits: readonly Edit[],
  config: Config,
  context: CliContext,
): Promise<Step<EditAnswer[]>> {
  const until = systemClock.monotonic() + LOCK_PATIENCE_MS;
  let held = await file.lock();
  while (!held.ok && held.code === 'locked' && systemClock.monotonic() < until && !context.stop.aborted) {
    await setTimeout(LOCK_RETRY_MS);
    held = await file.lock();
  }
  if (!held.ok) return { ok: false, problem: `${held.detail}.` };
  try {
    const book = new PeerBook(config.network, systemRandom);
    const read = await readBook(file);
    const local = parseAddress(read.found?.book.localDashd ?? '');
    // The file's entry for the pool's own dashd is kept.
    if (local !== undefined) book.protect(local, systemClock.now());
    for (const { state, detail } of await restoreBook(book, file, read, systemClock)) {
      if (state === 'fault') printWarning(context, oneLine(detail));
    }
    const answers = edits.map((edit) => applyEdit(book, edit, systemClock.now()));
    const saved = await file.save(serialise(book.records(), systemClock.now(), local && keyOf(local)));
    return saved.ok ? { ok: true, value: answers } : { ok: false, problem: `${saved.detail}.` };
  } finally {
    await file.close();
  }
}

const DONE: ReadonlySet<string> = new Set(['added', 'known', 'removed']);

/** Prints the outcome for each peer, or the counts of an import. @returns the exit code */
function report(answers: readonly EditAnswer[], context: CliContext): number {
  for (const answer of answers) if (!answer.ok) printError(context, `${answer.code}: ${oneLine(answer.detail)}`);
  const outcomes = answers.flatMap((answer) => (answer.ok ? answer.outcomes : []));
  for (const { peer, outcome } of outcomes) context.stdout.write(`${oneLine(peer)}: ${oneLine(outcome)}\n`);
  const tallies = answers.flatMap((answer) => (answer.ok && answer.tally !== undefined ? [answer.tally] : []));
  if (tallies.length > 0) context.stdout.write(`${summary(tallies)}\n`);
  return answers.every(({ ok }) => ok) && outcomes.every(({ outcome }) => DONE.has(outcome)) ? EXIT.ok : EXIT.failed;
}

type Tally = NonNullable<Extract<EditAnswer, { ok: true }>['tally']>;

function summary(tallies: readonly Tally[]): string {
  const counts = new Map<string, number>();
  for (const { added, known, refused } of tallies) {
    for (const [what, count] of Object.entries({ added, known, ...refused })) {
      counts.set(what, (counts.get(what) ?? 0) + count);
    }
  }
  const { added, known, ...refused } = Object.fromEntries(counts);
  const reasons = Object.entries(refused).flatMap(([why, count]) =>
    count > 0 ? [fill(COMMAND_NOTES.refused, { count, reason: oneLine(why) })] : [],
  );
  return fill(COMMAND_NOTES.imported, {
    added: added ?? 0,
    known: known ?? 0,
    refused: reasons.length === 0 ? undefined : reasons.join(', '),
  });
}
