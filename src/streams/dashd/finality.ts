/**
 * Follows each of the pool's blocks until it is ChainLocked, buried or orphaned. dashd is asked when its chain changes and periodically,
 * one call at a time and for a few blocks at a time, so that a backlog of blocks does not delay other calls.
 */

import {
  concatMap,
  defer,
  filter,
  ignoreElements,
  merge,
  type Observable,
  of,
  repeat,
  type SchedulerLike,
  share,
  take,
  tap,
  timer,
} from 'rxjs';
import { z } from 'zod';
import { exponentialMs } from '../../common/backoff.js';
import { BoundedSet } from '../../common/bounded.js';
import type { BlockEvent, BlockFinality, RelayEvent, ServiceEvent } from '../../contracts/events.js';
import { HashText } from '../../contracts/hash.js';
import type { BlockRecord } from '../../contracts/view.js';
import {
  type BranchTip,
  type Conclusion,
  conclude,
  type FinalityEvidence,
  type HeaderInfo,
  needsBranches,
} from '../../history/conclude.js';
import type { History } from '../../history/history.js';
import { FINALITY } from '../../messages/dashd.js';
import { fill } from '../../messages/fill.js';
import { type Clock, MINUTE_MS, SECOND_MS } from '../../time.js';
import type { Hash } from '../../wire/reader.js';
import type { LockTimes } from '../locks/lock-times.js';
import type { Rpc } from '../ports.js';
import { reportOn } from '../service-events.js';

export interface FinalityDeps {
  readonly history: {
    readonly blocks: Pick<History, 'get' | 'unsettled' | 'settle' | 'deepen'>;
    note(event: BlockEvent): void;
  };
  readonly rpc: Pick<Rpc, 'call'>;
  /** What the relay reports: a new tip, or a dashd that answers again, starts a round. */
  readonly events$: Observable<RelayEvent>;
  /** dashd has a ChainLock for a block. */
  readonly chainLocks$: Observable<unknown>;
  /** When a block that is ChainLocked came to be that. */
  readonly lockTimes: Pick<LockTimes, 'chainLock'>;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
}

/** The numbers of blocks that are checked in each round: of the newest, and of the others in turn. */
const BLOCKS_A_ROUND = 5;
/** Between rounds, however much happens. */
const PAUSE_MS = SECOND_MS;
/** A ChainLock that the feed does not show is found after this time. */
const LOOK_AGAIN_MS = 15 * SECOND_MS;
const MAX_BACKOFF_MS = MINUTE_MS;
/** Core `rpc/protocol.h`, RPC_INVALID_ADDRESS_OR_KEY: no such block. */
const NOT_FOUND = -5;
/** RPC_INVALID_PARAMETER: the chain is not that high. */
const OUT_OF_RANGE = -8;
/** The code of dashd's answers while it starts. */
const WARMING_UP = 'warming-up';
const AWAY = new Set(['unreachable', 'timeout', WARMING_UP]);
const MAX_COMPLAINTS = 256;

/** Reports what became of a block, each time that changes; the history has it by then. Never ends by itself. */
export function followFinality(deps: FinalityDeps): Observable<BlockFinality | ServiceEvent> {
  const { history, events$, chainLocks$, scheduler } = deps;
  return defer(() => {
    const follower = new Follower(deps);
    const woken$ = merge(chainLocks$, events$.pipe(filter(isNews))).pipe(
      tap(() => follower.wake()),
      share(),
    );
    const due$ = () => (follower.isDue ? of(undefined) : merge(woken$, timer(follower.patienceMs, scheduler)));
    const rounds$ = defer(() => follower.round()).pipe(
      concatMap((events) => events),
      repeat({ delay: () => timer(PAUSE_MS, scheduler).pipe(concatMap(due$), take(1)) }),
      tap((event) => {
        if (event.type === 'finality') history.note(event);
      }),
    );
    return merge(woken$.pipe(ignoreElements()), rounds$);
  });
}

function isNews(event: RelayEvent): boolean {
  return event.type === 'tip' || (event.type === 'service' && event.service === 'dashd-rpc' && event.state === 'up');
}

/** Decides which blocks are checked, and when. */
class Follower {
  private woken = true;
  /** Blocks that are still to be checked, the next one last. */
  private turns: Hash[] = [];
  /** Rounds in a row in which dashd did not answer. */
  private failures = 0;
  /** Blocks for which it was reported that dashd's answer is of no use. */
  private readonly complaints = new BoundedSet<Hash>(MAX_COMPLAINTS);

  constructor(private readonly deps: FinalityDeps) {}

  /** dashd's chain has changed: each block is checked, after those that already wait. */
  wake(): void {
    this.woken = true;
  }

  /** True when the next round need not wait for a change. */
  get isDue(): boolean {
    return this.failures === 0 && (this.woken || this.turns.length > 0);
  }

  get patienceMs(): number {
    return this.failures === 0 ? LOOK_AGAIN_MS : exponentialMs(PAUSE_MS, MAX_BACKOFF_MS, this.failures);
  }

  /** Checks a few blocks. @returns the events to report */
  async round(): Promise<readonly (BlockFinality | ServiceEvent)[]> {
    const reported: (BlockFinality | ServiceEvent)[] = [];
    for (const block of this.chosen()) {
      const look = await lookAt(block, this.deps.rpc);
      if (look.kind === 'no-answer') return [...reported, ...this.fail(look)];
      this.failures = 0;
      if (look.kind === 'facts') reported.push(...this.learn(block, look.facts));
      else reported.push(...this.complain(block, look.reason));
    }
    return reported;
  }

  /** Nothing is concluded; all blocks are checked again later. */
  private fail({ code, detail }: NoAnswer): ServiceEvent[] {
    this.failures += 1;
    this.woken = true;
    this.turns = [];
    // That dashd is away, others report.
    return this.failures > 1 || AWAY.has(code) ? [] : [this.fault(fill(FINALITY['no-answer'], { code, detail }))];
  }

  private chosen(): readonly BlockRecord[] {
    const { blocks } = this.deps.history;
    const unsettled = [...blocks.unsettled()];
    if (this.turns.length === 0 && this.woken) {
      this.turns = unsettled.map(({ hash }) => hash).reverse();
      this.woken = false;
    }
    const chosen = new Map(unsettled.slice(0, BLOCKS_A_ROUND).map((block) => [block.hash, block]));
    for (let hash = this.turns.pop(); hash !== undefined; hash = this.turns.pop()) {
      const block = blocks.get(hash);
      if (block !== undefined) chosen.set(hash, block);
      if (chosen.size === 2 * BLOCKS_A_ROUND) break;
    }
    return [...chosen.values()];
  }

  private learn({ hash, finality }: BlockRecord, facts: FinalityEvidence): BlockFinality[] {
    const { clock, history } = this.deps;
    const conclusion = conclude(facts);
    if (conclusion === undefined) return [];
    const { state, by, confirmations, settled } = conclusion;
    const at = clock.now();
    if (state !== finality.state) {
      const chainLock = state === 'chainlocked' ? this.deps.lockTimes.chainLock(hash) : undefined;
      return [{ ...eventOf(hash, conclusion, at), ...(chainLock !== undefined && { chainLock }) }];
    }
    if (state === 'orphaned' && by !== finality.by) history.note(eventOf(hash, conclusion, at));
    if (state === 'pending' && confirmations !== undefined) history.blocks.deepen(hash, confirmations, at);
    if (settled) history.blocks.settle(hash);
    return [];
  }

  private complain({ hash }: BlockRecord, reason: string): ServiceEvent[] {
    if (this.complaints.has(hash)) return [];
    this.complaints.add(hash);
    return [this.fault(fill(FINALITY.about, { reason, hash }))];
  }

  private fault(why: string): ServiceEvent {
    const detail = fill(FINALITY.unknown, { reason: why });
    return reportOn('dashd-rpc', this.deps.clock)('fault', 'finality-unknown', detail);
  }
}

function eventOf(hash: Hash, { state, height, confirmations, by }: Conclusion, at: number): BlockFinality {
  return {
    type: 'finality',
    at,
    hash,
    ...(height !== undefined && { height }),
    state,
    ...(confirmations !== undefined && { confirmations }),
    ...(by !== undefined && { by }),
  };
}

type Look =
  | { readonly kind: 'facts'; readonly facts: FinalityEvidence }
  /** dashd answered, but not in the expected form. */
  | { readonly kind: 'useless'; readonly reason: string }
  | NoAnswer;

interface NoAnswer {
  readonly kind: 'no-answer';
  readonly code: string;
  readonly detail: string;
}

/** dashd's answers about one block: one call for a block in the chain, at most four for another. */
async function lookAt(record: BlockRecord, rpc: Pick<Rpc, 'call'>): Promise<Look> {
  const inquiry = new Inquiry(rpc);
  const facts = await gather(record, inquiry);
  return inquiry.fault ?? { kind: 'facts', facts };
}

async function gather({ hash, height, finality }: BlockRecord, inquiry: Inquiry): Promise<FinalityEvidence> {
  const block = await inquiry.header(hash);
  const known: FinalityEvidence = block === undefined ? {} : { block };
  const at = block?.height ?? height;
  if (at === undefined || (block !== undefined && (block.confirmations > 0 || block.chainlock))) return known;
  const rivalHash = await inquiry.hashAt(at);
  // The block itself: the chain has just returned to it.
  const rival = rivalHash === undefined || rivalHash === hash ? undefined : await inquiry.header(rivalHash);
  if (rival === undefined) return known;
  const facts = { ...known, rival };
  const branches = needsBranches(facts, finality.state) ? await inquiry.branches() : undefined;
  return branches === undefined ? facts : { ...facts, branches };
}

const Header = z.object({
  hash: HashText,
  height: z.int().nonnegative(),
  confirmations: z.int(),
  chainlock: z.boolean(),
});
const Branches = z.array(
  z.object({ hash: HashText, height: z.int(), branchlen: z.int().nonnegative(), status: z.string() }),
);

/** Calls to dashd in sequence: after one without an answer no other follows. */
class Inquiry {
  fault: Exclude<Look, { kind: 'facts' }> | undefined;

  constructor(private readonly rpc: Pick<Rpc, 'call'>) {}

  /** @returns undefined when dashd does not know the block */
  header(hash: Hash): Promise<HeaderInfo | undefined> {
    return this.ask(Header, NOT_FOUND, 'getblockheader', hash);
  }

  /** @returns undefined when the active chain is not that high */
  hashAt(height: number): Promise<Hash | undefined> {
    return this.ask(HashText, OUT_OF_RANGE, 'getblockhash', height);
  }

  branches(): Promise<readonly BranchTip[] | undefined> {
    return this.ask(Branches, undefined, 'getchaintips');
  }

  private async ask<T>(
    schema: z.ZodType<T>,
    absent: number | undefined,
    method: string,
    ...params: unknown[]
  ): Promise<T | undefined> {
    if (this.fault !== undefined) return undefined;
    const answer = await this.rpc.call(method, params);
    if (answer.ok) {
      const parsed = schema.safeParse(answer.result);
      if (parsed.success) return parsed.data;
      this.fault = { kind: 'useless', reason: fill(FINALITY['not-understood'], { method }) };
    } else if (answer.rpcCode === undefined || answer.code === WARMING_UP) {
      this.fault = { kind: 'no-answer', code: answer.code, detail: answer.detail };
    } else if (answer.rpcCode !== absent) {
      this.fault = { kind: 'useless', reason: `${method}: ${answer.detail}` };
    }
    return undefined;
  }
}
