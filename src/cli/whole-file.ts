/** Writes a file whole or not at all. */
import { accessSync, constants, statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '../adapters/system-error.js';
import { COMMAND_ERRORS } from '../messages/commands.js';
import { fill } from '../messages/fill.js';

/** Why a file will not be written here, before long work; undefined when nothing is known against it. */
export function targetFault(path: string): string | undefined {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false)
      return fill(COMMAND_ERRORS['not-a-target'], { path });
    accessSync(dirname(path), constants.W_OK);
    return undefined;
  } catch (error) {
    return unwritable(path, error);
  }
}

/** Replaces what is at the path, atomically. @returns why it could not be written; nothing is left behind then */
export async function writeWhole(path: string, text: string): Promise<string | undefined> {
  const temporary = `${path}.tmp-${process.pid}`;
  try {
    await writeFile(temporary, text, { flag: 'wx' });
    await rename(temporary, path);
    return undefined;
  } catch (error) {
    await rm(temporary, { force: true });
    return unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): string {
  return fill(COMMAND_ERRORS['not-written'], {
    path,
    code: errorCode(error),
    remedy: COMMAND_ERRORS['give-writable-file'],
  });
}
