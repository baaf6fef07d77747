/** `blockcast keys`: writes a CURVE key pair directly to files, so that the secret key appears neither on the screen nor in a shell's history. */

import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { curveKeyPair } from 'zeromq';
import { errorCode } from '../adapters/system-error.js';
import { COMMAND_ERRORS, COMMAND_NOTES } from '../messages/commands.js';
import { fill } from '../messages/fill.js';
import { type CliContext, EXIT, printError } from './context.js';

export interface KeysOptions {
  /** A folder; it is created when it does not exist. */
  readonly out: string;
  /** The files' name without extension. */
  readonly name: string;
}

/** Readable and writable by the owner only. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
/** Excludes other folders and hidden files. */
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/** Writes `<name>.key` (secret) and `<name>.pub`, never over an existing file, and prints the public key. @returns the exit code */
export async function makeKeys({ out, name }: KeysOptions, { stdout, stderr }: CliContext): Promise<number> {
  if (!NAME.test(name)) {
    return printError({ stderr }, COMMAND_ERRORS['bad-key-name'], EXIT.usage);
  }
  const secretFile = join(out, `${name}.key`);
  const publicFile = join(out, `${name}.pub`);
  const { publicKey, secretKey } = curveKeyPair();
  const written: string[] = [];
  let file = out;
  try {
    await mkdir(out, { recursive: true, mode: FOLDER_MODE });
    for (const [path, key] of [
      [secretFile, secretKey],
      [publicFile, publicKey],
    ] as const) {
      file = path;
      // Exclusive (O_EXCL): existing files and symbolic links are not overwritten.
      await writeFile(path, `${key}\n`, { flag: 'wx', mode: FILE_MODE });
      written.push(path);
      // The umask may have removed permissions.
      await chmod(path, FILE_MODE);
    }
  } catch (error) {
    // One key without the other is useless.
    for (const path of written) await rm(path, { force: true });
    const code = errorCode(error);
    const remedy = code === 'EEXIST' ? COMMAND_ERRORS['keys-exist'] : COMMAND_ERRORS['give-writable-folder'];
    return printError({ stderr }, fill(COMMAND_ERRORS['not-written'], { path: file, code, remedy }));
  }
  stdout.write(`${fill(COMMAND_NOTES['public-key'], { key: publicKey })}\n`);
  stderr.write(`${fill(COMMAND_NOTES['keys-written'], { secretFile, publicFile })}\n`);
  return EXIT.ok;
}
