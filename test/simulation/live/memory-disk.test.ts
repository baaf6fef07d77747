import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LOCK_STALE_MS } from '../../../src/adapters/locked-file.js';
import { settled } from '../../support/virtual-time.js';
import { Machine, outcomes } from './machine.js';

const SEEDS = 200;
const LOCK = { staleMs: LOCK_STALE_MS, updateMs: 2_000, onCompromised: () => undefined };

/** What is in `/data/file` after a loss of power, for many seeds, when `work` was done before. */
function left(work: (machine: Machine) => Promise<void>, path = '/data/file'): Promise<string[]> {
  return outcomes(SEEDS, async (seed) => {
    const machine = new Machine(seed);
    await machine.finish(work(machine));
    machine.crash();
    return machine.text(path);
  });
}

describe('a loss of power', () => {
  test('keeps bytes and names that were synced', async () => {
    const synced = await left(async (machine) => {
      await machine.write('/data/file', 'one ', 'two');
      await machine.sync('/data/file');
      await machine.sync('/data');
    });
    assert.deepEqual(synced, ['one two']);
  });

  test('keeps of an append behind that a part, which may be none or all, or zeros in its place', async () => {
    const parts = await left(async (machine) => {
      await machine.write('/data/file', 'one');
      await machine.sync('/data/file');
      await machine.sync('/data');
      await machine.write('/data/file', 'ab');
    });
    assert.deepEqual(parts, ['one', 'one\0\0', 'onea', 'onea\0', 'oneab']);
  });

  test('keeps appends in their order: no later one without those before it', async () => {
    const parts = await left(async (machine) => {
      await machine.write('/data/file', '');
      await machine.sync('/data');
      await machine.write('/data/file', 'a', 'b', 'c');
    });
    assert.deepEqual(
      parts.map((part) => part.replaceAll('\0', '')).filter((part) => !'abc'.startsWith(part)),
      [],
    );
    assert.ok(parts.includes('') && parts.includes('ab') && parts.includes('abc'));
  });

  test('may take back a truncation, with what was appended behind it', async () => {
    const texts = await left(async (machine) => {
      await machine.write('/data/file', 'one\ntw');
      await machine.sync('/data/file');
      await machine.sync('/data');
      const file = await machine.disk.open('/data/file', 'a', 0o600);
      await file.truncate(4);
      await file.appendFile('3');
    });
    assert.deepEqual(texts, ['one\n', 'one\n\0', 'one\n3', 'one\ntw']);
  });

  test('may take a file whose folder was not synced', async () => {
    const texts = await left(async (machine) => {
      await machine.write('/data/file', 'one');
      await machine.sync('/data/file');
    });
    assert.deepEqual(texts, ['none', 'one']);
  });

  test('leaves the old file or the new one where a new one took its place', async () => {
    const work = async (machine: Machine, syncs: boolean): Promise<void> => {
      await machine.write('/data/file', 'old');
      await machine.sync('/data/file');
      await machine.sync('/data');
      await machine.write('/data/new', 'new');
      if (syncs) await machine.sync('/data/new');
      await machine.disk.rename('/data/new', '/data/file');
    };
    assert.deepEqual(await left((machine) => work(machine, true)), ['new', 'old']);
    const careless = await left((machine) => work(machine, false));
    assert.ok(careless.includes(''), 'a rename of what was not synced may leave an empty file');
  });

  test('may keep a later change of names without an earlier one', async () => {
    const found = await outcomes(SEEDS, async (seed) => {
      const machine = new Machine(seed);
      await machine.finish(machine.write('/data/a', ''));
      await machine.finish(machine.write('/data/b', ''));
      machine.crash();
      return [...machine.memory.tree.folder('/data').entries.keys()].sort().join('');
    });
    assert.deepEqual(found, ['', 'a', 'ab', 'b']);
  });

  test('after a sync that failed may take what a later sync seemed to save, unless it was written anew', async () => {
    const work = async (machine: Machine, isWrittenAnew: boolean): Promise<void> => {
      await machine.write('/data/file', '');
      await machine.sync('/data');
      await machine.write('/data/file', 'ab');
      machine.memory.fault = (kind) => (kind === 'sync' ? 'EIO' : undefined);
      await assert.rejects(machine.sync('/data/file'), { code: 'EIO' });
      machine.memory.fault = () => undefined;
      if (isWrittenAnew) {
        const file = await machine.disk.open('/data/file', 'a', 0o600);
        await file.truncate(0);
        await file.appendFile('ab');
      }
      await machine.sync('/data/file');
    };
    assert.deepEqual(await left((machine) => work(machine, false)), ['\0\0', 'ab']);
    assert.deepEqual(await left((machine) => work(machine, true)), ['ab']);
  });

  test('is the same for the same seed', async () => {
    const once = async (): Promise<string> => {
      const machine = new Machine(7);
      await machine.finish(machine.write('/data/file', 'x'.repeat(10_000)));
      machine.crash();
      return `${machine.time.now} ${machine.text('/data/file').length}`;
    };
    assert.equal(await once(), await once());
  });
});

describe('a process that is killed', () => {
  test('leaves what it wrote, and the work that it was at done or not', async () => {
    const found = await outcomes(SEEDS, async (seed) => {
      const machine = new Machine(seed);
      const file = await machine.finish(machine.disk.open('/data/file', 'wx', 0o600));
      await machine.finish(file.appendFile('one'));
      let isAnswered = false;
      void file.appendFile('two').then(() => {
        isAnswered = true;
      });
      machine.kill();
      await machine.time.pass(1_000);
      assert.equal(isAnswered, false);
      return machine.text('/data/file');
    });
    assert.deepEqual(found, ['one', 'onetwo']);
  });

  test('does nothing more', async () => {
    const machine = new Machine();
    const { disk } = machine;
    const file = await machine.finish(disk.open('/data/file', 'wx', 0o600));
    machine.kill();
    void file.appendFile('late');
    void disk.mkdir('/data/late');
    await machine.time.pass(1_000);
    assert.equal(machine.text('/data/file'), '');
    assert.deepEqual([...machine.memory.tree.folder('/data').entries.keys()], ['file']);
  });

  test('leaves its lock, which is free 5 s after it was last refreshed', async () => {
    const machine = new Machine();
    await machine.finish(machine.disk.lock('/data/file', LOCK));
    await machine.time.pass(60_000);
    assert.equal(await machine.finish(machine.disk.isLocked('/data/file', LOCK_STALE_MS)), true);
    machine.kill();
    await machine.time.pass(2_000);
    await assert.rejects(machine.finish(machine.disk.lock('/data/file', LOCK)), { code: 'ELOCKED' });
    await machine.time.pass(LOCK_STALE_MS);
    const release = await machine.finish(machine.disk.lock('/data/file', LOCK));
    await machine.finish(release());
    assert.equal(machine.time.pending, 0);
  });
});

test('a process that is stopped is answered once it goes on', async () => {
  const machine = new Machine();
  const waiting: (() => void)[] = [];
  let isAnswered = false;
  void machine.memory
    .mount((action) => waiting.push(action))
    .stat('/data')
    .then(() => {
      isAnswered = true;
    });
  await machine.time.pass(1_000);
  assert.equal(isAnswered, false);
  for (const action of waiting) action();
  await settled();
  assert.equal(isAnswered, true);
});

describe('a lock', () => {
  test('that was not refreshed for 5 s goes to another, and its holder hears of it', async () => {
    const machine = new Machine();
    let lost = 0;
    const onCompromised = (): void => {
      lost += 1;
    };
    await machine.finish(machine.disk.lock('/data/file', { ...LOCK, onCompromised }));
    machine.time.stop(LOCK_STALE_MS + 1);
    await machine.finish(machine.disk.lock('/data/file', LOCK));
    await machine.time.pass(2_000);
    assert.equal(lost, 1);
  });

  test('that cannot be refreshed is tried again, and is lost once it is stale', async () => {
    const machine = new Machine();
    let lost = 0;
    const onCompromised = (): void => {
      lost += 1;
    };
    await machine.finish(machine.disk.lock('/data/file', { ...LOCK, onCompromised }));
    machine.memory.fault = () => 'EIO';
    await machine.time.pass(4_000);
    assert.equal(lost, 0);
    machine.memory.fault = () => undefined;
    await machine.time.pass(10_000);
    assert.equal(lost, 0);
    machine.memory.fault = () => 'EIO';
    await machine.time.pass(10_000);
    assert.equal(lost, 1);
  });
});

describe('work', () => {
  test('takes virtual time, more on a slow disk', async () => {
    const machine = new Machine();
    const file = await machine.finish(machine.disk.open('/data/file', 'wx', 0o600));
    for (const slowness of [1, 100]) {
      machine.memory.slowness = slowness;
      const from = machine.time.now;
      let isDone = false;
      void file.sync().then(() => {
        isDone = true;
      });
      await machine.time.pass(slowness - 0.001);
      assert.equal(isDone, false, 'a sync takes 1 ms at the least');
      await machine.time.pass(4 * slowness);
      assert.equal(isDone, true, 'and 5 ms at the most');
      assert.ok(machine.time.now - from <= 5 * slowness);
    }
    await settled();
  });

  test('fails as it is told to, and a disk that is full takes a part', async () => {
    const taken = await outcomes(SEEDS, async (seed) => {
      const machine = new Machine(seed);
      const file = await machine.finish(machine.disk.open('/data/file', 'wx', 0o600));
      machine.memory.fault = (kind, path) => (kind === 'write' && path === '/data/file' ? 'ENOSPC' : undefined);
      await assert.rejects(machine.finish(file.appendFile('ab')), { code: 'ENOSPC' });
      await machine.finish(file.sync());
      return machine.text('/data/file');
    });
    assert.deepEqual(taken, ['', 'a', 'ab']);
  });
});
