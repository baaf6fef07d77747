/**
 * The relay's state, derived from its events: the state of each service, the results per peer of recent blocks, counts of connections
 * and broadcasts, and whether the relay is ready for a block.
 */

import { BoundedMap } from '../common/bounded.js';
import type { ServiceStatus } from '../contracts/api.js';
import type { BlockVerdict, PeerEvent, PeerProof, RelayEvent, ServiceEvent } from '../contracts/events.js';
import { SERVICE_NAMES } from '../contracts/services.js';
import type { QuorumReport, RelayView } from '../contracts/view.js';
import { fill } from '../messages/fill.js';
import { READINESS } from '../messages/http.js';
import { type Clock, dated, type Moment, momentOf } from '../time.js';

export interface Readiness {
  /** True when a block pushed now would be accepted and delivered to at least one node. */
  readonly ready: boolean;
  /** The reasons, in words. */
  readonly notReady: readonly string[];
  /** Problems that do not stop the delivery of blocks, in words. */
  readonly degraded: readonly string[];
}

export interface Tallies {
  /** When counting began, ms since the epoch. */
  readonly since: number;
  /** Blocks of the pool with a verdict. */
  readonly blocks: number;
  /** To peers that did not have the block already. */
  readonly pushes: { readonly tried: number; readonly reached: number; readonly failed: number };
  readonly connections: {
    readonly made: number;
    readonly failed: number;
    /** Of those that failed. */
    readonly timedOut: number;
    readonly unreachable: number;
  };
}

type ServiceName = ServiceEvent['service'];
type Peers = Pick<RelayView, 'counts' | 'wanted' | 'quorums'>;

/** Blocks whose results per peer are kept, also after the verdict, since proofs may still come. Older ones are in the history. */
const MAX_RACES = 256;
/** Results per peer that are kept, of all blocks: of those 256 blocks to 80 peers, or of 15 to 1,350; some 5 MB. */
const MAX_PROOFS = 20_000;
/** Listed from the start, even before their first event. */
const ESSENTIAL: readonly ServiceName[] = ['pool-socket', 'dashd-rpc'];

const TIMEOUTS: ReadonlySet<string> = new Set(['dial-timeout', 'handshake-timeout']);

interface Race {
  readonly proofs: Map<string, PeerProof>;
  verdict?: BlockVerdict;
}

export class Status {
  private readonly known = new Map<ServiceName, ServiceStatus>(ESSENTIAL.map((name) => [name, unknown(name)]));
  private readonly races = new BoundedMap<string, Race>(MAX_RACES);
  private blocks = 0;
  private readonly pushes = { tried: 0, reached: 0, failed: 0 };
  private readonly connections = { made: 0, failed: 0, timedOut: 0, unreachable: 0 };
  private readonly began: Moment;
  private changes = 0;
  private draining = false;

  constructor(private readonly deps: { readonly clock: Clock }) {
    this.began = momentOf(deps.clock);
  }

  /** Applies an event. O(1). */
  listen(event: RelayEvent): void {
    switch (event.type) {
      case 'proof':
        // A proof changes only its block's own reply, so cached replies stay valid.
        this.raceOf(event.hash).proofs.set(event.peer, proofOf(event));
        return;
      case 'received':
        this.raceOf(event.hash);
        break;
      case 'verdict':
        this.onVerdict(event);
        break;
      case 'service':
        this.onService(event);
        break;
      case 'peer-connected':
      case 'peer-lost':
        this.onPeer(event);
        break;
      default:
    }
    this.changes += 1;
  }

  /** The relay no longer accepts blocks. */
  drain(): void {
    this.draining = true;
    this.changes += 1;
  }

  /** Changes with every event except a proof. */
  get revision(): number {
    return this.changes;
  }

  services(): readonly ServiceStatus[] {
    return [...this.known.values()];
  }

  /** The result per peer of a block, as far as it is known; undefined for older blocks. */
  race(hash: string): readonly PeerProof[] | undefined {
    const race = this.races.get(hash);
    return race && [...race.proofs.values()];
  }

  tallies(): Tallies {
    const { blocks, pushes, connections } = this;
    const since = dated(this.began, this.deps.clock);
    return { since, blocks, pushes: { ...pushes }, connections: { ...connections } };
  }

  /** A degraded relay is ready: its problems cost time or proof, not the block. */
  readiness(view: Peers): Readiness {
    const { connected, dashd: own } = view.counts();
    const others = connected - Number(own);
    const rpc = this.stateOf('dashd-rpc') === 'up';
    const notReady = [...this.intakeProblems(), ...this.chainProblems(), ...deliveryProblems(own, others, rpc)];
    const degraded = [
      ...dashdProblems(own, rpc),
      ...peerProblems(others, Math.min(view.wanted.min, view.wanted.max - 1)),
      ...signerProblems(view.quorums?.()),
      ...this.otherProblems(),
    ];
    return { ready: notReady.length === 0, notReady, degraded };
  }

  /** Blocks arrive over the pool socket or the JSON-RPC proxy; one of them is enough. */
  private intakeProblems(): string[] {
    if (this.draining) return [READINESS['shutting-down']];
    if (this.stateOf('pool-socket') === 'up' || this.stateOf('json-rpc-proxy') === 'up') return [];
    const socket = this.known.get('pool-socket');
    return [fill(READINESS['no-intake'], { detail: socket?.detail || undefined })];
  }

  /** The last known problem of dashd's chain, unless dashd is gone. */
  private chainProblems(): string[] {
    const chain = this.known.get('dashd-chain');
    const isGone = this.known.get('dashd-rpc')?.code === 'unreachable';
    return chain?.state === 'down' && !isGone ? [chain.detail] : [];
  }

  private otherProblems(): string[] {
    const covered: ReadonlySet<ServiceName> = new Set<ServiceName>(['dashd-rpc', 'dashd-chain', 'peers']);
    return this.services()
      .filter(({ service, state }) => state === 'down' && !covered.has(service))
      .map(({ service, detail }) => `${SERVICE_NAMES[service]}: ${detail}`);
  }

  private stateOf(service: ServiceName): ServiceStatus['state'] {
    return this.known.get(service)?.state ?? 'unknown';
  }

  private onService({ service, state, at, code, detail }: ServiceEvent): void {
    const before = this.known.get(service) ?? unknown(service);
    this.known.set(
      service,
      state === 'fault'
        ? { ...before, faults: before.faults + 1, lastFault: { at, code, detail } }
        : { ...before, state, since: before.state === state ? (before.since ?? at) : at, code, detail },
    );
  }

  private onPeer(event: PeerEvent): void {
    const { connections } = this;
    if (event.type === 'peer-connected') connections.made += 1;
    else if (!event.wasReady) {
      connections.failed += 1;
      if (TIMEOUTS.has(event.code)) connections.timedOut += 1;
      if (event.code === 'unreachable') connections.unreachable += 1;
    }
  }

  /** A verdict may be amended: then it replaces the previous one in the counts. */
  private onVerdict(verdict: BlockVerdict): void {
    const race = this.raceOf(verdict.hash);
    race.proofs.clear();
    for (const proof of verdict.peers) race.proofs.set(proof.peer, proof);
    if (verdict.source !== 'dashd') {
      if (race.verdict === undefined) this.blocks += 1;
      else this.count(race.verdict, -1);
      this.count(verdict, 1);
    }
    race.verdict = verdict;
  }

  private count({ peersTried, peersReached, alreadyHad, failed }: BlockVerdict, times: 1 | -1): void {
    this.pushes.tried += times * (peersTried - alreadyHad);
    this.pushes.reached += times * (peersReached - alreadyHad);
    this.pushes.failed += times * failed;
  }

  /** Before a block's results are begun, since a block that is under way keeps all of its own. */
  private makeRoom(): void {
    let kept = 0;
    for (const { proofs } of this.races.values()) kept += proofs.size;
    for (const [oldest, { proofs }] of this.races) {
      if (kept <= MAX_PROOFS) break;
      this.races.delete(oldest);
      kept -= proofs.size;
    }
  }

  private raceOf(hash: string): Race {
    const found = this.races.get(hash);
    if (found !== undefined) return found;
    this.makeRoom();
    const race: Race = { proofs: new Map() };
    this.races.set(hash, race);
    return race;
  }
}

function unknown(service: ServiceName): ServiceStatus {
  return { service, state: 'unknown', code: '', detail: '', faults: 0 };
}

function proofOf({ type: _type, at: _at, hash: _hash, ...proof }: Extract<RelayEvent, { type: 'proof' }>): PeerProof {
  return proof;
}

/** Few are usual: with the default of 400 connections, a third of the signers. */
function signerProblems(report: QuorumReport | undefined): string[] {
  const signing = report?.quorums.find((quorum) => quorum.signing);
  if (signing === undefined || signing.connected > 0) return [];
  return [fill(READINESS['no-signer'], { members: signing.members })];
}

function deliveryProblems(own: boolean, others: number, rpc: boolean): string[] {
  if (own || others > 0 || rpc) return [];
  return [READINESS['no-node']];
}

function dashdProblems(own: boolean, rpc: boolean): string[] {
  if (!own && !rpc) return [READINESS['dashd-lost']];
  if (!own) return [READINESS['no-p2p']];
  if (!rpc) return [READINESS['no-rpc']];
  return [];
}

function peerProblems(others: number, min: number): string[] {
  if (min <= 0 || others >= min) return [];
  if (others === 0) return [READINESS['no-peer']];
  return [fill(READINESS['few-peers'], { count: others, min })];
}
