/** `blockcast keys`: writes a CURVE key pair directly to files, so that the secret key appears neither on the screen nor in a shell's history. */
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { curveKeyPair } from 'zeromq';
import { errorCode } from '../adapters/system-error.js';
import { type CliContext, EXIT } from './context.js';

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
    stderr.write('error: --name is not a valid file name. Use letters, digits, dots, hyphens and underscores.\n');
    return EXIT.usage;
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
    stderr.write(`error: ${file} cannot be written (${errorCode(error)}). ${remedyFor(errorCode(error))}\n`);
    return EXIT.failed;
  }
  stdout.write(`public key: ${publicKey}\n`);
  stderr.write(`wrote ${secretFile} (secret, mode 0600) and ${publicFile}\n`);
  return EXIT.ok;
}

function remedyFor(code: string): string {
  return code === 'EEXIST'
    ? 'Give another --name or --out, or move the old pair away: clients that have its public key could no longer connect.'
    : 'Give a folder that this user may write to.';
}
