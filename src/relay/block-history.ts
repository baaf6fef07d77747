import { BehaviorSubject, filter, type Observable, Subject } from 'rxjs';
import { openHistoryFile } from '../adapters/history-file.js';
import type { BlockEvent, ServiceEvent } from '../contracts/events.js';
import type { HistoryView } from '../contracts/view.js';
import { followFinality } from '../streams/dashd/finality.js';
import type { LockTimes } from '../streams/locks/lock-times.js';
import { heldUntil } from '../streams/operators/held-until.js';
import type { Rpc } from '../streams/ports.js';
import { type KeptHistory, openHistory } from '../streams/storage/history.js';
import type { RelayContext } from './context.js';
import type { Scope } from './scope.js';

export interface BlockHistory {
  /** Records an event of a block. Events that come before the file is read are held until then. */
  note(event: BlockEvent): void;
  /** The events that end a block's time in the spool, each once it is in the history's file, or could not be written. */
  readonly written$: Observable<BlockEvent | ServiceEvent>;
  /** Resolves once everything noted is in the file, or could not be written; at once before the file is read. */
  written(): Promise<void>;
  /**
   * Reads the file, and follows its blocks until they are final.
   * @returns the history, as it grows
   */
  read(deps: {
    readonly rpc: Rpc;
    readonly chainLocks$: Observable<unknown>;
    readonly lockTimes: Pick<LockTimes, 'chainLock'>;
  }): Promise<HistoryView>;
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
    async read({ rpc, chainLocks$, lockTimes }) {
      const file = openHistoryFile(config.history.file, context);
      reading.add(() => file.close());
      const { maxBlocks } = config.history;
      const history = await openHistory({ file, maxBlocks, emit, clock, scheduler });
      reading.add(() => history.close());
      history$.next(history);
      reading.subscription().add(
        followFinality({ history, rpc, events$, chainLocks$, lockTimes, clock, scheduler }).subscribe((event) => {
          emit(event);
          release(event);
        }),
      );
      return history.view;
    },
  };
}
