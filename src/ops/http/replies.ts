/** Builds the API's replies from the relay's state. */

import type { BlockReply, BlockSummary, BlocksReply, StatusReply } from '../../contracts/api.js';
import type { Verdict } from '../../contracts/events.js';
import type { Propagation } from '../../contracts/propagation.js';
import type { BlockRecord, RelayView } from '../../contracts/view.js';
import { HOUR_MS } from '../../time.js';
import type { Status } from '../status.js';

const DAY_MS = 24 * HOUR_MS;

/** @param now ms since the epoch */
export function statusReply(view: RelayView, status: Status, version: string, now: number): StatusReply {
  const { network, startedAt, wanted, history } = view;
  const tip = view.tip();
  const { connected, dashd } = view.counts();
  const quorums = view.quorums?.();
  const witnesses = view.witnesses?.();
  const lockForecast = view.lockForecast?.();
  const [last] = history.latest(1);
  return {
    version,
    network,
    startedAt,
    now,
    ...status.readiness(view),
    ...(tip !== undefined && { tip }),
    peers: {
      connected,
      min: wanted.min,
      max: wanted.max,
      known: view.known(),
      dashd,
    },
    ...(quorums !== undefined && { quorums }),
    ...(witnesses !== undefined && { witnesses }),
    ...(lockForecast !== undefined && { lockForecast }),
    services: status.services(),
    ...(last !== undefined && { lastBlock: summary(last) }),
    kpis: { all: history.kpis(), day: history.kpis(now - DAY_MS) },
  };
}

/** Reads one block more than requested, which reports whether there is a next page. */
export function blocksReply({ history }: Pick<RelayView, 'history'>, limit: number, after?: string): BlocksReply {
  const found = history.latest(limit + 1, after);
  const blocks = found.slice(0, limit).map(summary);
  const last = blocks.at(-1);
  return { blocks, ...(found.length > limit && last !== undefined && { next: last.hash }) };
}

export function blockReply(record: BlockRecord, status: Pick<Status, 'race'>): BlockReply {
  const sights = record.propagation?.sights;
  return {
    ...summary(record),
    ...(sights !== undefined && { sights }),
    race: status.race(record.hash) ?? record.verdict?.peers ?? [],
  };
}

function summary({ verdict, propagation, ...block }: BlockRecord): BlockSummary {
  return {
    ...block,
    ...(verdict !== undefined && { verdict: withoutRace(verdict) }),
    ...(propagation !== undefined && { propagation: withoutSights(propagation) }),
  };
}

function withoutRace({ peers: _race, ...outcome }: Verdict): NonNullable<BlockSummary['verdict']> {
  return outcome;
}

function withoutSights({ sights: _sights, ...figures }: Propagation): NonNullable<BlockSummary['propagation']> {
  return figures;
}
