/**
 * The simulated dashd as a program that is started, stopped and killed like dashd, with those of dashd's arguments that the tests use. It
 * keeps its blocks in its data directory, also when it is killed.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/adapters/system.js';
import { loadX11 } from '../../src/block/x11.js';
import { Chain } from '../../src/simulated/chain.js';
import { SimulatedDashd } from '../../src/simulated/dashd.js';

const given = new Map(
  process.argv.slice(2).map((word) => {
    const [name = '', value = ''] = word.split(/=(.*)/s);
    return [name, value] as const;
  }),
);
const portOf = (name: string): number => Number(given.get(name)?.split(':').at(-1));

const folder = join(given.get('-datadir') ?? '.', 'regtest');
const blocks = join(folder, 'blocks');
const LENGTH_BYTES = 4;

await loadX11();
mkdirSync(folder, { recursive: true });
// Coinbases without a payload at all heights: the dashds of the tests are set to that, too.
const chain = new Chain({ clock: systemClock, specialFrom: Number.POSITIVE_INFINITY });
const dashd = new SimulatedDashd({
  chain,
  port: portOf('-port'),
  rpcPort: portOf('-rpcport'),
  zmqPort: portOf('-zmqpubrawblock'),
  cookieFile: join(folder, '.cookie'),
});
if (existsSync(blocks)) {
  const kept = readFileSync(blocks);
  for (let at = 0; at < kept.length; ) {
    const end = at + LENGTH_BYTES + kept.readUInt32LE(at);
    dashd.node.submit(kept.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
}
chain.onTip((_tip, connected) => {
  for (const { raw } of connected) {
    if (raw === undefined) continue;
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(raw.length);
    appendFileSync(blocks, Buffer.concat([length, raw]));
  }
});
process.on('SIGTERM', () => {
  void dashd.stop().then(() => process.exit());
});
await dashd.start();
