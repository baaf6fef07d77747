/** InstantSend and ChainLocks of the demo: now and then a transaction has no lock, and delays the ChainLock of its block. */
import type { RelayEvent } from '../contracts/events.js';
import type { SimulatedDashd } from '../simulated/dashd.js';
import type { Timers } from '../simulated/timers.js';
import { SECOND_MS } from '../time.js';
import type { Hash } from '../wire/reader.js';

/** Time from a block until its ChainLock. */
const CHAIN_LOCK_MS = 1_500;
/** Of the blocks with transactions. */
const DELAYED_ONE_IN = 3;
/** Signers look again every 5 s, and may have the lock of a transaction that came with the block by then; without it they wait for ten minutes. */
const DELAY_MS = 5 * SECOND_MS;
/** Transactions without a lock: of the next block, and of the last one. */
const MAX_UNLOCKED = 2;

export class DemoLocks {
  private readonly delayed = new Set<Hash>();
  private readonly pending: (() => void)[] = [];
  private drafts = 0;

  constructor(
    private readonly dashd: Pick<SimulatedDashd, 'node' | 'chainLock'>,
    private readonly timers: Timers,
  ) {
    dashd.node.instantSend.active = true;
  }

  /** @param txids of the next block */
  choose([first]: readonly Hash[]): void {
    this.drafts += 1;
    if (first === undefined || this.drafts % DELAYED_ONE_IN !== 0) return;
    const { unlocked } = this.dashd.node.instantSend;
    unlocked.set(first, Date.now());
    const [oldest] = unlocked.keys();
    if (oldest !== undefined && unlocked.size > MAX_UNLOCKED) unlocked.delete(oldest);
  }

  hear(event: RelayEvent): void {
    if (event.type === 'locks' && event.delaying > 0) this.delayed.add(event.hash);
    if (event.type === 'verdict' && event.success) this.lockAfter(event.hash, CHAIN_LOCK_MS);
  }

  stop(): void {
    for (const cancel of this.pending) cancel();
  }

  private lockAfter(hash: Hash, ms: number): void {
    this.pending.push(
      this.timers.after(ms, () => {
        if (this.delayed.delete(hash)) this.lockAfter(hash, DELAY_MS);
        else this.dashd.chainLock(hash);
      }),
    );
  }
}
