/** The spool as the relay sees it, or nothing in its place (`spool.enabled`): then `received` says of each block that it is on no disk. */
import { EMPTY, type Observable } from 'rxjs';
import type { BlockRefused, BlockRepeated, RelayEvent } from '../../contracts/events.js';
import type { RelayView } from '../../contracts/view.js';
import type { BroadcastDeps } from '../broadcast/broadcast.js';
import { type RecoveryDeps, recover } from './recovery.js';
import { Spool, type SpoolDeps } from './spool.js';

export interface KeptBlocks {
  readonly keep: NonNullable<BroadcastDeps['keep']>;
  /** Reports what was not sent; of a block that was here before also whether it is safe. */
  readonly answer: (event: BlockRefused | BlockRepeated) => void;
  /** Takes every event of the relay's. */
  note(event: RelayEvent): void;
  /** Subscribing looks for blocks of before the start, and sends them; never ends by itself. */
  recovered$(deps: Omit<RecoveryDeps, 'spool'>): Observable<never>;
  readonly view: RelayView['spool'];
  close(): Promise<void>;
}

/** @param deps `emit` also gets the events of blocks that were not sent */
export function keepBlocks(
  enabled: boolean,
  deps: SpoolDeps & { readonly emit: (event: RelayEvent) => void },
): KeptBlocks {
  if (!enabled) return { ...NOTHING, answer: deps.emit };
  const spool = new Spool(deps);
  return {
    keep: ({ block, at }, done) => spool.keep(block, at, done),
    answer: (event) => (event.type === 'repeated' ? spool.answer(event, deps.emit) : deps.emit(event)),
    note: (event) => spool.note(event),
    recovered$: (others) => recover({ ...others, spool }),
    view: () => spool.view,
    close: () => spool.close(),
  };
}

const NOTHING: Omit<KeptBlocks, 'answer'> = {
  keep: (_arrival, done) => done('disabled'),
  note: () => undefined,
  recovered$: () => EMPTY,
  view: undefined,
  close: async () => undefined,
};
