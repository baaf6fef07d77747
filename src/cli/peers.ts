/** `blockcast peers list`, `explain` and `export`: read the peer file. Nothing is written to it. */

import { writeFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { isHeld } from '../adapters/locked-file.js';
import { openPeerFile } from '../adapters/peer-file.js';
import { systemClock } from '../adapters/system.js';
import { errorCode } from '../adapters/system-error.js';
import { connectableHost } from '../address/host.js';
import { parseHostPort } from '../address/host-port.js';
import type { Config } from '../config/config.js';
import { COMMAND_ERRORS, COMMAND_NOTES } from '../messages/commands.js';
import { ADDRESS_PROBLEMS } from '../messages/configuration.js';
import { fill } from '../messages/fill.js';
import { oneLine } from '../ops/units.js';
import { keyOf, type PeerKey, toAddress } from '../peers/address.js';
import { type ParsedBook, serialise } from '../peers/format.js';
import { score, weightsFrom } from '../peers/score.js';
import { readBook } from '../streams/peering/persist.js';
import { MINUTE_MS } from '../time.js';
import { NETWORKS } from '../wire/network.js';
import { askRelay, describeAnswer } from './ask-relay.js';
import { type CliContext, EXIT, printError, printWarning, shorten } from './context.js';
import { describeMember, describePeer, peerTable } from './peers-report.js';

type Book = Extract<ParsedBook, { ok: true }>;

export async function listPeers(json: boolean, config: Config, context: CliContext): Promise<number> {
  const book = await readPeers(config, context);
  if (book === undefined) return EXIT.failed;
  const now = systemClock.now();
  const weights = weightsFrom(config.broadcast);
  const ranked = book.records
    .map((record) => ({ record, score: score(record, now, weights) }))
    .sort((a, b) => b.score.total - a.score.total || (a.record.key < b.record.key ? -1 : 1));
  const text = json
    ? `${JSON.stringify(
        ranked.map(({ record, score }) => ({ peer: record.key, score: score.total, terms: score.terms, ...record })),
        (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
        2,
      )}\n`
    : peerTable(ranked, now);
  await print(context.stdout, text);
  return EXIT.ok;
}

export async function explainPeer(name: string, config: Config, context: CliContext): Promise<number> {
  const key = peerKey(name, config);
  if (!key.ok) return printError(context, key.problem, EXIT.usage);
  const book = await readPeers(config, context);
  if (book === undefined) return EXIT.failed;
  const record = book.records.find((candidate) => candidate.key === key.value);
  const answer = await askRelay(config.broadcast.peerDb, key.value);
  const rows = answer === undefined ? [] : describeAnswer(answer);
  if (record === undefined && (answer?.standing?.role !== undefined || answer?.push !== undefined)) {
    await print(context.stdout, describeMember(key.value, rows));
    return EXIT.ok;
  }
  if (record === undefined) {
    return printError(context, fill(COMMAND_ERRORS['unknown-peer'], { peer: key.value }));
  }
  const weights = weightsFrom(config.broadcast);
  await print(context.stdout, describePeer(record, systemClock.now(), weights, config.tor.mode, rows));
  return EXIT.ok;
}

export async function exportPeers(target: string, config: Config, context: CliContext): Promise<number> {
  const book = await readPeers(config, context);
  if (book === undefined) return EXIT.failed;
  const text = [...serialise(book.records, systemClock.now(), book.localDashd, weightsFrom(config.broadcast))].join('');
  if (target === '-') {
    await print(context.stdout, text);
    return EXIT.ok;
  }
  try {
    await writeFile(target, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const code = errorCode(error);
    const remedy = code === 'EEXIST' ? COMMAND_ERRORS['give-new-file'] : COMMAND_ERRORS['give-writable-file'];
    return printError(context, fill(COMMAND_ERRORS['not-written'], { path: target, code, remedy }));
  }
  context.stderr.write(`${fill(COMMAND_NOTES.exported, { count: book.records.length, path: target })}\n`);
  return EXIT.ok;
}

export type PeerKeyResult =
  | { readonly ok: true; readonly value: PeerKey }
  | { readonly ok: false; readonly problem: string };

/** Parses a peer that an operator typed; the port defaults to the network's. */
export function peerKey(text: string, config: Config): PeerKeyResult {
  const parsed = parseHostPort(text);
  if (!parsed.ok)
    return { ok: false, problem: fill(COMMAND_ERRORS['bad-peer'], { text: shorten(text), problem: parsed.problem }) };
  // As in the configuration: a wildcard means this machine.
  const address = toAddress(connectableHost(parsed.host), parsed.port ?? NETWORKS[config.network].p2pPort);
  if (address !== undefined) return { ok: true, value: keyOf(address) };
  return {
    ok: false,
    problem: fill(COMMAND_ERRORS['bad-peer'], { text: shorten(text), problem: ADDRESS_PROBLEMS['not-a-peer'] }),
  };
}

/** Reads the peer file. Prints warnings about it, and its age while a relay runs, to stderr. */
async function readPeers(config: Config, context: CliContext): Promise<Book | undefined> {
  const file = openPeerFile(config.broadcast.peerDb);
  const { found, faults } = await readBook(file);
  for (const { detail } of faults) printWarning(context, oneLine(detail));
  if (found === undefined) {
    printError(context, fill(COMMAND_ERRORS['no-peer-book'], { path: file.path }));
    return undefined;
  }
  if (await isHeld(file.path)) context.stderr.write(`${heldNote(found.book)}\n`);
  return found.book;
}

function heldNote({ lastUpdated }: Book): string {
  const ageMs = lastUpdated === undefined ? undefined : Math.max(0, systemClock.now() - lastUpdated);
  return fill(COMMAND_NOTES['relay-runs'], {
    minutes: ageMs === undefined ? undefined : (ageMs / MINUTE_MS).toFixed(1),
  });
}

/** Resolves when the text is written, or when the reader has closed the pipe (`| head`). */
export async function print(stdout: Writable, text: string): Promise<void> {
  await new Promise<void>((resolve) => stdout.write(text, () => resolve()));
}
