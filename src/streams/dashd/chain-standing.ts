/**
 * Whether dashd is on the configured chain, and whether it is synchronised, read from `getblockchaininfo`
 * (Core `rpc/blockchain.cpp`) or from the error that dashd returns while it starts. Pure.
 *
 * `unknown`: dashd does not answer, and is assumed to be on our chain, so that a relay whose RPC fails still follows the feed.
 * While dashd is neither `unknown` nor `current`, its feed and its tip are ignored, and found blocks are sent to the peers at once, as
 * without a dashd.
 */

import { z } from 'zod';
import { HashText } from '../../contracts/hash.js';
import type { RpcAnswer } from '../../contracts/rpc.js';
import { CHAIN } from '../../messages/dashd.js';
import { fill } from '../../messages/fill.js';
import type { NetworkName } from '../../wire/network.js';
import type { Hash } from '../../wire/reader.js';

export type Standing = 'unknown' | 'current' | 'catching-up' | 'starting' | 'wrong-network';

export interface ChainReading {
  readonly standing: Exclude<Standing, 'unknown'>;
  /** One sentence, for operators. */
  readonly detail: string;
  /** The best block's hash, when dashd is current and names it. */
  readonly tip?: Hash;
}

export interface OurChain {
  readonly network: NetworkName;
  /** `devnet.name`; undefined: a devnet without a name. */
  readonly devnet?: string | undefined;
}

/** With more headers than blocks than this (half an hour of blocks), dashd is catching up. */
const MAX_LAG = 12;
const MAX_CHAIN_CHARS = 80;

/** Core `chainparamsbase.cpp`. */
const CHAINS: Readonly<Record<NetworkName, string>> = {
  mainnet: 'main',
  testnet: 'test',
  devnet: 'devnet',
  regtest: 'regtest',
};

/** All optional: fields that another version lacks, or has in another form, are ignored. */
const Info = z.object({
  chain: z.string().optional().catch(undefined),
  blocks: z.number().int().nonnegative().optional().catch(undefined),
  headers: z.number().int().nonnegative().optional().catch(undefined),
  bestblockhash: HashText.optional().catch(undefined),
  initialblockdownload: z.boolean().optional().catch(undefined),
  time: z.number().int().positive().max(8_640_000_000_000).optional().catch(undefined),
  softforks: z.record(z.string(), z.unknown()).optional().catch(undefined),
});
type Info = z.infer<typeof Info>;

const Pending = z.object({
  active: z.literal(false),
  height: z.number().int().positive().optional().catch(undefined),
  bip9: z
    .object({ status: z.string().max(20), activation_height: z.number().int().positive().optional() })
    .optional()
    .catch(undefined),
});

/** dashd's name of the configured chain (`getblockchaininfo.chain`). */
export function chainName({ network, devnet }: OurChain): string {
  return network === 'devnet' && devnet !== undefined ? `devnet-${devnet}` : CHAINS[network];
}

/** @returns undefined when the answer says nothing about the chain */
export function readChain(answer: RpcAnswer, ours: OurChain): ChainReading | undefined {
  if (!answer.ok) {
    return answer.code === 'warming-up'
      ? { standing: 'starting', detail: fill(CHAIN.starting, { detail: answer.detail }) }
      : undefined;
  }
  const info = Info.safeParse(answer.result);
  return info.success ? readInfo(info.data, ours) : undefined;
}

function readInfo(info: Info, ours: OurChain): ChainReading {
  const { chain, blocks, headers = 0, bestblockhash, initialblockdownload } = info;
  if (chain !== undefined && chain !== chainName(ours)) {
    return { standing: 'wrong-network', detail: mismatch(chain.slice(0, MAX_CHAIN_CHARS), ours) };
  }
  if (initialblockdownload === true || (blocks !== undefined && headers > blocks + MAX_LAG)) {
    return { standing: 'catching-up', detail: catchingUp(info) };
  }
  const detail = [fill(CHAIN.synchronised, { height: blocks }), ...pendingForks(info.softforks)].join('; ');
  return { standing: 'current', detail, ...(bestblockhash !== undefined && { tip: bestblockhash }) };
}

function mismatch(chain: string, ours: OurChain): string {
  const wanted = chainName(ours);
  const name = /^devnet(?:-(.+))?$/.exec(chain);
  const remedy =
    name === null
      ? CHAIN['set-network']
      : name[1] === undefined
        ? CHAIN['unset-devnet']
        : fill(CHAIN['set-devnet'], { name: name[1] });
  return fill(CHAIN['wrong-network'], { chain, wanted, remedy });
}

function catchingUp({ blocks = 0, headers = 0, time }: Info): string {
  if (headers > blocks) return fill(CHAIN['catching-up'], { blocks, headers });
  const since = time === undefined ? undefined : new Date(time * 1_000).toISOString();
  return fill(CHAIN.stalled, { blocks, headers, time: since });
}

/** Hard forks that dashd knows of and that are not active: dashd decides on their heights. */
function pendingForks(softforks: Info['softforks']): string[] {
  const pending = Object.entries(softforks ?? {}).flatMap(([name, value]) => {
    const fork = Pending.safeParse(value);
    if (!fork.success) return [];
    const height = fork.data.height ?? fork.data.bip9?.activation_height;
    const status = fork.data.bip9?.status;
    if (height === undefined && status !== 'started') return [];
    const label = name.slice(0, 20);
    return [
      height === undefined
        ? fill(CHAIN['fork-signalled'], { name: label })
        : fill(CHAIN['fork-pending'], { name: label, height }),
    ];
  });
  return pending.length === 0 ? [] : [pending.slice(0, 4).join(', ')];
}
