/**
 * One block's race: entries in, events out. Each proof that adds something is emitted at once. The verdict is emitted when nothing more
 * is to be expected, or at the deadline, and again when a later entry changes it.
 */
import {
  combineLatest,
  connect,
  debounce,
  distinctUntilChanged,
  endWith,
  filter,
  ignoreElements,
  map,
  merge,
  mergeMap,
  type Observable,
  of,
  type SchedulerLike,
  scan,
  shareReplay,
  startWith,
  take,
  tap,
  timer,
} from 'rxjs';
import type { BlockProof, BlockVerdict, Verdict } from '../../contracts/events.js';
import { type Entry, isContested, isSettled, type Ledger, record } from '../../delivery/ledger.js';
import { holdsFor, isFirm, type VerdictRules, verdict } from '../../delivery/verdict.js';
import { type Clock, SECOND_MS } from '../../time.js';

export interface RaceRules extends VerdictRules {
  /** The verdict waits this long for peers, milliseconds. */
  readonly deadlineMs: number;
  /** Called once, when peers contradict dashd's rejection: dashd is to be asked again. */
  readonly contested?: () => void;
}

interface Step {
  readonly before: Ledger;
  readonly after: Ledger;
  readonly entry?: Entry;
}

export function race(
  opened: Ledger,
  entries$: Observable<Entry>,
  rules: RaceRules,
  { clock, scheduler }: { readonly clock: Clock; readonly scheduler: SchedulerLike },
): Observable<BlockProof | BlockVerdict> {
  const proofs = (steps$: Observable<Step>): Observable<BlockProof> =>
    steps$.pipe(
      mergeMap(({ after, entry }): BlockProof[] => {
        const proof = entry?.type === 'proof' ? after.peers.get(entry.peer) : undefined;
        return proof === undefined ? [] : [{ type: 'proof', at: clock.now(), hash: opened.hash, ...proof }];
      }),
    );
  const verdicts = (steps$: Observable<Step>): Observable<BlockVerdict> => {
    const ledger$ = steps$.pipe(
      map(({ after }) => after),
      startWith(opened),
      shareReplay({ bufferSize: 1, refCount: true }),
    );
    // Before the first entry nothing is settled.
    const isOver = (ledger: Ledger) => ledger !== opened && isSettled(ledger);
    // When the entries end before that, no more will come.
    const ended$ = ledger$.pipe(ignoreElements(), endWith(true));
    const due$ = merge(ledger$.pipe(filter(isOver)), timer(rules.deadlineMs, scheduler), ended$).pipe(take(1));
    // A verdict looks at all peers, and 1,350 of them prove a late block one after the other: most of that is left out.
    let firm: Ledger | undefined;
    const judge = (ledger: Ledger) => {
      const judged = verdict(ledger, rules);
      firm = isFirm(ledger, judged) ? ledger : undefined;
      return { judged, settled: isSettled(ledger) };
    };
    return combineLatest([ledger$, due$]).pipe(
      filter(([ledger]) => firm === undefined || isSettled(ledger) || !holdsFor(firm, ledger)),
      map(([ledger]) => judge(ledger)),
      distinctUntilChanged((before, now) => !isNews(before.judged, now.judged, now.settled)),
      scan(
        (before: News | undefined, { judged }): News => ({ judged, canWait: before && canWait(before.judged, judged) }),
        undefined,
      ),
      filter((news) => news !== undefined),
      // Whichever comes last is emitted, with all that came before it; what is pending at the end, at the end.
      debounce(({ canWait: waits }) => (waits === true ? timer(AMEND_AFTER_MS, scheduler) : of(true))),
      map(({ judged }): BlockVerdict => ({ type: 'verdict', at: clock.now(), ...judged })),
    );
  };
  let asked = false;
  return entries$.pipe(
    scan((step: Step, entry): Step => ({ before: step.after, after: record(step.after, entry), entry }), {
      before: opened,
      after: opened,
    }),
    filter(({ before, after }) => before !== after),
    tap(({ after }) => {
      if (asked || !isContested(after)) return;
      asked = true;
      rules.contested?.();
    }),
    // Not `share`: that would subscribe with the first of the two, and the replayed entries would reach that one alone.
    connect((steps$) => merge(proofs(steps$), verdicts(steps$))),
  );
}

/** A verdict that is to be emitted. */
interface News {
  readonly judged: Verdict;
  /** It only counts more peers than the one before. */
  readonly canWait: boolean | undefined;
}

/** Up to so many peers, each that has the block late amends the verdict at once. */
const FEW_PEERS = 40;
/**
 * With more, once no other has come for this long: a verdict lists all of its peers, and while a relay connects to 400 quorum members after a
 * start, each of them is sent the blocks of the last ten minutes.
 */
const AMEND_AFTER_MS = 10 * SECOND_MS;

function canWait(before: Verdict, now: Verdict): boolean {
  return now.peersReached > FEW_PEERS && before.outcome === now.outcome && before.rpc?.outcome === now.rpc?.outcome;
}

/** A verdict is emitted again when its outcome changed, and when late peers have raised the number that it reached. */
function isNews(before: Verdict, now: Verdict, settled: boolean): boolean {
  if (before.outcome !== now.outcome || before.rpc?.outcome !== now.rpc?.outcome) return true;
  return settled && before.peersReached !== now.peersReached;
}
