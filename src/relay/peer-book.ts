import { lastValueFrom, merge, type Observable, Subject, tap } from 'rxjs';
import { controlPath } from '../adapters/control.js';
import { openPeerFile } from '../adapters/peer-file.js';
import { type Explained, explainSchema, type PushPlace, type QuorumStanding } from '../contracts/explained.js';
import { keyOf } from '../peers/address.js';
import type { PeerBook } from '../peers/book.js';
import { applyEdit } from '../peers/edit.js';
import type { Weights } from '../peers/score.js';
import { loadBook, persist } from '../streams/peering/persist.js';
import { reportOn } from '../streams/service-events.js';
import type { RelayContext } from './context.js';
import type { Scope } from './scope.js';

export interface PeerBookDeps {
  readonly context: RelayContext;
  readonly book: PeerBook;
  readonly weights: () => Weights;
  /** Hangs up on a peer that an operator removed. */
  readonly drop: (peer: string) => unknown;
  /** What a peer is to the ChainLock quorums; undefined while that is not known. */
  readonly standingOf: (peer: string) => QuorumStanding | undefined;
  /** Where it is in the plan of the next push. */
  readonly placeOf: (peer: string) => PushPlace | undefined;
  /** Why it was chosen as a witness, in words; undefined when it is none. */
  readonly witnessOf: (peer: string) => string | undefined;
  /** After each the book is saved. */
  readonly verdicts$: Observable<unknown>;
}

/** Reads the book from its file, saves it there from then on, and takes an operator's edits and questions at the control socket. */
export async function keepPeerBook(deps: PeerBookDeps, scope: Scope): Promise<void> {
  const { context, book, weights, drop, verdicts$ } = deps;
  const { config, openControl, clock, scheduler, emit } = context;
  const file = openPeerFile(config.broadcast.peerDb, context);
  scope.add(() => file.close());
  for (const event of await loadBook(book, file, clock)) emit(event);

  const edits$ = new Subject<void>();
  const stop$ = new Subject<void>();
  const changes$ = merge(edits$, verdicts$);
  const localDashd = keyOf(config.dashd.p2p);
  const saved = lastValueFrom(
    persist({ book, file, localDashd, weights, changes$, stop$, clock, scheduler }).pipe(tap(emit)),
    { defaultValue: undefined },
  );
  scope.add(() => {
    stop$.next();
    return saved;
  });
  const report = reportOn('control-socket', clock);
  // Opened last, so closed first: the last edit is answered before the last save.
  const control = openControl(controlPath(file.path), {
    request(request) {
      const asked = explainSchema.safeParse(request);
      if (asked.success) return explained(asked.data.explain, deps);
      const answer = applyEdit(book, request, clock.now());
      for (const { peer, outcome } of answer.ok ? answer.outcomes : []) {
        if (outcome === 'removed' || outcome === 'protected') drop(peer);
      }
      edits$.next();
      return answer;
    },
    state: (state, code, detail) => emit(report(state, code, detail)),
  });
  scope.add(() => control.close());
}

function explained(peer: string, { standingOf, placeOf, witnessOf }: PeerBookDeps): Explained {
  const [standing, push, witness] = [standingOf(peer), placeOf(peer), witnessOf(peer)];
  return {
    ok: true,
    ...(standing !== undefined && { standing }),
    ...(push !== undefined && { push }),
    ...(witness !== undefined && { witness }),
  };
}
