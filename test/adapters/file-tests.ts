/** Set-up that the tests of the history file and of the peer file share. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, beforeEach } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FileOptions } from '../../src/adapters/locked-file.js';

/** A new folder for each test of the suite that makes one. Files opened in it are closed, and it is removed, after the last test. */
export class TestFolder<File extends { close(): Promise<unknown> }> {
  folder = '';
  /** Of the file under test, in the folder. */
  path = '';
  readonly opened: File[] = [];

  constructor(
    fileName: string,
    private readonly openFile: (path: string, options: FileOptions) => File,
  ) {
    const root = mkdtempSync(join(tmpdir(), 'blockcast-file-'));
    beforeEach(() => {
      this.folder = mkdtempSync(join(root, 'case-'));
      this.path = join(this.folder, fileName);
    });
    after(async () => {
      await Promise.all(this.opened.map((file) => file.close()));
      rmSync(root, { recursive: true });
    });
  }

  open(at = this.path, options: FileOptions = {}): File {
    const file = this.openFile(at, options);
    this.opened.push(file);
    return file;
  }
}

/** The code of a failure, `ok` otherwise. */
export function codeOf(answer: { readonly ok: boolean; readonly code?: string }): string | undefined {
  return answer.ok ? 'ok' : answer.code;
}

/**
 * Runs a script of this folder that writes to a file, and kills it.
 * @param args the first is the file's path; its lock is removed first, since a killed process leaves one that is stale only 5 s later
 * @param kill how long after the script first printed `mark`
 * @returns the complete lines that it printed
 */
export async function killWhileWriting(
  script: string,
  args: readonly [path: string, ...string[]],
  kill: { readonly mark: string; readonly afterMs: number },
): Promise<string[]> {
  rmSync(`${args[0]}.lock`, { recursive: true, force: true });
  const child = spawn(process.execPath, [fileURLToPath(new URL(script, import.meta.url)), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('latin1');
  child.stdout.on('data', (chunk: string) => {
    const isMarked = printed.includes(kill.mark);
    printed += chunk;
    if (!isMarked && printed.includes(kill.mark)) setTimeout(() => child.kill('SIGKILL'), kill.afterMs);
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL');
  return printed.split('\n').slice(0, -1);
}

/** Whether a new version of the file was being written when its writer was killed. */
export function hasTemporaryFile(path: string): boolean {
  return readdirSync(dirname(path)).some((name) => name.startsWith(`${basename(path)}.tmp-`));
}
