/** Metrics of the witnesses, and of what would delay the next block's ChainLock. */
import type { IgnoredLocks, LockCount } from '../../contracts/locks.js';
import type { BlockPropagation, WitnessEvent } from '../../contracts/propagation.js';
import type { RelayView } from '../../contracts/view.js';
import { SECOND_MS } from '../../time.js';
import { combinations, type Instruments } from './instruments.js';
import { fold, LOCK_COMMANDS, OTHER, POINTS, SIGHTS, WITNESS_LOSSES } from './labels.js';

/** Half of the witnesses have a block within tenths of a second; after ten seconds nobody waits for them any more. */
const PROPAGATION_SECONDS = [0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 2, 5, 10];
const BLOCKS = ['own', 'others'] as const;

export function propagationMetrics({ counter, histogram }: Pick<Instruments, 'counter' | 'histogram'>) {
  const spread = histogram(
    'blockcast_witness_seconds',
    'Time until the first, half and the last of the witnesses, which no block is pushed to, had a block of the pool or of others.',
    PROPAGATION_SECONDS,
    combinations({ blocks: BLOCKS, point: POINTS }),
  );
  const sights = counter(
    'blockcast_witness_sights_total',
    'Blocks as one witness saw them: counted, announced too early, or not in time.',
    combinations({ state: SIGHTS }),
  );
  const lost = counter(
    'blockcast_witnesses_lost_total',
    'Peers that are witnesses no more, by code.',
    combinations({ code: [...WITNESS_LOSSES, OTHER] }),
  );
  return {
    onPropagation(event: BlockPropagation): void {
      const blocks = event.own ? 'own' : 'others';
      spread.observe({ blocks, point: 'first' }, seconds(event.firstMs));
      spread.observe({ blocks, point: 'median' }, seconds(event.medianMs));
      spread.observe({ blocks, point: 'last' }, seconds(event.lastMs));
      for (const { state } of event.sights) sights.add({ state });
    },
    onWitness({ state, code }: WitnessEvent): void {
      if (state === 'lost') lost.add({ code: fold(WITNESS_LOSSES, code) });
    },
  };
}

/** Zero where there are no witnesses. */
export function witnessMetrics({ gauge }: Pick<Instruments, 'gauge'>): (view: RelayView) => void {
  const witnesses = gauge(
    'blockcast_witnesses',
    'Peers that see blocks, and are pushed none.',
    ['state'],
    combinations({ state: ['wanted', 'connected'] }),
  );
  return (view) => {
    const report = view.witnesses?.();
    witnesses.set({ state: 'wanted' }, report?.wanted ?? 0);
    witnesses.set({ state: 'connected' }, report?.connected ?? 0);
  };
}

/** Absent until dashd was asked, and where it did not say. */
export function forecastMetrics({ gauge }: Pick<Instruments, 'gauge'>): (view: RelayView) => void {
  const states = ['locked', 'delaying', 'aged', 'unchecked'] as const;
  const forecast = gauge(
    'blockcast_mempool_transactions',
    "Transactions in dashd's mempool by what they would mean to the next block's ChainLock.",
    ['state'],
  );
  return (view) => {
    const counts: Partial<LockCount> = view.lockForecast?.() ?? {};
    for (const state of states) forecast.set({ state }, counts.unknown === undefined ? counts[state] : undefined);
  };
}

/** ChainLocks and InstantSend locks from peers, which are not read. */
export function ignoredLockMetrics({ counter }: Pick<Instruments, 'counter'>): (view: RelayView) => void {
  const ignored = counter(
    'blockcast_locks_ignored_total',
    'ChainLocks and InstantSend locks that peers sent unasked: they are not read, since dashd says what is locked.',
    combinations({ command: LOCK_COMMANDS }),
  );
  let before: IgnoredLocks = { clsig: 0, isdlock: 0 };
  return (view) => {
    const now = view.ignoredLocks?.() ?? before;
    for (const command of LOCK_COMMANDS) ignored.add({ command }, now[command] - before[command]);
    before = now;
  };
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / SECOND_MS;
}
