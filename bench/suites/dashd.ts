import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../src/adapters/system.js';
import { scanTransactions } from '../../src/block/scan.js';
import { Chain, type ChainBlock } from '../../src/simulated/chain.js';
import { type DashdProcess, startDashd } from '../../src/simulated/dashd-process.js';
import { mineBlock } from '../../src/simulated/miner.js';
import { hashFromWire } from '../../src/wire/reader.js';
import { Child } from '../child.js';
import { seatContender, seatReceivers } from '../cores.js';
import type { FromSinks, ToSinks } from '../process-messages.js';
import type { DashdRow } from '../results.js';
import { leave, Rig } from '../rig.js';
import { summarise } from '../stats.js';
import { takeTurn } from '../turns.js';
import type { Effort } from './effort.js';

const PEERS = 20;
const SIZES = [15_000, 2_000_000] as const;
/** Per size. */
const BLOCKS = 20;
/** Blocks until a coinbase may be spent. Source: Core `consensus/consensus.h`, COINBASE_MATURITY. */
const MATURITY = 100;
/** Duffs; regtest's subsidy of the first 150 blocks. */
const REWARD = 500n * 100_000_000n;
/** Time for dashd's peers to finish `headers`, `inv` and so on, milliseconds. */
const SETTLE_MS = 50;

/** A real dashd gets blocks by `submitblock` and twenty peers fetch them; the relay gets the same blocks in turn. */
export async function runDashd(effort: Effort): Promise<DashdRow[]> {
  seatReceivers();
  const dashd = await startDashd({ arguments: ['-debug=0'] });
  try {
    const chain = new Chain({ clock: systemClock });
    for (let height = 1; height <= MATURITY; height += 1) await dashd.rpc('submitblock', mine(chain).toString('hex'));
    const fetchers = new Child<FromSinks, ToSinks>('./fetchers.js', { port: dashd.port, peers: PEERS });
    await fetchers.next('listening');
    if (dashd.pid !== undefined) seatContender(dashd.pid);
    const rows: DashdRow[] = [];
    for (const size of SIZES) rows.push(await compare(size, chain, dashd, fetchers, effort));
    await fetchers.stop();
    return rows;
  } finally {
    await dashd.remove();
  }
}

async function compare(
  size: number,
  chain: Chain,
  dashd: DashdProcess,
  fetchers: Child<FromSinks, ToSinks>,
  { share, profile }: Effort,
): Promise<DashdRow> {
  const rig = await Rig.start({ readers: PEERS, tip: chain.tip.hash, profile });
  const relay = await rig.enter('relay', size);
  const times = { dashd: [] as number[], relay: [] as number[] };
  for (let block = 0; block < Math.max(4, BLOCKS * share); block += 1) {
    const raw = mine(chain, size);
    times.dashd.push(await submit(raw, dashd, fetchers));
    times.relay.push((await rig.deliver(relay, raw)).lastByteMs);
  }
  await leave(relay);
  await rig.stop();
  return { size, peers: PEERS, dashd: summarise(times.dashd), relay: summarise(times.relay) };
}

/** Milliseconds from just before the request to the last peer's last byte. */
async function submit(raw: Buffer, dashd: DashdProcess, fetchers: Child<FromSinks, ToSinks>): Promise<number> {
  const body = JSON.stringify({ id: 1, method: 'submitblock', params: [raw.toString('hex')] });
  const headers = { authorization: `Basic ${Buffer.from(dashd.credentials).toString('base64')}` };
  fetchers.say({ type: 'expect', header: raw.subarray(0, 80) });
  await fetchers.next('armed');
  await takeTurn();
  const from = process.hrtime.bigint();
  const response = await fetch(dashd.rpcUrl, { method: 'POST', body, headers });
  const { result } = JSON.parse(await response.text());
  if (result !== null) throw new Error(`dashd rejected the block: ${result}`);
  const { at } = await fetchers.next('delivered');
  await pause(SETTLE_MS);
  return Number(at - from) / 1e6;
}

/** The next block of the chain; with a size, filled with transactions that spend a mature coinbase. */
function mine(chain: Chain, size?: number): Buffer {
  const template = chain.template();
  const paying = size === undefined ? undefined : chain.at(template.height - MATURITY);
  const raw = mineBlock(template, { ...(size !== undefined && { size }), ...(paying && { funding: funding(paying) }) });
  const outcome = chain.accept(raw, true);
  if (!outcome.accepted) throw new Error(outcome.fault.reason);
  return raw;
}

function funding({ raw }: ChainBlock): { txid: string; index: number; value: bigint } {
  const scan = raw === undefined ? undefined : scanTransactions(raw);
  const [coinbase] = scan?.ok === true ? scan.txids : [];
  if (coinbase === undefined) throw new Error('a block has a coinbase');
  return { txid: hashFromWire(coinbase), index: 0, value: REWARD };
}
