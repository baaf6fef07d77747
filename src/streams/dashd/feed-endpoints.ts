/**
 * Where dashd publishes its feed, as dashd itself reports it (`getzmqnotifications`, Core `zmq/zmqrpc.cpp`): topics may have endpoints of their
 * own, or be absent. `dashd.zmq.url` is subscribed to for every topic, whatever dashd reports; the other endpoints for topics that are missing there.
 *
 * Rules: an address of every interface means the host of `dashd.zmq.url`. A loopback address of a dashd on another machine cannot be reached, and
 * is named. An endpoint with the port of `dashd.zmq.url` is taken for the same one: between two machines addresses may be translated.
 * Bounds: 256 entries are read, and at most 4 endpoints besides `dashd.zmq.url` are opened.
 */

import {
  concatMap,
  defer,
  distinctUntilChanged,
  EMPTY,
  filter,
  map,
  merge,
  type Observable,
  of,
  switchMap,
  tap,
} from 'rxjs';
import { z } from 'zod';
import { connectableEndpoint, type Endpoint, isLocalEndpoint, parseEndpoint } from '../../address/endpoint.js';
import { isWildcard } from '../../address/host.js';
import type { ServiceEvent } from '../../contracts/events.js';
import type { RpcAnswer } from '../../contracts/rpc.js';
import { FEED } from '../../messages/dashd.js';
import { fill } from '../../messages/fill.js';
import type { Rpc, SocketNews } from '../ports.js';
import type { Standing } from './chain-standing.js';
import type { RpcNews } from './watch-rpc.js';

export const FEED_TOPICS = ['rawblock', 'hashblock', 'hashchainlock', 'rawchainlocksig'] as const;
export type FeedTopic = (typeof FEED_TOPICS)[number];

/** An endpoint besides `dashd.zmq.url`, and what to subscribe to there. */
export interface FeedSource {
  readonly endpoint: string;
  readonly topics: readonly FeedTopic[];
}

export interface FeedPlan {
  /** Whether `dashd.zmq.url` shows blocks; true too when dashd names no such port, as where ports are translated. */
  readonly configured: boolean;
  readonly others: readonly FeedSource[];
  /** What is missing or should be corrected: sentences without a full stop. */
  readonly notes: readonly string[];
}

const MAX_ENTRIES = 256;
/** dashd drops messages above its high-water mark (1,000 by default); a reorganisation of a few blocks is that many at once. */
const LOW_MARK = 10;
const BLOCK_TOPICS: readonly FeedTopic[] = ['rawblock', 'hashblock'];

const Notification = z.object({
  type: z.string().max(64),
  address: z.string().max(256),
  hwm: z.number().int().nonnegative().optional().catch(undefined),
});

/** A topic, and its endpoint as seen by blockcast. */
interface Published {
  readonly topic: string;
  readonly at: 'configured' | 'elsewhere' | 'unreachable';
  readonly endpoint: string;
  readonly hwm?: number | undefined;
}

/** @param url `dashd.zmq.url`. @returns undefined when dashd does not answer, such as one without this method */
export function planFeed(answer: RpcAnswer, url: string): FeedPlan | undefined {
  if (!answer.ok || !Array.isArray(answer.result)) return undefined;
  const published = readPublished(answer.result, parseEndpoint(url));
  const of = (topic: FeedTopic) => published.filter((one) => one.topic === topic);
  const topicsAt = new Map<string, FeedTopic[]>();
  const notes: string[] = [];
  // rawchainlocksig carries the whole block once more: it is worth that where dashd does not publish the hash alone.
  const wanted = of('hashchainlock').length > 0 ? FEED_TOPICS.slice(0, 3) : FEED_TOPICS;
  for (const topic of wanted) {
    const [best] = of(topic).sort((a, b) => NEARNESS[a.at] - NEARNESS[b.at]);
    if (best?.at === 'elsewhere') topicsAt.set(best.endpoint, [...(topicsAt.get(best.endpoint) ?? []), topic]);
    if (best?.at === 'unreachable') {
      notes.push(fill(FEED['unreachable-topic'], { topic, endpoint: best.endpoint }));
    }
  }
  const low = of('rawblock').find(({ hwm = 0 }) => hwm > 0 && hwm < LOW_MARK);
  if (low !== undefined) {
    notes.push(fill(FEED['low-mark'], { mark: low.hwm }));
  }
  const others = [...topicsAt].map(([endpoint, topics]) => ({ endpoint, topics }));
  const named = published.some(({ at }) => at === 'configured');
  const blocks = BLOCK_TOPICS.flatMap(of);
  // If dashd does not report the port that we use, ports are probably translated, and blocks may arrive through it.
  const configured = named ? blocks.some(({ at }) => at === 'configured') : blocks.length > 0;
  const absent = configured || others.some(showsBlocks) ? missing(of, url) : [noBlocks(url)];
  return { configured, others, notes: [...absent, ...where(others, named, url), ...notes] };
}

const NEARNESS: Readonly<Record<Published['at'], number>> = { configured: 0, elsewhere: 1, unreachable: 2 };

function readPublished(entries: readonly unknown[], ours: Endpoint | undefined): Published[] {
  return entries.slice(0, MAX_ENTRIES).flatMap((entry) => {
    const { success, data } = Notification.safeParse(entry);
    if (!success) return [];
    return [{ topic: data.type.replace(/^pub/, ''), hwm: data.hwm, ...placeOf(data.address, ours) }];
  });
}

function showsBlocks({ topics }: FeedSource): boolean {
  return topics.some((topic) => BLOCK_TOPICS.includes(topic));
}

function placeOf(address: string, ours: Endpoint | undefined): Pick<Published, 'at' | 'endpoint'> {
  const theirs = parseEndpoint(address);
  const unreachable = { at: 'unreachable', endpoint: address } as const;
  if (theirs === undefined) return unreachable;
  const isOurs =
    theirs.transport === 'ipc'
      ? ours?.transport === 'ipc' && theirs.path === ours.path
      : ours?.transport === 'tcp' && theirs.port === ours.port;
  if (isOurs) return { at: 'configured', endpoint: address };
  if (isLocalEndpoint(theirs) && ours !== undefined && !isLocalEndpoint(ours)) return unreachable;
  const isEverywhere = theirs.transport === 'tcp' && isWildcard(theirs.host);
  const endpoint = connectableEndpoint(
    isEverywhere && ours?.transport === 'tcp' ? { ...theirs, host: ours.host } : theirs,
  );
  return endpoint === undefined ? unreachable : { at: 'elsewhere', endpoint };
}

function noBlocks(url: string): string {
  return fill(FEED['no-block-topic'], { url });
}

function missing(of: (topic: FeedTopic) => readonly Published[], url: string): string[] {
  const notes: string[] = [];
  if (of('rawblock').length === 0) {
    notes.push(fill(FEED['no-rawblock'], { url }));
  }
  if (of('hashchainlock').length + of('rawchainlocksig').length === 0) {
    notes.push(fill(FEED['no-chain-locks'], { url }));
  }
  return notes;
}

/** The endpoints of topics that are not at `dashd.zmq.url`. */
function where(others: readonly FeedSource[], named: boolean, url: string): string[] {
  if (others.length === 0) return [];
  const list = others
    .map(({ endpoint, topics }) => fill(FEED['topics-at'], { topics: topics.join(' and '), endpoint }))
    .join(', ');
  return [fill(FEED.elsewhere, { topics: list, url: named ? undefined : url })];
}

export interface FeedEndpointsDeps {
  /** `dashd.zmq.url`. */
  readonly url: string;
  /** A plan each time that dashd was asked. */
  readonly plan$: Observable<FeedPlan>;
  readonly open: (source: FeedSource) => Observable<SocketNews>;
}

/** Asks dashd where it publishes, at the start and whenever it is back: it may have another configuration. */
export function feedPlans(deps: {
  readonly url: string;
  readonly rpcNews$: Observable<RpcNews>;
  readonly rpc: Pick<Rpc, 'call'>;
}): Observable<FeedPlan> {
  return deps.rpcNews$.pipe(
    filter((news) =>
      news.type === 'standing' ? !UNASKED.has(news.standing) : news.type === 'service' && isRpcUp(news),
    ),
    switchMap(() => deps.rpc.call('getzmqnotifications')),
    map((answer) => planFeed(answer, deps.url)),
    filter((plan) => plan !== undefined),
  );
}

/** A dashd on another network gets no request, and one that does not answer has no endpoints. */
const UNASKED: ReadonlySet<Standing> = new Set(['wrong-network', 'unknown']);

function isRpcUp({ service, state }: ServiceEvent): boolean {
  return service === 'dashd-rpc' && state === 'up';
}

/**
 * All endpoints as one feed. It is up while an endpoint that shows blocks is connected. A state is emitted when its text changes.
 */
export function feedEndpoints({ url, plan$, open }: FeedEndpointsDeps): Observable<SocketNews> {
  /** Kept across subscriptions, since a silent feed is subscribed again. */
  let plan: FeedPlan | undefined;
  return defer(() => {
    const states = new Map<string, EndpointState>();
    let reported = '';
    const emitState = (): SocketNews[] => {
      const next = stateOf(url, plan, states);
      const words = JSON.stringify(next);
      if (next === undefined || words === reported) return [];
      reported = words;
      return [next];
    };
    const connected = (source: FeedSource) =>
      open(source).pipe(
        concatMap((news): SocketNews[] => {
          if (news.type === 'frames') return [news];
          states.set(source.endpoint, { up: news.state === 'up', detail: news.detail });
          return emitState();
        }),
      );
    const others$ = merge(plan === undefined ? EMPTY : of(plan), plan$).pipe(
      tap((next) => {
        plan = next;
      }),
      distinctUntilChanged((a, b) => JSON.stringify(a) === JSON.stringify(b)),
      switchMap(({ others }) => {
        for (const endpoint of states.keys()) if (endpoint !== url) states.delete(endpoint);
        return merge(emitState(), ...others.map(connected));
      }),
    );
    return merge(connected({ endpoint: url, topics: FEED_TOPICS }), others$);
  });
}

interface EndpointState {
  readonly up: boolean;
  readonly detail: string;
}

function stateOf(
  url: string,
  plan: FeedPlan | undefined,
  states: ReadonlyMap<string, EndpointState>,
): SocketNews | undefined {
  const { configured = true, others = [], notes = [] } = plan ?? {};
  const showing = [
    ...(configured ? [url] : []),
    ...others
      .filter(({ topics }) => topics.some((topic) => BLOCK_TOPICS.includes(topic)))
      .map(({ endpoint }) => endpoint),
  ];
  if (showing.length === 0) return { type: 'state', state: 'down', code: 'no-block-topic', detail: notes.join('; ') };
  const heard = showing.flatMap((endpoint) => states.get(endpoint) ?? []);
  if (heard.length === 0) return undefined;
  const up = heard.some((one) => one.up);
  const details = heard.filter((one) => one.up === up).map(({ detail }) => detail);
  return { type: 'state', state: up ? 'up' : 'down', detail: [...details, ...notes].join('; ') };
}
