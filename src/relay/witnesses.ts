import { type Observable, Subject, Subscription } from 'rxjs';
import type { BlockPropagation, WitnessReport, WitnessView } from '../contracts/propagation.js';
import { SLOW_MS } from '../delivery/witness-conduct.js';
import { fill } from '../messages/fill.js';
import { WITNESS_LOST } from '../messages/witnesses.js';
import { isLocalNetwork, type PeerKey } from '../peers/address.js';
import type { PeerBook } from '../peers/book.js';
import type { CountryOf } from '../peers/occupancy.js';
import type { ChainTip } from '../streams/broadcast/tip.js';
import type { Target } from '../streams/connections/connection.js';
import { type ConnectionTable, connectionTable, type PeerNews } from '../streams/connections/connections.js';
import { WitnessConnections, type WitnessConnectionsDeps } from '../streams/peering/witness-connections.js';
import { WitnessFigures } from '../streams/peering/witness-figures.js';
import type { Quorums } from '../streams/quorum/quorums.js';
import { dated, SECOND_MS } from '../time.js';
import type { RelayContext } from './context.js';

export interface WitnessesDeps {
  readonly context: RelayContext;
  readonly book: PeerBook;
  readonly tip: ChainTip;
  /** All other connections. */
  readonly table: ConnectionTable;
  readonly broadcast: WitnessConnectionsDeps['broadcast'];
  readonly quorums?: Pick<Quorums, 'view' | 'view$'> | undefined;
  readonly country: CountryOf;
}

export interface OpenWitnesses {
  readonly targets$: Observable<readonly Target[]>;
  /** Their connections. */
  readonly table: ConnectionTable;
  /** How fast each block spread. */
  readonly propagation$: Observable<BlockPropagation>;
  has(peer: PeerKey): boolean;
  report(): WitnessReport;
  /** @param news$ of all connections */
  run(news$: Observable<PeerNews>): Subscription;
}

/** The witnesses, and what they see. @returns undefined where the settings want none */
export function openWitnesses(deps: WitnessesDeps): OpenWitnesses | undefined {
  const { context, book, tip, table: others, broadcast, quorums, country } = deps;
  const { config, clock, random, scheduler, emit, events$ } = context;
  const max = config.witnesses.count;
  if (!config.broadcast.enabled || max === 0) return undefined;
  const table = connectionTable();
  const connections = new WitnessConnections({
    book,
    max,
    others,
    broadcast,
    isMember: (peer) => quorums?.view()?.roleOf(peer) !== undefined,
    isLocal: isLocalNetwork(config.network),
    country,
    clock,
    random,
    scheduler,
  });
  const roundTripOf = (peer: PeerKey): number | undefined => book.get(peer)?.ping?.minMs;
  const placeOf = ({ peer, host, port }: Target) => ({
    peer,
    country: country(host, port),
    roundTripMs: roundTripOf(peer),
  });
  const figures = new WitnessFigures({
    witnesses: () =>
      [...table.live.values()].map(({ target, since }) => ({ ...placeOf(target), since: since.monotonicAt })),
    roundTripOf,
    heightOf: (hash) => tip.heightOf(hash),
    useless: (peer, { code, count }) =>
      connections.replace(peer, code, fill(WITNESS_LOST[code], { count, seconds: SLOW_MS / SECOND_MS })),
    clock,
    scheduler,
  });
  const propagation$ = new Subject<BlockPropagation>();

  return {
    targets$: connections.targets$,
    table,
    propagation$,
    has: (peer) => connections.has(peer),
    report() {
      const { slots, live } = table;
      const views = connections.chosen.flatMap(({ record, why }): WitnessView[] => {
        const slot = slots.get(record.key);
        if (slot === undefined) return [];
        const connected = live.get(record.key);
        const { country: code, roundTripMs } = placeOf(slot.target);
        const { counted, early, unseen, unknown } = figures.conductOf(record.key);
        return [
          {
            peer: record.key,
            state: connected === undefined ? 'connecting' : 'connected',
            since: dated((connected ?? slot).since, clock),
            ...(code !== undefined && { country: code }),
            group: record.group,
            why,
            ...(roundTripMs !== undefined && { roundTripMs }),
            counted,
            early,
            unseen,
            unknown,
          },
        ];
      });
      return { wanted: max, connected: live.size, witnesses: views, ...figures.figures() };
    },
    run(news$) {
      const running = new Subscription();
      running.add(connections.events$.subscribe(emit));
      running.add(figures.events$.subscribe(propagation$));
      running.add(
        news$.subscribe((news) => {
          figures.notePeer(news);
          if (news.target.witness === true) connections.notePeer(news);
        }),
      );
      running.add(
        events$.subscribe((event) => {
          figures.noteEvent(event);
          if (event.type === 'plan') connections.notePlan();
        }),
      );
      running.add(quorums?.view$.subscribe(() => connections.noteQuorums()));
      return running;
    },
  };
}
