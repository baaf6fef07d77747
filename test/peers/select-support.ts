/** Plans over records that the test makes. */
import {
  type OpenConnection,
  type Plan,
  type SelectInput,
  type SelectLimits,
  selectLimits,
} from '../../src/peers/plan.js';
import type { PeerRecord } from '../../src/peers/record.js';
import { select } from '../../src/peers/select.js';
import { publicAddress } from '../../src/simulated/public-address.js';
import { NOW, outcomes, provenPeer, seeded, view } from './support.js';

export const key = (n: number) => `${publicAddress(n)}:9999`;
export const many = (from: number, count: number, more: Partial<PeerRecord> = {}) =>
  Array.from({ length: count }, (_, i) => provenPeer(key(from + i), more));
/** A proven peer worth about 184 points. */
export const good = { broadcasts: outcomes(20, 0) };

type Options = Partial<Omit<SelectInput, 'limits'>> & { limits?: Partial<SelectLimits> };

export function plan(records: readonly PeerRecord[], connections: readonly OpenConnection[], more: Options = {}): Plan {
  const { limits, ...rest } = more;
  return select({
    book: view(records),
    live: connections,
    now: NOW,
    random: seeded(1),
    limits: selectLimits('mainnet', limits),
    ...rest,
  });
}

export const peers = (planned: Plan['connect'] | Plan['disconnect'] | Plan['keep']) =>
  planned.map(({ peer: name }) => name);
export const codeOf = (planned: Plan['connect'] | Plan['disconnect'] | Plan['keep'], name: string) =>
  planned.find((entry) => entry.peer === name)?.reason.code;
