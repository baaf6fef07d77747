/** `blockcast keys`: a CURVE key pair, in files from the start, so that the secret half is on no screen and in no shell's history. */
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { curveKeyPair } from 'zeromq';
import { errorCode } from '../adapters/system-error.js';
import { type CliContext, EXIT } from './context.js';

export interface KeysOptions {
  /** A folder; it is made when it is not there. */
  readonly out: string;
  /** Of the files, before their endings. */
  readonly name: string;
}

/** For its owner alone. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
/** Part of a file's name: neither another folder nor a hidden file. */
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/** Writes `<name>.key` (secret) and `<name>.pub`, neither over a file that is there, and prints the public key. @returns the exit code */
export async function makeKeys({ out, name }: KeysOptions, { stdout, stderr }: CliContext): Promise<number> {
  if (!NAME.test(name)) {
    stderr.write('error: --name is not a name for a file. Give letters, digits, dots, hyphens or underscores.\n');
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
      // Exclusive: neither a file nor a symbolic link that is there is written to.
      await writeFile(path, `${key}\n`, { flag: 'wx', mode: FILE_MODE });
      written.push(path);
      // A umask may have taken more away than the mode has.
      await chmod(path, FILE_MODE);
    }
  } catch (error) {
    // Half a pair is of no use to anybody.
    for (const path of written) await rm(path, { force: true });
    stderr.write(`error: ${file} cannot be written (${errorCode(error)}). ${remedyFor(errorCode(error))}\n`);
    return EXIT.failed;
  }
  stdout.write(`public key: ${publicKey}\n`);
  stderr.write(`written: ${secretFile} (secret, mode 0600) and ${publicFile}\n`);
  return EXIT.ok;
}

function remedyFor(code: string): string {
  return code === 'EEXIST'
    ? 'Give another --name or --out, or move the old pair away: who has its public key could not connect any more.'
    : 'Give a folder that this user may write to.';
}
