/**
 * `submitblock`, until dashd has given a final answer: repeated while dashd cannot be reached or lacks the parent, looked up by hash when
 * the answer was inconclusive. The first request is under way when `subscribe` returns. It may be another submitter's, passed on by the
 * proxy: a second one beside it would make dashd answer theirs with `duplicate`.
 */
import {
  concatMap,
  defer,
  EMPTY,
  expand,
  from,
  map,
  type Observable,
  of,
  type SchedulerLike,
  takeWhile,
  timer,
} from 'rxjs';
import type { RpcResult } from '../../contracts/events.js';
import type { RpcAnswer } from '../../contracts/rpc.js';
import { isPremature, readLookup, readSubmission } from '../../delivery/submission.js';
import { type Clock, SECOND_MS } from '../../time.js';
import type { Hash } from '../../wire/reader.js';
import type { Rpc } from '../ports.js';

/** One of the answers; the last is the final one. */
export interface Submission extends RpcResult {
  /** dashd has stored the block: whatever else it says, the block is not malformed. */
  readonly stored: boolean;
  /** dashd did not accept the submitter's credentials. */
  readonly turnedAway?: boolean;
}

export interface SubmitDeps {
  readonly rpc: Rpc;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
  /** Milliseconds after which a block that dashd did not take is not submitted again. */
  readonly giveUpAfterMs: number;
}

const RETRY_MS = SECOND_MS;
/** Milliseconds before each look-up: an inconclusive block may be connected a moment later, when dashd has its parent. */
const LOOKUP_AFTER_MS = [0, 200, SECOND_MS, 5 * SECOND_MS] as const;

/**
 * @param first starts the first request, in place of ours. Ours follows at once if that brings no answer about the block, except when
 * dashd rejected the submitter's credentials: our credentials do nothing for a caller whose own are wrong
 */
export function submit(
  block: { readonly hash: Hash; readonly raw: Buffer },
  deps: SubmitDeps,
  first?: () => Promise<RpcAnswer>,
): Observable<Submission> {
  const { rpc, clock, scheduler, giveUpAfterMs } = deps;
  const began = clock.monotonic();
  const attempt = (ask = () => rpc.submitBlock(block.raw)) =>
    eagerly(ask).pipe(
      concatMap((answer) => {
        const reading = { ...readSubmission(answer), ms: clock.monotonic() - began };
        if (reading.outcome === 'inconclusive') return lookUp(block.hash, reading, deps, began);
        const stored = reading.outcome === 'accepted' || reading.outcome === 'duplicate';
        return of({ ...reading, stored, turnedAway: ask === first && isTurnedAway(answer) });
      }),
    );
  const again = (submission: Submission, turn: number) => {
    const isOurTurn = turn === 0 && first !== undefined && submission.outcome === 'unavailable';
    return isOurTurn ? attempt() : timer(RETRY_MS, scheduler).pipe(concatMap(() => attempt()));
  };
  return attempt(first).pipe(
    expand((submission, turn) =>
      !submission.turnedAway &&
      (submission.outcome === 'unavailable' || isPremature(submission)) &&
      clock.monotonic() - began < giveUpAfterMs
        ? again(submission, turn)
        : EMPTY,
    ),
  );
}

function isTurnedAway(answer: RpcAnswer): boolean {
  return !answer.ok && (answer.code === 'unauthorised' || answer.code === 'forbidden');
}

function lookUp(hash: Hash, reading: RpcResult, deps: SubmitDeps, began: number): Observable<Submission> {
  return from(LOOKUP_AFTER_MS).pipe(
    concatMap((pause) =>
      timer(pause, deps.scheduler).pipe(concatMap(() => from(deps.rpc.call('getblockheader', [hash])))),
    ),
    map((answer): Submission => {
      const where = readLookup(answer);
      const ms = deps.clock.monotonic() - began;
      if (where === 'active') return { outcome: 'accepted', ms, stored: true };
      return { ...reading, ms, reason: `${reading.reason}, ${where}`, stored: where === 'side-branch' };
    }),
    takeWhile((submission) => submission.outcome === 'inconclusive', true),
  );
}

/** Calls at subscription, in the same turn, and not before. */
function eagerly(call: () => Promise<RpcAnswer>): Observable<RpcAnswer> {
  return defer(() => from(call()));
}
