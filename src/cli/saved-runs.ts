/**
 * The runs of a study in a file, one on each line of JSON, so that a study of hours can be stopped and goes on later. A line that the end
 * of the process cut is dropped; a line of another version of blockcast, whose model may differ, is not used.
 */
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { errorCode } from '../adapters/system-error.js';
import { COMMAND_ERRORS } from '../messages/commands.js';
import { fill } from '../messages/fill.js';
import type { RunFigures } from '../simulation/study/figures.js';
import type { SavedRuns } from '../simulation/study/options.js';

const COUNTS = z.array(z.int().min(0));
const REACHED = z.object({ count: z.int().min(0), byTime: COUNTS });
const LINE = z.object({
  blockcast: z.string(),
  key: z.string(),
  figures: z.object({
    t240: z.int().min(-1),
    network95: z.int().min(-1),
    connections: z.int().min(0),
    bytesSent: z.int().min(0),
    nodes: REACHED,
    signers: REACHED,
    won: COUNTS,
  }),
});

export type OpenedRuns =
  | { readonly ok: true; readonly saved: SavedRuns }
  | { readonly ok: false; readonly problem: string };

/** Reads the file, or makes it. @param version of blockcast */
export function openSavedRuns(path: string, version: string): OpenedRuns {
  const found = new Map<string, RunFigures>();
  try {
    writeFileSync(path, '', { flag: 'a' });
    const text = readFileSync(path, 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    for (const [index, line] of whole.split('\n').slice(0, -1).entries()) {
      const parsed = LINE.safeParse(parse(line));
      if (!parsed.success) {
        return { ok: false, problem: fill(COMMAND_ERRORS['not-saved-runs'], { path, line: index + 1 }) };
      }
      const { blockcast, key, figures } = parsed.data;
      if (blockcast === version) found.set(key, figures);
    }
    if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
  } catch (error) {
    const remedy = COMMAND_ERRORS['give-writable-file'];
    return { ok: false, problem: fill(COMMAND_ERRORS['not-written'], { path, code: errorCode(error), remedy }) };
  }
  const saved: SavedRuns = {
    find: (key) => found.get(key),
    save: (key, figures) => appendFileSync(path, `${JSON.stringify({ blockcast: version, key, figures })}\n`),
  };
  return { ok: true, saved };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
