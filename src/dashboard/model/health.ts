/** The state of the relay and of its services as labels and notices. */

import type { ServiceStatus, StatusReply } from '../../contracts/api.js';
import type { ServiceEvent } from '../../contracts/events.js';
import { SERVICE_NAMES } from '../../contracts/services.js';
import { formatTime, plain } from './format.js';
import { type Label, SOURCE_NAMES, type Tone } from './labels.js';
import { signingOf } from './quorums.js';
import type { PageState } from './state.js';

export interface ServiceLabel extends Label {
  readonly name: string;
  /** More detail, if any. */
  readonly detail?: string;
}

export interface Notice {
  readonly tone: Exclude<Tone, 'good'>;
  readonly title: string;
  readonly detail: string;
}

type Service = ServiceEvent['service'];

/** Those that are always shown, in this order; the proxy is where there is one, the others are when they are down. */
const MAIN: readonly (readonly [service: Service, up: string, down: string])[] = [
  ['dashd-rpc', 'answers', 'no answer'],
  ['dashd-feed', 'live', 'silent'],
  ['pool-socket', 'listening', 'closed'],
];

export function serviceLabels({ services, peers }: StatusReply): readonly ServiceLabel[] {
  const known = new Map(services.map((status) => [status.service, status]));
  const [rpc, ...others] = MAIN.map(([service, up, down]) =>
    word(known.get(service), SERVICE_NAMES[service], up, down),
  );
  const p2p: ServiceLabel = peers.dashd
    ? { name: 'dashd P2P', text: 'connected', tone: 'good' }
    : { name: 'dashd P2P', text: 'not connected', tone: 'bad' };
  const main = new Set<string>(MAIN.map(([service]) => service));
  const more = services
    .filter(({ service, state }) => state === 'down' || (service === 'json-rpc-proxy' && state === 'up'))
    .filter(({ service }) => !main.has(service) && service !== 'peers')
    .map((status) => word(status, SERVICE_NAMES[status.service], 'up', 'down'));
  return [...(rpc === undefined ? [] : [rpc]), p2p, ...others, ...more];
}

function word(status: ServiceStatus | undefined, name: string, up: string, down: string): ServiceLabel {
  if (status === undefined || status.state === 'unknown') return { name, text: 'not known yet', tone: 'quiet' };
  const isUp = status.state === 'up';
  const detail = plain(status.detail);
  return { name, text: isUp ? up : down, tone: isUp ? 'good' : 'bad', ...(detail !== '' && { detail }) };
}

/** How long a refused block stays on the page. */
const REFUSED_MS = 10 * 60_000;

/** Problems that an operator must know, the most severe first. @param now the relay's clock, ms since the epoch */
export function notices(state: PageState, now: number): readonly Notice[] {
  const { status, refused } = state;
  if (status === undefined) return [];
  const found = [
    ...dashdNotices(status, now),
    ...peerNotices(status),
    ...signerNotices(status),
    ...serviceNotices(status, now),
  ];
  if (refused !== undefined && now - refused.at < REFUSED_MS) {
    found.push({
      tone: 'warn',
      title: `A frame from ${SOURCE_NAMES[refused.source]} was refused`,
      detail: `${formatTime(refused.at, now)}: ${plain(refused.reason)}. It was not sent.`,
    });
  }
  if (!status.ready) {
    found.unshift({ tone: 'bad', title: 'Not ready for a block', detail: sentence(status.notReady) });
  }
  // Problems for which there is no text here are shown in the relay's words.
  if (found.length === 0 && status.degraded.length > 0) {
    found.push({ tone: 'warn', title: 'Degraded', detail: sentence(status.degraded) });
  }
  return found.sort((a, b) => Number(b.tone === 'bad') - Number(a.tone === 'bad'));
}

function sentence(parts: readonly string[]): string {
  const text = parts.map(plain).join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function dashdNotices({ services, peers }: StatusReply, now: number): Notice[] {
  const rpc = services.find(({ service }) => service === 'dashd-rpc');
  const isRpcDown = rpc?.state === 'down';
  if (isRpcDown && !peers.dashd) {
    const detail = `${since(rpc, now)}Blocks still go to the other peers. Start dashd: without it a block cannot be submitted or followed.`;
    return [{ tone: 'bad', title: 'The pool’s own dashd is down', detail }];
  }
  if (isRpcDown) {
    const detail = `${since(rpc, now)}Blocks reach dashd as a peer, but are not submitted to it. Check its rpcuser, rpcpassword and rpcport.`;
    return [{ tone: 'bad', title: 'dashd does not answer on RPC', detail }];
  }
  if (!peers.dashd && rpc?.state === 'up') {
    const detail = 'dashd answers on RPC, but is not connected as a peer. Blocks reach it by submitblock alone.';
    return [{ tone: 'warn', title: 'No P2P connection to the pool’s own dashd', detail }];
  }
  return [];
}

function peerNotices({ peers }: StatusReply): Notice[] {
  const others = peers.connected - Number(peers.dashd);
  if (others <= 0) {
    const detail = peers.dashd
      ? 'A block would go to the pool’s own dashd only. The relay keeps looking for peers.'
      : 'A block could be sent to no peer. The relay keeps looking for peers.';
    return [{ tone: 'bad', title: 'No peer is connected', detail }];
  }
  const least = Math.min(peers.min, peers.max - 1);
  if (others < least) {
    const detail = `${others} connected, at least ${least} wanted. The relay keeps looking for more.`;
    return [{ tone: 'warn', title: 'Fewer peers than wanted', detail }];
  }
  return [];
}

function signerNotices({ quorums }: StatusReply): Notice[] {
  const signing = quorums && signingOf(quorums);
  if (signing === undefined || signing.connected > 0) return [];
  const detail = `Its quorum has ${signing.members} members. Its ChainLock waits until other nodes have passed the block on; the relay keeps connecting to members.`;
  return [{ tone: 'warn', title: 'No signer of the next block is connected', detail }];
}

function serviceNotices({ services }: StatusReply, now: number): Notice[] {
  return services
    .filter(({ service, state }) => state === 'down' && service !== 'dashd-rpc' && service !== 'peers')
    .map((status) => ({
      tone: 'warn',
      title: DOWN[status.service] ?? `${SERVICE_NAMES[status.service]} is down`,
      detail: since(status, now).trim(),
    }));
}

const DOWN: Partial<Record<Service, string>> = {
  'pool-socket': 'The pool socket is closed',
  'dashd-feed': 'dashd’s feed is silent',
};

function since({ since: at, detail }: ServiceStatus, now: number): string {
  const when = at === undefined ? '' : `Since ${formatTime(at, now)}`;
  const why = plain(detail);
  if (when === '' && why === '') return '';
  return `${[when, why].filter((part) => part !== '').join(': ')}. `;
}
