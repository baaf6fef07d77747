/**
 * Where peers are heard of, beside their own gossip: dashd's connections and its masternode list, the network's DNS seeds.
 * (What an operator configures needs no asking.) A source that is down is asked again; that RPC is down is told elsewhere.
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
import type { ServiceEvent } from '../events.js';
import { type PeerAddress, parseAddress, toAddress } from '../peers/address.js';
import type { Known } from '../peers/book.js';
import type { Source } from '../peers/record.js';
import { type Clock, HOUR_MS, MINUTE_MS, SECOND_MS } from '../time.js';
import type { Network } from '../wire/network.js';
import type { Rpc, RpcAnswer } from './ports.js';

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
  readonly resolve: (name: string) => Promise<readonly string[]>;
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
  const { rpc, clock, scheduler, askDashd } = deps;
  const asked = (ask: Ask, everyMs: number) => poll(() => ask(rpc, clock), everyMs, scheduler);
  return merge(
    askDashd ? asked(askConnections, CONNECTIONS_EVERY_MS) : EMPTY,
    askDashd ? asked(askMasternodes, MASTERNODES_EVERY_MS) : EMPTY,
    seeds(deps),
  );
}

type Ask = (rpc: Pick<Rpc, 'call'>, clock: Clock) => Observable<SourceNews | ServiceEvent>;

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

/** What is not understood is told once, not at every try. */
function isSameComplaint(before: SourceNews | ServiceEvent, news: SourceNews | ServiceEvent): boolean {
  return before.type === 'service' && news.type === 'service' && before.detail === news.detail;
}

const Connection = z.object({
  addr: z.string(),
  inbound: z.boolean(),
  services: z
    .string()
    .regex(/^[0-9a-f]{1,16}$/i)
    .optional(),
  minping: z.number().nonnegative().optional(),
});

/** `getpeerinfo`. Inbound peers are left out: the port they came from is not one they listen on. */
const askConnections: Ask = (rpc, clock) =>
  from(rpc.call('getpeerinfo')).pipe(
    concatMap((answer) => read(answer, z.array(z.unknown()), 'getpeerinfo', clock)),
    map((answer) => (answer.type === 'read' ? heard('dashd', answer.value.flatMap(connectionOf)) : answer)),
  );

function connectionOf(entry: unknown): Heard[] {
  const peer = Connection.safeParse(entry);
  if (!peer.success || peer.data.inbound) return [];
  const { addr, services, minping } = peer.data;
  const address = parseAddress(addr);
  if (address === undefined) return [];
  // In the middle of its handshake a peer has told nothing of itself yet: dashd gives no services at all.
  const offered = BigInt(`0x${services ?? 0}`);
  const known = {
    ...(offered > 0n && { services: offered }),
    ...(minping !== undefined && { pingMs: minping * SECOND_MS }),
  };
  return [{ address, known }];
}

const Masternodes = z.record(z.string(), z.unknown());
const Masternode = z.object({ address: z.string(), status: z.string() });
const ProTx = z.object({ state: z.object({ service: z.string() }) });

/** `masternodelist`, and `protx list` where that one is not understood: the race is for masternodes. */
const askMasternodes: Ask = (rpc, clock) =>
  from(rpc.call('masternodelist', ['json'])).pipe(
    concatMap((answer) => {
      const enabled = answer.ok ? enabledMasternodes(answer.result) : undefined;
      if (enabled !== undefined) return of(heard('masternode', known(enabled.map(parseAddress))));
      return from(rpc.call('protx', ['list', 'valid', true])).pipe(
        concatMap((second) => read(second, z.array(z.unknown()), 'protx list', clock)),
        map((second) =>
          second.type === 'read'
            ? heard(
                'masternode',
                known(understood(ProTx, second.value).map(({ state }) => parseAddress(state.service))),
              )
            : second,
        ),
      );
    }),
  );

/** The addresses in an answer to `masternodelist`; undefined when it is none. */
function enabledMasternodes(answer: unknown): string[] | undefined {
  const list = Masternodes.safeParse(answer);
  if (!list.success) return undefined;
  const entries = Object.values(list.data);
  const masternodes = understood(Masternode, entries);
  if (entries.length > 0 && masternodes.length === 0) return undefined;
  return masternodes.filter(({ status }) => status === 'ENABLED').map(({ address }) => address);
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
  if (dnsSeeds.length === 0) return EMPTY;
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
  return of({
    type: 'service',
    at: clock.now(),
    service: 'dashd rpc',
    state: 'fault',
    code: 'not understood',
    detail: `the answer to ${method} is not what dashd 23 answers`,
  });
}
