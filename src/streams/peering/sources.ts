/**
 * Where peers are heard of, beside their own gossip: dashd's connections and its masternode list, the network's DNS seeds.
 * (What an operator configures needs no asking.) A source that is down is asked again; that RPC is down is reported elsewhere.
 */

import {
  concatMap,
  defer,
  distinctUntilChanged,
  EMPTY,
  filter,
  from,
  map,
  merge,
  mergeMap,
  type Observable,
  of,
  repeat,
  type SchedulerLike,
  timer,
} from 'rxjs';
import { z } from 'zod';
import type { ServiceEvent } from '../../contracts/events.js';
import type { RpcAnswer } from '../../contracts/rpc.js';
import { RPC } from '../../messages/dashd.js';
import { fill } from '../../messages/fill.js';
import { type PeerAddress, parseAddress, toAddress } from '../../peers/address.js';
import type { Known } from '../../peers/book.js';
import type { Source } from '../../peers/record.js';
import { type Clock, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../time.js';
import type { Network } from '../../wire/network.js';
import { masternodesIn, Place, placeOf } from '../dashd/masternodes.js';
import { inSlices } from '../operators/in-slices.js';
import type { Rpc } from '../ports.js';
import { reportOn } from '../service-events.js';

export interface Heard {
  readonly address: PeerAddress;
  readonly known: Known;
}

export interface SourceNews {
  readonly type: 'heard';
  readonly source: Extract<Source, 'dashd' | 'masternode' | 'dns'>;
  readonly peers: readonly Heard[];
}

export interface SourceDeps {
  readonly network: Network;
  readonly rpc: Pick<Rpc, 'call'>;
  /** False: dashd is not asked for peers (`broadcast.skipBootstrap`), nor for masternodes. */
  readonly askDashd: boolean;
  /** Absent where no name server may be asked: then no seed is. */
  readonly resolve: ((name: string) => Promise<readonly string[]>) | undefined;
  /** Whether so few peers are known that the seeds are worth asking. */
  readonly isThin: () => boolean;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
}

/** Until a source has answered with something. */
const RETRY_MS = 10 * SECOND_MS;
const CONNECTIONS_EVERY_MS = 10 * MINUTE_MS;
const MASTERNODES_EVERY_MS = HOUR_MS;
/** dashd is given this long to name peers before strangers are asked. */
const SEEDS_AFTER_MS = 11 * SECOND_MS;
const SEEDS_EVERY_MS = HOUR_MS;

export function sources(deps: SourceDeps): Observable<SourceNews | ServiceEvent> {
  const { scheduler, askDashd } = deps;
  const asked = (ask: Ask, everyMs: number) => poll(() => ask(deps), everyMs, scheduler);
  return merge(
    askDashd ? asked(askConnections, CONNECTIONS_EVERY_MS) : EMPTY,
    askDashd ? asked(askMasternodes, MASTERNODES_EVERY_MS) : EMPTY,
    seeds(deps),
  );
}

type Ask = (deps: Pick<SourceDeps, 'rpc' | 'network' | 'clock' | 'scheduler'>) => Observable<SourceNews | ServiceEvent>;

/** Asks every so often, and more often until there was something to hear. */
function poll(
  ask: () => Observable<SourceNews | ServiceEvent>,
  everyMs: number,
  scheduler: SchedulerLike,
): Observable<SourceNews | ServiceEvent> {
  return defer(() => {
    let heard = false;
    return defer(ask).pipe(
      map((news) => {
        heard ||= news.type === 'heard' && news.peers.length > 0;
        return news;
      }),
      repeat({ delay: () => timer(heard ? everyMs : RETRY_MS, scheduler) }),
      distinctUntilChanged(isSameComplaint),
      filter((news) => news.type !== 'heard' || news.peers.length > 0),
    );
  });
}

/** What is not understood is reported once, not at every try. */
function isSameComplaint(before: SourceNews | ServiceEvent, news: SourceNews | ServiceEvent): boolean {
  return before.type === 'service' && news.type === 'service' && before.detail === news.detail;
}

/** What cannot be read of a peer is left out, not the peer. */
const Connection = z.object({
  addr: z.string(),
  inbound: z.boolean().optional().catch(undefined),
  connection_type: z.string().optional().catch(undefined),
  services: z
    .string()
    .regex(/^[0-9a-f]{1,16}$/i)
    .optional()
    .catch(undefined),
  minping: z.number().nonnegative().optional().catch(undefined),
});

/** `getpeerinfo`. Inbound peers are left out: the port they came from is not one they listen on. */
const askConnections: Ask = ({ rpc, network, clock }) =>
  from(rpc.call('getpeerinfo')).pipe(
    concatMap((answer) => read(answer, z.array(z.unknown()), 'getpeerinfo', clock)),
    map((answer) => {
      if (answer.type !== 'read') return answer;
      const outbound = understood(Connection, answer.value).filter(isOutbound);
      const peers = outbound.flatMap((peer) => connectionOf(peer, network));
      return outbound.length > 0 && peers.length === 0
        ? noAddress(fill(RPC['no-peer-address'], { count: outbound.length }), clock)
        : heard('dashd', peers);
    }),
  );

function isOutbound({ inbound, connection_type: type }: z.infer<typeof Connection>): boolean {
  return inbound === undefined ? type !== undefined && type !== 'inbound' : !inbound;
}

function connectionOf({ addr, services, minping }: z.infer<typeof Connection>, network: Network): Heard[] {
  // Of a peer that the operator gave to dashd (addnode, connect) this is what was typed: a name, an address without a port.
  const address = parseAddress(addr, network.p2pPort);
  if (address === undefined) return [];
  // In the middle of its handshake a peer has sent nothing about itself yet: dashd gives no services at all.
  const offered = BigInt(`0x${services ?? 0}`);
  const known = {
    ...(offered > 0n && { services: offered }),
    ...(minping !== undefined && { pingMs: minping * SECOND_MS }),
  };
  return [{ address, known }];
}

const ProTx = z.object({ state: Place });

/** `masternodelist`, and `protx list` where that one is not understood: the race is for masternodes. */
const askMasternodes: Ask = ({ rpc, clock, scheduler }) =>
  from(rpc.call('masternodelist', ['json'])).pipe(
    concatMap((answer) => inSlices(() => masternodesIn(answer.ok ? answer.result : undefined), { clock, scheduler })),
    concatMap((masternodes) => {
      // Those that are not banned.
      const enabled = masternodes?.filter(({ status = 'ENABLED' }) => status === 'ENABLED');
      const peers = known((enabled ?? []).map(({ place }) => place));
      if (enabled !== undefined && (enabled.length === 0 || peers.length > 0)) return of(heard('masternode', peers));
      return from(rpc.call('protx', ['list', 'valid', true])).pipe(
        concatMap((second) => read(second, z.array(z.unknown()), 'protx list', clock)),
        map((second) => {
          if (second.type !== 'read') return second;
          const places = known(understood(ProTx, second.value).map(({ state }) => placeOf(state)));
          return second.value.length > 0 && places.length === 0
            ? noAddress(fill(RPC['no-masternode-address'], { count: second.value.length }), clock)
            : heard('masternode', places);
        }),
      );
    }),
  );

/** A source that has entries and yields nothing would otherwise look like one that has none. */
function noAddress(detail: string, clock: Clock): ServiceEvent {
  return reportOn('dashd-rpc', clock)('fault', 'no-address', detail);
}

/** One entry that cannot be read says nothing about the others. */
function understood<T>(schema: z.ZodType<T>, entries: readonly unknown[]): T[] {
  return entries.flatMap((entry) => {
    const parsed = schema.safeParse(entry);
    return parsed.success ? [parsed.data] : [];
  });
}

/** The seeds are strangers: asked only while few peers are known. */
function seeds({ network, resolve, isThin, scheduler }: SourceDeps): Observable<SourceNews | ServiceEvent> {
  const { dnsSeeds, p2pPort } = network;
  if (dnsSeeds.length === 0 || resolve === undefined) return EMPTY;
  const ask = () =>
    from(dnsSeeds).pipe(
      mergeMap((name) => from(resolve(name))),
      map((hosts) => heard('dns', known(hosts.map((host) => toAddress(host, p2pPort))))),
    );
  return timer(SEEDS_AFTER_MS, scheduler).pipe(
    concatMap(() => poll(() => (isThin() ? ask() : EMPTY), SEEDS_EVERY_MS, scheduler)),
  );
}

function known(addresses: readonly (PeerAddress | undefined)[]): Heard[] {
  return addresses.flatMap((address) => (address === undefined ? [] : [{ address, known: {} }]));
}

function heard(source: SourceNews['source'], peers: readonly Heard[]): SourceNews {
  return { type: 'heard', source, peers };
}

function read<T>(
  answer: RpcAnswer,
  schema: z.ZodType<T>,
  method: string,
  clock: Clock,
): Observable<{ readonly type: 'read'; readonly value: T } | ServiceEvent> {
  if (!answer.ok) return EMPTY;
  const parsed = schema.safeParse(answer.result);
  if (parsed.success) return of({ type: 'read', value: parsed.data });
  const detail = fill(RPC['not-understood'], { method });
  return of(reportOn('dashd-rpc', clock)('fault', 'not-understood', detail));
}
