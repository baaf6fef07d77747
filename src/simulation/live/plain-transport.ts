/**
 * TCP timing for small networks, with paths that can be cut: a latency for each pair of hosts, a jitter for each message, and one FIFO
 * uplink for each host. Loss, windows and retransmissions of single segments are left out: where they matter, net/ has them.
 *
 * A path that is cut loses everything. TCP sends again, at intervals that double: what was sent meanwhile arrives with the first attempt
 * after the path is open.
 */
import { type Engine, MICROS_PER_MS, type Micros } from '../engine.js';
import type { Carrier, HostId, Link } from '../network/carrier.js';
import type { RunRandom } from '../random.js';

export interface PlainHost {
  /** Milliseconds from the host to the core of the network. */
  readonly accessMs: number;
  /** Bytes per second. */
  readonly up: number;
}

interface PlainLink extends Link {
  isClosed: boolean;
  /** When the last message of each direction arrives: those behind it come no earlier. */
  readonly lastArrival: { fromA: Micros; fromB: Micros };
}

/** From one process to another on the same machine. */
const LOOPBACK: Micros = 50;
/** Between two places of the world, one way. */
const CORE_MS: readonly [number, number] = [2, 90];
const MAX_JITTER_MS = 2;
/** Linux' shortest and longest pause before it sends again: `TCP_RTO_MIN`, `TCP_RTO_MAX`. */
const FIRST_RETRY: Micros = 200 * MICROS_PER_MS;
const LONGEST_RETRY: Micros = 120_000 * MICROS_PER_MS;

export class PlainTransport implements Carrier<PlainLink> {
  private readonly hosts: PlainHost[] = [];
  /** When each host's uplink is free. */
  private readonly freeAt: Micros[] = [];
  private readonly core = new Map<string, Micros>();
  private readonly cuts = new Map<string, number>();
  /** What was sent into a path that is cut. */
  private readonly held = new Map<string, (() => void)[]>();
  private readonly random: RunRandom;
  private readonly jitter: RunRandom;

  constructor(private readonly deps: { readonly engine: Engine; readonly random: RunRandom }) {
    this.random = deps.random.fork('paths');
    this.jitter = deps.random.fork('jitter');
  }

  addHost(host: PlainHost): HostId {
    this.freeAt.push(0);
    return this.hosts.push(host) - 1;
  }

  connect(a: HostId, b: HostId): PlainLink {
    return { a, b, isClosed: false, lastArrival: { fromA: 0, fromB: 0 } };
  }

  /** @param arrived runs when the receiver has the last byte; messages of one direction arrive in order */
  send(link: PlainLink, from: HostId, bytes: number, arrived: () => void): void {
    const { engine } = this.deps;
    const to = from === link.a ? link.b : link.a;
    const sent = engine.now;
    const go = (): void => {
      const direction = from === link.a ? 'fromA' : 'fromB';
      const at = Math.max(link.lastArrival[direction], this.leave(from, to, bytes, sent) + this.travel(from, to));
      link.lastArrival[direction] = at;
      engine.at(at, () => {
        if (!link.isClosed) arrived();
      });
    };
    if (this.isCut(from, to)) this.hold(from, to, go);
    else go();
  }

  /** Median, without jitter. */
  roundTrip(a: HostId, b: HostId): Micros {
    return 2 * this.latency(a, b);
  }

  /** Nothing of it arrives any more. */
  close(link: PlainLink): void {
    link.isClosed = true;
  }

  /** Cuts the path between two hosts, both ways; a host has one to itself as well. @returns a function that undoes this cut */
  cut(a: HostId, b: HostId): () => void {
    const path = pathOf(a, b);
    this.cuts.set(path, (this.cuts.get(path) ?? 0) + 1);
    let isUndone = false;
    return () => {
      if (isUndone) return;
      isUndone = true;
      this.cuts.set(path, (this.cuts.get(path) ?? 0) - 1);
      if (this.isCut(a, b)) return;
      const held = this.held.get(path) ?? [];
      this.held.delete(path);
      for (const go of held) go();
    };
  }

  private isCut(a: HostId, b: HostId): boolean {
    return (this.cuts.get(pathOf(a, b)) ?? 0) > 0;
  }

  private hold(a: HostId, b: HostId, go: () => void): void {
    const path = pathOf(a, b);
    this.held.set(path, [...(this.held.get(path) ?? []), go]);
  }

  /** @returns when the last byte leaves the host, which sends what was sent before first */
  private leave(from: HostId, to: HostId, bytes: number, sent: Micros): Micros {
    const at = nextAttempt(sent, this.deps.engine.now);
    const host = this.hosts[from];
    if (from === to || host === undefined) return at;
    const free = Math.max(at, this.freeAt[from] ?? 0) + Math.round((bytes / host.up) * 1_000 * MICROS_PER_MS);
    this.freeAt[from] = free;
    return free;
  }

  private travel(a: HostId, b: HostId): Micros {
    if (a === b) return LOOPBACK;
    return this.latency(a, b) + this.jitter.between(0, MAX_JITTER_MS * MICROS_PER_MS);
  }

  private latency(a: HostId, b: HostId): Micros {
    if (a === b) return LOOPBACK;
    const path = pathOf(a, b);
    const known = this.core.get(path);
    if (known !== undefined) return known;
    const access = (this.hosts[a]?.accessMs ?? 0) + (this.hosts[b]?.accessMs ?? 0);
    const drawn = Math.round((access + this.random.fork(path).between(...CORE_MS)) * MICROS_PER_MS);
    this.core.set(path, drawn);
    return drawn;
  }
}

function pathOf(a: HostId, b: HostId): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

/** The first attempt not before `now`, of those that begin with `sent`. */
function nextAttempt(sent: Micros, now: Micros): Micros {
  let at = sent;
  for (let pause = FIRST_RETRY; at < now; pause = Math.min(LONGEST_RETRY, 2 * pause)) at += pause;
  return at;
}
