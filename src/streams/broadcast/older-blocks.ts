/**
 * Blocks that peers ask for and that are not in memory, fetched from dashd: such as the parent of our block, which was delivered before the
 * relay started again. A node that learns of our block takes those below it from us as well, and asks nobody else for one that does not
 * come before it gives up on us, 150 s later or more. Source: Dash Core 23.1 `net_processing.cpp`, HeadersDirectFetchBlocks and
 * BLOCK_DOWNLOAD_TIMEOUT_BASE.
 *
 * Bounds: blocks that dashd is known to have, the last 600; one request to dashd at a time; {@link MAX_WAITING} blocks wait, each for
 * {@link MAX_ASKING} peers; {@link RATE} for all peers together, so that nobody can make us read dashd's disk.
 */
import { identify } from '../../block/gate.js';
import { fullBucket, type Rate, take } from '../../common/token-bucket.js';
import type { RpcAnswer } from '../../contracts/rpc.js';
import type { PushBlock } from '../../session/types.js';
import type { Clock } from '../../time.js';
import type { Network } from '../../wire/network.js';
import type { Hash } from '../../wire/reader.js';
import type { Connections } from '../connections/connections.js';
import type { Rpc } from '../ports.js';
import { pushOf } from './flight.js';
import type { RecentStore } from './recent.js';
import type { ChainTip } from './tip.js';

export interface OlderBlocksDeps {
  readonly network: Network;
  readonly rpc: Pick<Rpc, 'call'>;
  readonly tip: Pick<ChainTip, 'knows'>;
  readonly recent: Pick<RecentStore, 'get' | 'keep'>;
  readonly connections: Pick<Connections, 'push'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

const MAX_WAITING = 16;
const MAX_ASKING = 64;
const RATE: Rate = { burst: MAX_WAITING, perSecond: 1 };

export class OlderBlocks {
  private readonly waiting = new Map<Hash, Set<string>>();
  private bucket;
  private isFetching = false;

  constructor(private readonly deps: OlderBlocksDeps) {
    this.bucket = fullBucket(RATE, deps.clock.monotonic());
  }

  /** A peer, `host:port`, asked for a block: it is sent the block once dashd has given it. */
  ask(peer: string, hash: Hash): void {
    const { tip, clock } = this.deps;
    if (!tip.knows(hash)) return;
    const peers = this.waiting.get(hash);
    if (peers !== undefined) {
      if (peers.size < MAX_ASKING) peers.add(peer);
      return;
    }
    const left = this.waiting.size < MAX_WAITING && take(this.bucket, 1, RATE, clock.monotonic());
    if (!left) return;
    this.bucket = left;
    this.waiting.set(hash, new Set([peer]));
    if (!this.isFetching) void this.work();
  }

  private async work(): Promise<void> {
    const { rpc, recent, connections } = this.deps;
    this.isFetching = true;
    for (const [hash, peers] of this.waiting) {
      const answer = await rpc.call('getblock', [hash, 0]);
      this.waiting.delete(hash);
      const block = this.read(answer, hash);
      // dashd may have pruned it, or be down: then the peer finds it elsewhere, as it would without us.
      if (block === undefined) continue;
      recent.keep(block);
      connections.push(recent.get(hash) ?? block, peers)();
    }
    this.isFetching = false;
  }

  private read(answer: RpcAnswer, hash: Hash): PushBlock | undefined {
    if (!answer.ok || typeof answer.result !== 'string') return undefined;
    const found = identify(Buffer.from(answer.result, 'hex'), this.deps.network);
    return found.kind === 'block' && found.block.hash === hash ? pushOf(found.block, this.deps.network) : undefined;
  }
}
