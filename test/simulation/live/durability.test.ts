/** The code that keeps our files, on a disk that fails at any moment, loses power, and whose process is killed: what it acknowledged is there. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openHistoryFile } from '../../../src/adapters/history-file.js';
import type { FileOptions } from '../../../src/adapters/locked-file.js';
import { openPeerFile } from '../../../src/adapters/peer-file.js';
import { openSpoolFolder } from '../../../src/adapters/spool-folder.js';
import { RunRandom } from '../../../src/simulation/random.js';
import { codeOf } from '../../adapters/file-tests.js';
import { Machine } from './machine.js';

const SEEDS = 40;
/** Processes that run on one machine, one after the other. */
const LIVES = 5;
/** A lock of the process before is free by then. */
const RESTART_MS = 6_000;
const FOLDER = '/home/pool/blockcast';

/** What a process does with its files. */
interface Life {
  /** Fails when something that was acknowledged before is not there. */
  check(): Promise<void>;
  /** Keeps one thing more. @returns whether that was acknowledged */
  keepOne(): Promise<boolean>;
}

/** @param prepare is called for each machine; what it returns, for each process */
async function survives(prepare: () => (options: FileOptions) => Life): Promise<void> {
  let acknowledged = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const machine = new Machine(seed);
    const random = new RunRandom(seed, 'lives');
    const begin = prepare();
    for (let life = 0; life < LIVES; life += 1) {
      await liveAndDie(machine, random, begin({ ...machine, clock: machine.time.clock, random }), () => {
        acknowledged += 1;
      });
    }
  }
  assert.ok(acknowledged > 10 * SEEDS, 'nothing was shown');
}

async function liveAndDie(machine: Machine, random: RunRandom, life: Life, onKept: () => void): Promise<void> {
  const { memory, time } = machine;
  const code = random.pick(['EIO', 'ENOSPC']);
  const isFaulty = random.float() < 0.3;
  memory.fault = () => (isFaulty && random.float() < 0.1 ? code : undefined);
  let mistake: unknown;
  const run = async (): Promise<never> => {
    await life.check();
    for (;;) if (await life.keepOne()) onKept();
  };
  run().catch((error: unknown) => {
    mistake = error;
  });
  await time.pass(Math.floor(random.float() * 200));
  assert.equal(mistake, undefined);
  if (random.float() < 0.5) machine.crash();
  else machine.kill();
  await time.pass(RESTART_MS);
}

describe('killed or without power at any moment', () => {
  test('the history has each line that was acknowledged, once, in order, and none that nobody wrote', async () => {
    await survives(() => {
      const acknowledged: number[] = [];
      let next = 0;
      return (options) => {
        const file = openHistoryFile(`${FOLDER}/history.jsonl`, options);
        return {
          async check() {
            const lines: string[] = [];
            const read = await file.read((line) => lines.push(line ?? 'too long') > 0);
            if (read.ok || read.code === 'missing') assertHistory(lines, acknowledged);
          },
          async keepOne() {
            next += 1;
            const line = next;
            const { ok } = await file.append(`line ${line}\n`);
            if (ok) acknowledged.push(line);
            else await file.read(() => true);
            return ok;
          },
        };
      };
    });
  });

  test('the peer book is the last that was saved, or a later one, whole', async () => {
    await survives(() => {
      let acknowledged = 0;
      let begun = 0;
      return (options) => {
        const file = openPeerFile(`${FOLDER}/peers.json`, options);
        return {
          async check() {
            const copies = [await file.read('current'), await file.read('backup')];
            const books = copies.flatMap((copy) => (copy.ok ? [copy.text] : []));
            for (const book of books) assert.match(book, /^\d+ x{3000}$/);
            if (copies.some((copy) => !copy.ok && copy.code !== 'missing')) return;
            const newest = Math.max(0, ...books.map((book) => Number.parseInt(book, 10)));
            assert.ok(newest >= acknowledged && newest <= begun, `${newest} of ${acknowledged}`);
          },
          async keepOne() {
            begun += 1;
            const book = begun;
            const { ok } = await file.save([`${book} `, 'x'.repeat(1_500), 'x'.repeat(1_500)]);
            if (ok) acknowledged = book;
            return ok;
          },
        };
      };
    });
  });

  test('the spool has each block that was synced, whole', async () => {
    await survives(() => {
      const synced: string[] = [];
      let next = 0;
      return (options) => {
        const folder = openSpoolFolder(`${FOLDER}/spool`, options);
        return {
          async check() {
            for (const name of synced) {
              const read = await folder.read(name);
              assert.notEqual(codeOf(read), 'missing', name);
              if (read.ok) assert.equal(read.bytes.toString(), bodyOf(name));
            }
          },
          async keepOne() {
            next += 1;
            const name = `${next}.block`;
            const written = await folder.write(name, [Buffer.from('head '), Buffer.from(bodyOf(name).slice(5))]);
            if (!written.ok || !(await folder.sync([name])).ok) return false;
            synced.push(name);
            return true;
          },
        };
      };
    });
  });
});

test('a file that cannot be looked at once its lock is taken leaves no lock behind', async () => {
  const machine = new Machine();
  const file = openPeerFile('/data/peers.json', { ...machine, clock: machine.time.clock });
  machine.memory.fault = (kind, path) => (kind === 'read' && path === '/data/peers.json' ? 'EIO' : undefined);
  assert.equal(codeOf(await machine.finish(file.lock())), 'io-error');
  machine.memory.fault = () => undefined;
  assert.equal(codeOf(await machine.finish(file.lock())), 'ok');
  await machine.finish(file.close());
  assert.equal(machine.time.pending, 0);
});

/** Bytes of a line that was not acknowledged may be zeros. */
function assertHistory(lines: readonly string[], acknowledged: readonly number[]): void {
  const whole = lines.map((line) => line.replaceAll('\0', '')).filter((line) => line !== '');
  const numbers = whole.map((line) => Number(/^line (\d+)$/.exec(line)?.[1]));
  assert.ok(numbers.every(Number.isInteger), whole.join());
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
  );
  const found = new Set(numbers);
  assert.deepEqual(
    acknowledged.filter((line) => !found.has(line)),
    [],
  );
}

function bodyOf(name: string): string {
  return `head ${name.repeat(100)}`;
}
