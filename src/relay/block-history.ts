import { BehaviorSubject, filter, type Observable, Subject } from 'rxjs';
import { openHistoryFile } from '../adapters/history-file.js';
import type { BlockEvent, ServiceEvent } from '../contracts/events.js';
import type { HistoryView } from '../contracts/view.js';
import { followFinality } from '../streams/dashd/finality.js';
import { heldUntil } from '../streams/operators/held-until.js';
import type { Rpc } from '../streams/ports.js';
import { type KeptHistory, openHistory } from '../streams/storage/history.js';
import type { Hash } from '../wire/reader.js';
import type { RelayContext } from './context.js';
import type { Scope } from './scope.js';

export interface BlockHistory {
  /** Records an event of a block; what comes before the file is read waits for that. */
  note(event: BlockEvent): void;
  /** What ends a block's time in the spool, each event once it is in the history's file, or the file did not take it. */
  readonly written$: Observable<BlockEvent | ServiceEvent>;
  /** Resolves once what was noted is in the file, or the file did not take it; at once as long as it is not read. */
  written(): Promise<void>;
  /**
   * Reads the file, and follows what becomes of its blocks.
   * @returns the history, which goes on growing
   */
  read(deps: { readonly rpc: Rpc; readonly chainLocks$: Observable<Hash> }): Promise<HistoryView>;
}

/** The history of the pool's blocks. Nothing is read from disk before {@link BlockHistory.read}. */
export function openBlockHistory(context: RelayContext, scope: Scope): BlockHistory {
  const { config, events$, emit, clock, scheduler } = context;
  const reading = scope.nested();
  const history$ = new BehaviorSubject<KeptHistory | undefined>(undefined);
  const read$ = history$.pipe(filter((history) => history !== undefined));
  const noted$ = new Subject<BlockEvent>();
  const written$ = new Subject<BlockEvent | ServiceEvent>();
  const written = (): Promise<void> => history$.value?.written() ?? Promise.resolve();
  const release = (event: BlockEvent | ServiceEvent): void => void written().then(() => written$.next(event));
  noted$.pipe(heldUntil(read$, () => true, Number.POSITIVE_INFINITY)).subscribe((event) => {
    history$.value?.note(event);
    if (event.type === 'verdict') release(event);
  });
  return {
    note: (event) => noted$.next(event),
    written$,
    written,
    async read({ rpc, chainLocks$ }) {
      const file = openHistoryFile(config.history.file);
      reading.add(() => file.close());
      const { maxBlocks } = config.history;
      const history = await openHistory({ file, maxBlocks, tell: emit, clock, scheduler });
      reading.add(() => history.close());
      history$.next(history);
      reading.subscription().add(
        followFinality({ history, rpc, events$, chainLocks$, clock, scheduler }).subscribe((event) => {
          emit(event);
          release(event);
        }),
      );
      return history.view;
    },
  };
}
