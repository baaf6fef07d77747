/**
 * Derives from the relay's events which alert conditions hold, and for which block. Noting an event is O(1); conditions that depend on counts
 * are computed in {@link Sensors.weigh}, outside of the turn in which the event was emitted.
 */

import { BoundedSet } from '../../common/bounded.js';
import type {
  BlockFinality,
  BlockProof,
  BlockRefused,
  BlockVerdict,
  PeerEvent,
  RelayEvent,
  ServiceEvent,
} from '../../contracts/events.js';
import { FACTS } from '../../messages/alerts.js';
import { VERDICT } from '../../messages/blocks.js';
import { fill } from '../../messages/fill.js';
import { MINUTE_MS, SECOND_MS } from '../../time.js';
import {
  type AlertId,
  FAILING_MANY,
  FAILING_WINDOW_MS,
  GAPS_MANY,
  GAPS_WINDOW_MS,
  REFUSED_MANY,
  REFUSED_WINDOW_MS,
} from './conditions.js';
import { EventWindow } from './event-window.js';
import { FailingPeers } from './failing-peers.js';

export type Details = Readonly<Record<string, string | number>>;

/** A problem. */
export interface AlertFacts {
  /** For people, one line. */
  readonly summary: string;
  /** For programs. */
  readonly details: Details;
}

/** Called with the facts when a condition holds, with undefined when it does not. `block` is the hash of the block it is about. */
export type Report = (id: AlertId, facts: AlertFacts | undefined, block?: string) => void;

/** Services whose state `down` is an alert condition by itself. */
const WATCHED: Partial<Record<ServiceEvent['service'], AlertId>> = {
  'dashd-feed': 'feed-down',
  'pool-socket': 'pool-socket-down',
  'json-rpc-proxy': 'proxy-down',
  peers: 'peers-below-min',
  'history-file': 'history-not-written',
  spool: 'spool-not-written',
  'peer-file': 'peers-not-saved',
  cluster: 'cluster-alone',
};

/** A silent feed's missed block is emitted as a tip of the feed in the same turn: such an event does not mean that the feed has recovered. */
const FEED_ECHO_MS = SECOND_MS;
/** More connections than any relay has. */
const MAX_CONNECTED = 10_000;
/** Hashes of the pool's blocks that are remembered. */
const MAX_OWN = 1_000;
const LOST_BLOCKS = ['block-rejected', 'block-failed', 'block-local-only'] as const;

export class Sensors {
  private readonly connected = new Set<string>();
  private readonly failing = new FailingPeers(FAILING_WINDOW_MS);
  private readonly gaps = new EventWindow(GAPS_MANY, GAPS_WINDOW_MS);
  private readonly refusals = new EventWindow(REFUSED_MANY, REFUSED_WINDOW_MS);
  /** Hashes of blocks that the pool pushed, before or after they came from dashd's feed. */
  private readonly own = new BoundedSet<string>(MAX_OWN);
  private belowMin: AlertFacts | undefined;
  /** dashd is loading its block index: it accepts no P2P connections yet. */
  private loading = false;
  private dashdLoss: AlertFacts | undefined;
  private silentAt = Number.NEGATIVE_INFINITY;
  private lastGap: AlertFacts | undefined;
  /** Refused frames since the last quiet hour. */
  private refused = 0;
  private lastRefusal: AlertFacts = { summary: '', details: {} };

  constructor(private readonly report: Report) {}

  /** @returns whether a condition may have changed */
  note(event: RelayEvent, now: number): boolean {
    switch (event.type) {
      case 'service':
        return this.noteService(event, now);
      case 'peer-connected':
      case 'peer-lost':
        return this.notePeer(event, now);
      case 'proof':
        return this.noteProof(event, now);
      case 'received':
      case 'repeated':
        if (event.source === 'pool') this.own.add(event.hash);
        return false;
      case 'refused':
        return this.noteRefusal(event, now);
      case 'verdict':
        return this.noteVerdict(event);
      case 'finality':
        return this.noteFinality(event);
      case 'tip':
        if (event.source !== 'feed' || now - this.silentAt <= FEED_ECHO_MS) return false;
        this.report('feed-silent', undefined);
        return true;
      default:
        return false;
    }
  }

  /** Reports the conditions that depend on counts within a time window. */
  weigh(now: number): void {
    this.failing.forget(now);
    const { size, last } = this.failing;
    const all = this.failing.countWith(this.connected);
    const areMany = size >= FAILING_MANY && size * 2 >= all && last !== undefined;
    this.report('peer-failures', areMany ? manyFailing(size, all, last) : undefined);
    this.report('feed-gaps', holds(this.gaps, now) ? this.lastGap : undefined);
    if (!holds(this.refusals, now)) this.refused = 0;
    this.report('block-refused', this.refused > 0 ? manyRefused(this.refused, this.lastRefusal) : undefined);
  }

  /** When to weigh again without an event; undefined when there is no need. */
  nextWeighing(now: number): number | undefined {
    const failing = this.failing.size >= FAILING_MANY ? this.failing.nextForgotten() : undefined;
    const times = [failing, this.gaps.manyUntil(), this.refusals.manyUntil()];
    return earliest(times.filter((time) => time !== undefined && time > now));
  }

  private noteService({ service, state, code, detail }: ServiceEvent, now: number): boolean {
    if (service === 'dashd-feed' && state === 'fault') return this.noteFeedFault(code, detail, now);
    if (state === 'fault') return false;
    const known = code === '' || code === state;
    const facts = { summary: known ? detail : `${code}: ${detail}`, details: { code, detail } };
    const problem = state === 'down' ? facts : undefined;
    if (service === 'dashd-chain') return this.noteChain(code, problem && { ...facts, summary: detail });
    if (service === 'dashd-rpc') return this.noteRpc(code, problem);
    const id = WATCHED[service];
    if (id === undefined) return false;
    this.report(id, problem);
    if (service === 'peers') {
      this.belowMin = problem;
      this.reportPeers();
    }
    return true;
  }

  private noteChain(code: string, problem: AlertFacts | undefined): true {
    const isWrong = code === 'wrong-network';
    this.report('dashd-wrong-network', isWrong ? problem : undefined);
    this.report('dashd-catching-up', isWrong ? undefined : problem);
    return true;
  }

  private noteRpc(code: string, problem: AlertFacts | undefined): true {
    this.loading = problem !== undefined && code === 'warming-up';
    this.report('rpc-down', this.loading ? undefined : problem);
    this.reportDashd();
    return true;
  }

  private reportDashd(): void {
    this.report('dashd-lost', this.loading ? undefined : this.dashdLoss);
  }

  private noteFeedFault(code: string, detail: string, now: number): boolean {
    const facts = { summary: detail, details: { code, detail } };
    if (code === 'silent') {
      this.silentAt = now;
      this.report('feed-silent', facts);
    } else if (code === 'gap') {
      this.gaps.add(now);
      this.lastGap = facts;
    }
    return code === 'silent' || code === 'gap';
  }

  private notePeer(event: PeerEvent, now: number): boolean {
    const { peer } = event;
    if (event.protected) {
      this.dashdLoss = event.type === 'peer-lost' ? lossOf(event) : undefined;
      this.reportDashd();
      return true;
    }
    if (event.type === 'peer-connected') {
      if (this.connected.size < MAX_CONNECTED) this.connected.add(peer);
    } else if (event.wasReady) {
      this.connected.delete(peer);
      // A peer that was replaced by a better one has not failed.
      if (event.code !== 'rotated-out') this.failing.add({ at: now, peer, why: `${event.code}: ${event.reason}` });
    } else {
      return false;
    }
    this.reportPeers();
    return true;
  }

  private noteProof(
    { peer, protected: isLocal, status, reason = VERDICT['no-reason'] }: BlockProof,
    now: number,
  ): boolean {
    if (status !== 'failed' || isLocal) return false;
    this.failing.add({ at: now, peer, why: reason });
    return true;
  }

  private noteRefusal({ source, code, reason, size, sha256, hash }: BlockRefused, now: number): boolean {
    if (source !== 'pool') return false;
    this.refusals.add(now);
    this.refused += 1;
    const details = { code, reason, size, sha256, ...(hash === undefined ? {} : { hash }) };
    const summary =
      hash === undefined
        ? fill(FACTS['frame-refused'], { size, code, reason })
        : fill(FACTS['block-refused'], { hash, size, code, reason });
    this.lastRefusal = { summary, details };
    return true;
  }

  /** A verdict may be amended by late proofs: the last one counts. */
  private noteVerdict(event: BlockVerdict): boolean {
    if (event.source !== 'pool' && !this.own.has(event.hash)) return false;
    const lost = lossOfBlock(event);
    for (const id of LOST_BLOCKS) this.report(id, id === lost ? verdictFacts(event) : undefined, event.hash);
    return true;
  }

  private noteFinality({ hash, height, state, by }: BlockFinality): boolean {
    const facts = {
      summary: fill(FACTS['block-orphaned'], { hash, height, by: by ?? FACTS['another-block'] }),
      details: { hash, ...(height === undefined ? {} : { height }), ...(by === undefined ? {} : { by }) },
    };
    this.report('block-orphaned', state === 'orphaned' ? facts : undefined, hash);
    return true;
  }

  /** `no-peers` requires the service `peers` to be down, since a relay may be configured to want none. */
  private reportPeers(): void {
    const { belowMin } = this;
    const none = belowMin !== undefined && this.connected.size === 0;
    const summary = FACTS['no-peers'];
    this.report('no-peers', none ? { summary, details: belowMin.details } : undefined);
  }
}

/** The condition for a lost block; undefined when it was not lost. */
function lossOfBlock({ outcome, rpc, peers }: BlockVerdict): (typeof LOST_BLOCKS)[number] | undefined {
  if (outcome === 'rejected') return 'block-rejected';
  if (outcome !== 'failed') return undefined;
  const dashdTookIt = rpc?.outcome === 'accepted' || rpc?.outcome === 'duplicate';
  const dashdHasIt = dashdTookIt || peers.some((proof) => proof.protected && REACHED.has(proof.status));
  return dashdHasIt ? 'block-local-only' : 'block-failed';
}

const REACHED: ReadonlySet<string> = new Set(['acknowledged', 'accepted', 'already-had']);

function verdictFacts({ hash, height, size, reason, peersReached, peersTried, rpc }: BlockVerdict): AlertFacts {
  return {
    summary: fill(FACTS['block-lost'], {
      hash,
      height,
      reason: reason ?? VERDICT['no-reason'],
      reached: peersReached,
      tried: peersTried,
    }),
    details: {
      hash,
      ...(height === undefined ? {} : { height }),
      size,
      peersReached,
      peersTried,
      ...(reason === undefined ? {} : { reason }),
      ...(rpc === undefined ? {} : { rpc: rpc.outcome }),
    },
  };
}

function lossOf({ peer, code, reason }: Extract<PeerEvent, { type: 'peer-lost' }>): AlertFacts {
  return { summary: fill(FACTS['dashd-lost'], { peer, code, reason }), details: { peer, code, reason } };
}

function manyFailing(failing: number, all: number, last: { readonly peer: string; readonly why: string }): AlertFacts {
  const minutes = FAILING_WINDOW_MS / MINUTE_MS;
  return {
    summary: fill(FACTS['many-failing'], { failing, all, minutes, peer: last.peer, reason: last.why }),
    details: { failing, peers: all, peer: last.peer, reason: last.why },
  };
}

function manyRefused(refused: number, last: AlertFacts): AlertFacts {
  const summary = refused === 1 ? last.summary : fill(FACTS['many-refused'], { count: refused, last: last.summary });
  return { summary, details: { ...last.details, refused } };
}

function holds(recent: EventWindow, now: number): boolean {
  const until = recent.manyUntil();
  return until !== undefined && now < until;
}

/** The earliest of the times that are defined. */
export function earliest(times: readonly (number | undefined)[]): number | undefined {
  return times.reduce(
    (first, time) => (first === undefined || (time !== undefined && time < first) ? time : first),
    undefined,
  );
}
