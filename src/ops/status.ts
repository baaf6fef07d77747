/**
 * What stands, as far as events alone tell it: how the services around the relay are, the races under way, what came of
 * connections and broadcasts since the start; and whether a block pushed now would get anywhere.
 */
import { BoundedMap } from '../common/bounded.js';
import type { BlockVerdict, PeerEvent, PeerProof, RelayEvent, ServiceEvent } from '../contracts/events.js';
import { SERVICE_NAMES } from '../contracts/services.js';
import type { RelayView } from '../contracts/view.js';
import { type Clock, dated, type Moment, momentOf } from '../time.js';
import type { ServiceStatus } from './http/api.js';

export interface Readiness {
  /** True when a block pushed now would be taken and would reach somebody. */
  readonly ready: boolean;
  /** Why not, in words. */
  readonly notReady: readonly string[];
  /** What is amiss though blocks go out, in words. */
  readonly degraded: readonly string[];
}

export interface Tallies {
  /** When counting began, ms since the epoch. */
  readonly since: number;
  /** Of the pool, with a verdict. */
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
type Peers = Pick<RelayView, 'peers' | 'wanted'>;

/** Races kept, those with a verdict among them: proofs still come after it. The history has the others. */
const MAX_RACES = 256;
/** Told of from the start, heard of or not: without them nothing works. */
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

  /** Takes an event in; microseconds. */
  listen(event: RelayEvent): void {
    switch (event.type) {
      case 'proof':
        // Only a race's own page tells of it: whoever keeps a copy of the rest need not make it anew.
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

  /** From now on the relay takes no more blocks. */
  drain(): void {
    this.draining = true;
    this.changes += 1;
  }

  /** Another number whenever something other than a single proof was told. */
  get revision(): number {
    return this.changes;
  }

  services(): readonly ServiceStatus[] {
    return [...this.known.values()];
  }

  /** Who was written, who acknowledged, who accepted a block, as far as it is known; undefined for blocks of long ago. */
  race(hash: string): readonly PeerProof[] | undefined {
    const race = this.races.get(hash);
    return race && [...race.proofs.values()];
  }

  tallies(): Tallies {
    const { blocks, pushes, connections } = this;
    const since = dated(this.began, this.deps.clock);
    return { since, blocks, pushes: { ...pushes }, connections: { ...connections } };
  }

  /** A degraded relay is ready: what is amiss costs time or proof, not the block. */
  readiness(view: Peers): Readiness {
    const connected = view.peers().filter(({ state }) => state === 'connected');
    const own = connected.some((peer) => peer.protected);
    const others = connected.length - Number(own);
    const rpc = this.stateOf('dashd-rpc') === 'up';
    const notReady = [...this.closedDoors(), ...this.chainTroubles(), ...nobody(own, others, rpc)];
    const degraded = [
      ...dashdTroubles(own, rpc),
      ...peerTroubles(others, Math.min(view.wanted.min, view.wanted.max - 1)),
      ...this.sideTroubles(),
    ];
    return { ready: notReady.length === 0, notReady, degraded };
  }

  /** Blocks come through the pool socket or the JSON-RPC proxy; one of them is enough to be ready. */
  private closedDoors(): string[] {
    if (this.draining) return ['the relay is stopping and takes no more blocks'];
    if (this.stateOf('pool-socket') === 'up' || this.stateOf('json-rpc-proxy') === 'up') return [];
    const socket = this.known.get('pool-socket');
    return [`no block can be handed in: the pool socket is not open${socket?.detail ? ` (${socket.detail})` : ''}`];
  }

  /** What dashd last said of its chain holds until it answers again, or is gone. */
  private chainTroubles(): string[] {
    const chain = this.known.get('dashd-chain');
    const isGone = this.known.get('dashd-rpc')?.code === 'unreachable';
    return chain?.state === 'down' && !isGone ? [chain.detail] : [];
  }

  private sideTroubles(): string[] {
    const told: ReadonlySet<ServiceName> = new Set<ServiceName>(['dashd-rpc', 'dashd-chain', 'peers']);
    return this.services()
      .filter(({ service, state }) => state === 'down' && !told.has(service))
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

  /** A verdict may be amended: then it counts instead of the one before. */
  private onVerdict(verdict: BlockVerdict): void {
    const race = this.raceOf(verdict.hash);
    race.proofs.clear();
    for (const proof of verdict.peers) race.proofs.set(proof.peer, proof);
    if (verdict.source === 'pool') {
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

  private raceOf(hash: string): Race {
    const found = this.races.get(hash);
    if (found !== undefined) return found;
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

function nobody(own: boolean, others: number, rpc: boolean): string[] {
  if (own || others > 0 || rpc) return [];
  return ['a block would reach nobody: dashd answers neither over P2P nor over RPC, and no peer is connected'];
}

function dashdTroubles(own: boolean, rpc: boolean): string[] {
  if (!own && !rpc) return ["the pool's own dashd is out of reach: blocks go to the other peers alone"];
  if (!own) return ["the pool's own dashd is not connected as a peer: blocks reach it over RPC alone"];
  if (!rpc) return ['dashd does not answer over RPC: blocks are not submitted to it, only pushed'];
  return [];
}

function peerTroubles(others: number, min: number): string[] {
  if (min <= 0 || others >= min) return [];
  if (others === 0) return ["no peer but the pool's own dashd can be reached: blocks go through it alone"];
  return [`${others} peers are connected, at least ${min} are wanted`];
}
