/**
 * What a block is made of, for the page and the API. Nothing is done before somebody asks, so a relay without a page pays nothing: then the
 * block's bytes are taken from memory, or from dashd, and read in a worker thread. What was read is kept for the last blocks that were asked about.
 *
 * dashd adds what the bytes do not say: fees (`getblockstats`), and who had to be paid (`masternode winners`). `masternode payments` would say
 * the latter for every height, but must not be called: to compute the fees it reads each spent transaction from the index without looking whether it is there, and
 * a dashd without `txindex` ends there. Source: Dash Core 23.1 `src/rpc/masternode.cpp`.
 */
import { z } from 'zod';
import { requiredOf, withShares } from '../block/shares.js';
import { BoundedMap } from '../common/bounded.js';
import type { Config } from '../config/config.js';
import type {
  AnatomyAnswer,
  AnatomyFaultCode,
  BlockAnatomy,
  BlockContents,
  BlockFees,
  Payee,
} from '../contracts/anatomy.js';
import type { BlockRecord, HistoryView } from '../contracts/view.js';
import { RPC } from '../messages/dashd.js';
import { fill } from '../messages/fill.js';
import type { RecentStore } from '../streams/broadcast/recent.js';
import type { ChainTip } from '../streams/broadcast/tip.js';
import { FRAME_HEADER_BYTES } from '../wire/frame.js';
import type { Hash } from '../wire/reader.js';
import type { AnatomyJob } from './anatomy-thread.js';
import type { RelayContext } from './context.js';
import type { Dashd } from './dashd.js';
import type { Scope } from './scope.js';

export interface AnatomyDeps {
  readonly context: Pick<RelayContext, 'openJobThread'> & { readonly config: Pick<Config, 'network'> };
  readonly dashd: Pick<Dashd, 'rpc'>;
  readonly recent: Pick<RecentStore, 'get'>;
  readonly tip: Pick<ChainTip, 'hash' | 'heightOf'>;
  readonly history: Pick<HistoryView, 'get'>;
}

/** Some kilobytes each: an anatomy has at most 100 outputs. */
const MAX_KEPT = 128;
/** dashd computes a list of masternodes for each height: for the blocks of four hours that takes it some tenths of a second. */
const MAX_WINNERS = 100;

const Stats = z.object({
  totalfee: z.int().nonnegative(),
  minfeerate: z.number().exactOptional(),
  avgfeerate: z.number().exactOptional(),
  maxfeerate: z.number().exactOptional(),
});
const Winners = z.record(z.string(), z.string());
const Governance = z.object({ superblockcycle: z.int().positive() });

/** What dashd adds. Each is absent until dashd knows it. */
interface Additions {
  readonly fees?: BlockFees;
  readonly payees?: readonly Payee[];
}

export function openAnatomy(deps: AnatomyDeps, scope: Scope): (hash: Hash) => Promise<AnatomyAnswer> {
  const { context, dashd, recent, history } = deps;
  const module = new URL('./anatomy-thread.js', import.meta.url);
  const thread = context.openJobThread<AnatomyJob, BlockContents>({ module });
  scope.add(() => thread.close());
  const isMain = context.config.network === 'mainnet';
  const kept = new BoundedMap<Hash, BlockContents>(MAX_KEPT);
  const added = new BoundedMap<Hash, Additions>(MAX_KEPT);
  const underWay = new Map<Hash, Promise<AnatomyAnswer>>();

  async function blockOf(hash: Hash): Promise<AnatomyJob['block'] | { readonly reason: string }> {
    const held = recent.get(hash)?.frame.subarray(FRAME_HEADER_BYTES);
    // A copy, which is handed over to the thread: the sessions share the buffer.
    if (held !== undefined) return new Uint8Array(held);
    const answer = await dashd.rpc.call('getblock', [hash, 0]);
    if (!answer.ok) return { reason: answer.detail };
    return typeof answer.result === 'string'
      ? answer.result
      : { reason: fill(RPC['not-understood'], { method: 'getblock' }) };
  }

  async function contentsOf(hash: Hash): Promise<BlockContents | Exclude<AnatomyAnswer, { ok: true }>> {
    const known = kept.get(hash);
    if (known !== undefined) return known;
    const block = await blockOf(hash);
    if (typeof block !== 'string' && !(block instanceof Uint8Array)) return fault('no-bytes', block.reason);
    const transfer = typeof block === 'string' ? [] : [block.buffer];
    const answer = await thread.run({ block, isMain }, transfer);
    if (answer.ok) {
      kept.renew(hash, answer.reply);
      return answer.reply;
    }
    if (answer.code === 'busy') return fault('busy');
    return fault('unreadable', answer.detail);
  }

  async function read(record: BlockRecord): Promise<AnatomyAnswer> {
    const { hash } = record;
    const contents = await contentsOf(hash);
    if ('ok' in contents) return contents;
    const before = added.get(hash);
    const [fees, payees] = await Promise.all([
      before?.fees ?? feesOf(deps, hash),
      before?.payees ?? sharesOf(deps, record, contents),
    ]);
    added.renew(hash, { ...(fees !== undefined && { fees }), ...(payees !== undefined && { payees }) });
    return { ok: true, anatomy: anatomyOf(hash, contents, { fees, payees }) };
  }

  return (hash) => {
    const record = history.get(hash);
    if (record === undefined) return Promise.resolve(fault('unknown-block'));
    const reading =
      underWay.get(hash) ??
      read(record).finally(() => {
        underWay.delete(hash);
      });
    underWay.set(hash, reading);
    return reading;
  };
}

function fault(code: AnatomyFaultCode, reason?: string) {
  return { ok: false, code, ...(reason !== undefined && { reason }) } as const;
}

function anatomyOf(
  hash: Hash,
  { coinbase, ...contents }: BlockContents,
  { fees, payees }: { readonly fees: BlockFees | undefined; readonly payees: readonly Payee[] | undefined },
): BlockAnatomy {
  return {
    hash,
    ...contents,
    ...(coinbase !== undefined && { coinbase: { ...coinbase, ...(payees !== undefined && { payees }) } }),
    ...(fees !== undefined && { fees }),
  };
}

/** Undefined where dashd does not say: it never connected the block, or has pruned it. */
async function feesOf({ dashd }: AnatomyDeps, hash: Hash): Promise<BlockFees | undefined> {
  const names = ['totalfee', 'minfeerate', 'avgfeerate', 'maxfeerate'];
  const answer = await dashd.rpc.call('getblockstats', [hash, names]);
  const stats = Stats.safeParse(answer.ok ? answer.result : undefined);
  if (!stats.success) return undefined;
  const { totalfee, minfeerate, avgfeerate, maxfeerate } = stats.data;
  return {
    total: totalfee,
    ...(minfeerate !== undefined && { lowestRate: minfeerate }),
    ...(avgfeerate !== undefined && { meanRate: avgfeerate }),
    ...(maxfeerate !== undefined && { highestRate: maxfeerate }),
  };
}

/** The outputs with their shares; undefined where dashd does not say who had to be paid, as for a block that is over 100 heights old. */
async function sharesOf(
  { dashd, tip }: AnatomyDeps,
  { height }: BlockRecord,
  { coinbase }: BlockContents,
): Promise<readonly Payee[] | undefined> {
  const tipHeight = tip.hash === undefined ? undefined : tip.heightOf(tip.hash);
  if (height === undefined || tipHeight === undefined || coinbase === undefined) return undefined;
  const depth = Math.max(0, tipHeight - height);
  if (depth >= MAX_WINNERS) return undefined;
  // dashd reads the count as text, and begins so many below its tip, which may be one ahead of ours.
  const answer = await dashd.rpc.call('masternode', ['winners', String(depth + 1)]);
  const winners = Winners.safeParse(answer.ok ? answer.result : undefined);
  if (!winners.success) return undefined;
  const text = winners.data[height];
  // Only there may a text of several addresses have those of a superblock.
  const isSuperblock = text?.includes(',') === true && (await isSuperblockHeight(dashd, height));
  return withShares(coinbase.payees, requiredOf(text, isSuperblock));
}

async function isSuperblockHeight({ rpc }: AnatomyDeps['dashd'], height: number): Promise<boolean> {
  const answer = await rpc.call('getgovernanceinfo');
  const governance = Governance.safeParse(answer.ok ? answer.result : undefined);
  return governance.success && height % governance.data.superblockcycle === 0;
}
