/**
 * A process that remembers blocks as fast as it can, and is killed for it: `node growing-history.js <path> <blocks at most> <blocks
 * at once>`. More than a thousand at once are too many to wait for the disk, so that the file is written anew. It says on standard
 * output how many blocks it found in the file, then the number of each block that is in it by now, and when it begins anew.
 */
import { asyncScheduler } from 'rxjs';
import { openHistoryFile } from '../../src/adapters/history-file.js';
import { systemClock } from '../../src/adapters/system.js';
import { openHistory } from '../../src/streams/storage/history.js';
import { proof, received, verdict } from '../history/support.js';

const PEERS = Array.from({ length: 20 }, (_, n) => proof(n + 1));

const [path = '', most = '', atOnce = ''] = process.argv.slice(2);
const file = openHistoryFile(path);
const say = (text: string) => process.stdout.write(`${text}\n`);
const append = file.append.bind(file);
const replace = file.replace.bind(file);
const history = await openHistory({
  file: {
    path,
    lock: () => file.lock(),
    read: (take) => file.read(take),
    setAside: () => file.setAside(),
    close: () => file.close(),
    async append(text) {
      const written = await append(text);
      if (!written.ok) throw new Error(written.detail);
      // Half a line was cut off.
      if (text === '') return written;
      for (const [, hash = ''] of text.matchAll(/"type":"verdict".*?"hash":"([0-9a-f]+)"/g))
        say(`${Number.parseInt(hash, 16)}`);
      next();
      return written;
    },
    async replace(chunks) {
      say('anew');
      const written = await replace(chunks);
      if (!written.ok) throw new Error(written.detail);
      say(`${last}`);
      next();
      return written;
    },
  },
  maxBlocks: Number(most),
  emit: (event) => {
    if (event.state !== 'up') throw new Error(`${event.code}: ${event.detail}`);
  },
  clock: systemClock,
  scheduler: asyncScheduler,
});
const [newest] = history.view.latest(1);
let last = newest === undefined ? 0 : Number.parseInt(newest.hash, 16);
say(`found ${history.view.size}`);

/** Blocks and their verdicts, once the disk has those before. */
function next(): void {
  for (let n = 0; n < Number(atOnce); n += 1) {
    last += 1;
    history.note(received(last));
    history.note(verdict(last, { peers: PEERS }));
  }
}
next();
