/**
 * A process that saves a growing book as fast as it can, and is killed for it: `node growing-book.js <path>`. After each save
 * it says on standard output how many acknowledged broadcasts are in the file by now.
 */
import { openPeerFile } from '../../src/adapters/peer-file.js';
import { systemClock, systemRandom } from '../../src/adapters/system.js';
import { PeerBook } from '../../src/peers/book.js';
import { parse, serialise } from '../../src/peers/format.js';
import { publicAddress } from '../../src/simulated/public-address.js';
import { address } from '../peers/support.js';

/** Enough that a save takes several turns, few enough that starting 200 times is quick. */
const FIRST_PEERS = 200;

const [path = ''] = process.argv.slice(2);
const file = openPeerFile(path);
const book = new PeerBook('mainnet', systemRandom);
const before = await file.read('current');
if (before.ok) {
  const saved = parse(before.text);
  if (!saved.ok) throw new Error(saved.reason);
  book.restore(saved.records, systemClock.now());
} else if (before.code !== 'missing') throw new Error(before.detail);

let acknowledged = 0;
for (const record of book.records()) acknowledged += record.broadcasts.acknowledged;
for (let n = 0; ; n++) {
  const peer = address(`${publicAddress(n)}:9999`);
  const key = `${peer.host}:${peer.port}`;
  book.hear(peer, 'dashd', systemClock.now());
  if (n < FIRST_PEERS) continue;
  if (book.observe(key, { kind: 'broadcast', status: 'acknowledged' }, systemClock.now()) === undefined) continue;
  acknowledged++;
  const saved = await file.save(serialise(book.records(), systemClock.now(), undefined));
  if (!saved.ok) throw new Error(saved.detail);
  // Into a pipe, this is done when it returns.
  process.stdout.write(`${acknowledged}\n`);
}
