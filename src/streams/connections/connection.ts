/**
 * One connection to one peer, as a cold Observable: subscribing dials, unsubscribing hangs up. It emits the session's events and
 * ends with `lost`; a peer's failure is a value, never an error.
 *
 *   socket bytes ─► FrameDecoder ─┐   shares the event loop with the other connections (fair-turns.ts)
 *   multicast (push) ─► block ────┼─► session step ─► writes, events
 *   ticks$ ───────────────────────┘
 */

import { Observable, Subscription } from 'rxjs';
import { fill } from '../../messages/fill.js';
import { SESSION } from '../../messages/peers.js';
import { bytesOf, formFor, isHedged } from '../../session/form.js';
import { type LocksNeed, type LocksPush, needOf } from '../../session/locks.js';
import { sparePing, wants } from '../../session/push.js';
import { initialState, step, UNWANTED } from '../../session/step.js';
import type {
  Input,
  Output,
  PushBlock,
  Sent,
  SessionContext,
  SessionEvent,
  SessionFault,
  SessionFaultCode,
} from '../../session/types.js';
import { UNWANTED_OF_WITNESS } from '../../session/witness.js';
import { SECOND_MS } from '../../time.js';
import { type Announced, FrameDecoder, type Inbound } from '../../wire/decoder.js';
import { encodeFrame } from '../../wire/frame.js';
import type { Hash } from '../../wire/reader.js';
import type { Address, Dial, PeerSocket } from '../ports.js';
import type { FairTurns, Work } from './fair-turns.js';
import type { IsProxied } from './isolation.js';
import type { Multicast } from './multicast.js';

const DIAL_TIMEOUT_MS = 5 * SECOND_MS;
/**
 * A circuit to an onion service is three hops from either side, of which each may be slow or gone. Dash Core waits 20 s for each answer of the
 * proxy (`netbase.cpp`, g_socks5_recv_timeout).
 */
const PROXIED_DIAL_TIMEOUT_MS = 30 * SECOND_MS;
/** Answers that a peer has not read yet. A peer further behind sends requests and does not read. */
const MAX_BACKLOG_BYTES = 16 * 1024 * 1024;

const TICK: Input = { type: 'tick' };

/** A peer to be connected to. */
export interface Target extends Address {
  /** `host:port`, its key everywhere. */
  readonly peer: string;
  /** The pool's own dashd. */
  readonly protected: boolean;
  /** A member of a quorum, connected to beside the peers that the book gives (`quorum.maxPeers`). */
  readonly quorum?: true;
  /** A witness: it is never pushed a block. */
  readonly witness?: true;
}

export interface ConnectionDeps {
  readonly context: SessionContext;
  readonly dial: Dial;
  /** Whether `dial` reaches a target through the SOCKS proxy; absent where there is none. */
  readonly isProxied?: IsProxied | undefined;
  /** Milliseconds, monotonic, without the time in which this process did not run (awake.ts). */
  readonly awake: () => number;
  /** Shares the event loop between connections. */
  readonly turns: FairTurns;
  /** Pushes each block to all connections, synchronously. */
  readonly multicast: Pick<Multicast, 'join'>;
  /** Makes sessions check their timeouts: once a second. */
  readonly ticks$: Observable<unknown>;
  /** Ends the connection from our side, with a reason. Unlike unsubscribing, that emits `lost`. */
  readonly hangUp$?: Observable<SessionFault>;
}

export interface PeerLost {
  readonly type: 'lost';
  readonly fault: SessionFault;
  /** We ended it: no fault of the peer's. */
  readonly ours: boolean;
  readonly wasReady: boolean;
  /** Milliseconds since the handshake was done; 0 without one. */
  readonly uptimeMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** The first event of each connection. */
export interface PeerDialling {
  readonly type: 'dialling';
}

/** The handshake is done. */
export type PeerReady = Extract<SessionEvent, { type: 'ready' }> & {
  /** As {@link PeerSocket.endpoint} has it. */
  readonly endpoint?: string | undefined;
};

export type ConnectionEvent = PeerDialling | Exclude<SessionEvent, { type: 'ready' }> | PeerReady | PeerLost;

export function connection(target: Target, deps: ConnectionDeps): Observable<ConnectionEvent> {
  return new Observable((subscriber) => {
    const { context, awake, turns } = deps;
    const isWitness = target.witness === true;
    const decoder = new FrameDecoder(context.network.magic, isWitness ? UNWANTED_OF_WITNESS : UNWANTED);
    const inputs = new Subscription();
    let state = initialState(awake(), target.protected);
    let readySince: number | undefined;
    /** The last block pushed, and how it was written; if it was not, it waits in the session's queue. */
    let handed: { readonly hash: Hash; readonly sent?: Sent } | undefined;

    /** Bytes to be decoded, and the messages of the chunk that is being decoded. */
    const chunks: Buffer[] = [];
    let reading: Iterator<Inbound | Announced> | undefined;
    const inbox: Work = {
      step() {
        reading ??= nextChunk();
        if (reading === undefined) return false;
        const { done, value } = reading.next();
        if (done === true) reading = undefined;
        else feed({ type: 'received', inbound: value });
        return reading !== undefined || chunks.length > 0;
      },
      done: () => socket.resume(),
    };

    function nextChunk(): Iterator<Inbound | Announced> | undefined {
      const chunk = chunks.shift();
      return chunk && decoder.read(chunk);
    }

    function stopReading(): void {
      turns.leave(inbox);
      chunks.length = 0;
      reading = undefined;
    }

    subscriber.next({ type: 'dialling' });
    const socket: PeerSocket = deps.dial(
      target,
      deps.isProxied?.(target) === true ? PROXIED_DIAL_TIMEOUT_MS : DIAL_TIMEOUT_MS,
      {
        connected: () => feed({ type: 'connected' }),
        data: (chunk) => {
          chunks.push(chunk);
          if (!turns.offer(inbox)) socket.pause();
        },
        closed: (code, detail) => end(code, detail),
      },
    );

    function feed(input: Input): void {
      const [next, outputs] = step(context, state, input, awake());
      state = next;
      carryOut(outputs);
    }

    /** Writes the block to the socket and nothing else: a step of the session here would delay the next peer's write. */
    function push(block: PushBlock, question: Buffer): void {
      if (inputs.closed) return;
      const { hash } = block;
      if (!wants(state, block)) {
        handed = { hash };
        return;
      }
      const form = formFor(state, block);
      // Built beforehand, except in a burst of blocks.
      const ping = state.spare ?? sparePing(context);
      // One system call: a second one for the question would cost as much as the first, and wake the peer's process twice.
      socket.write([bytesOf(block, form), question, ping.frame], () => feed({ type: 'written', hash }));
      handed = { hash, sent: { form, question, ping } };
    }

    /** Only for the block last pushed: a ping with no block in front of it would prove a delivery that did not happen. */
    function settle(block: PushBlock): number {
      if (inputs.closed || handed?.hash !== block.hash) return 0;
      const { sent } = handed;
      const hedged = sent?.form === 'compact' && isHedged(state, block) ? block.frame.length : 0;
      feed({ type: 'push', block, sent });
      return sent === undefined ? 0 : bytesOf(block, sent.form).length + hedged;
    }

    function offer(block: PushBlock): void {
      if (!inputs.closed) feed({ type: 'offer', block });
    }

    function relay(locks: LocksPush): LocksNeed {
      const need = inputs.closed ? 'away' : needOf(state, locks);
      if (need === 'lacks') socket.write([locks.frame]);
      return need;
    }

    function isBehind(): boolean {
      return socket.backlog > MAX_BACKLOG_BYTES;
    }

    function carryOut(outputs: readonly Output[]): void {
      // A tick of most sessions in most seconds.
      if (outputs.length === 0) return;
      write(outputs);
      for (const output of outputs) {
        if (output.type === 'event') emit(output.event);
        else if (output.type === 'close') lose(output.fault);
      }
    }

    function emit(event: SessionEvent): void {
      if (event.type !== 'ready') {
        subscriber.next(event);
        return;
      }
      readySince = awake();
      subscriber.next({ ...event, endpoint: socket.endpoint });
    }

    /** One write for all of a step's bytes, and one more for each block, before the step's events are emitted. */
    function write(outputs: readonly Output[]): void {
      const [answers, ...blocks] = writesOf(outputs, context.network.magic);
      if (answers !== undefined && answers.buffers.length > 0) {
        // A peer that sends requests without reading would fill our memory with answers. What we push is bounded by the session.
        const isAnswer = outputs.some(({ type }) => type === 'send');
        if (isAnswer && isBehind() && !target.protected) {
          end('backlog', fill(SESSION.backlog, { bytes: socket.backlog }));
          return;
        }
        socket.write(answers.buffers);
      }
      for (const { hash, buffers } of blocks) socket.write(buffers, () => feed({ type: 'written', hash }));
    }

    function end(code: SessionFaultCode, detail: string): void {
      feed({ type: 'closed', fault: { code, detail } });
    }

    function lose(fault: SessionFault): void {
      inputs.unsubscribe();
      stopReading();
      const { bytesIn, bytesOut } = socket;
      socket.destroy();
      const ours = fault.code === 'rotated-out';
      const wasReady = readySince !== undefined;
      const now = awake();
      const uptimeMs = now - (readySince ?? now);
      subscriber.next({ type: 'lost', fault, ours, wasReady, uptimeMs, bytesIn, bytesOut });
      subscriber.complete();
    }

    const { peer, protected: isProtected } = target;
    // A witness is on no list of those who are written to: a push does not even pass it over.
    if (!isWitness)
      inputs.add(deps.multicast.join({ peer, protected: isProtected, write: push, settle, offer, relay }));
    inputs.add(deps.ticks$.subscribe(() => feed(TICK)));
    inputs.add(deps.hangUp$?.subscribe(({ code, detail }) => end(code, detail)));

    return () => {
      inputs.unsubscribe();
      stopReading();
      socket.destroy();
    };
  });
}

interface Write {
  readonly hash: Hash;
  readonly buffers: Buffer[];
}

/** The bytes up to the first block, then each block with the bytes behind it. */
function writesOf(outputs: readonly Output[], magic: Buffer): Write[] {
  const writes: Write[] = [{ hash: '', buffers: [] }];
  for (const output of outputs) {
    if (output.type === 'block')
      writes.push({ hash: output.block.hash, buffers: [bytesOf(output.block, output.form)] });
    else if (output.type === 'send') writes.at(-1)?.buffers.push(encodeFrame(magic, output.message));
    else if (output.type === 'write') writes.at(-1)?.buffers.push(output.bytes);
  }
  return writes;
}
