/**
 * A found block is rare, so the code that it passes through would be cold: not compiled, its call sites without type feedback. So practice
 * blocks go through the real gate, broadcast and sessions to peers that do not exist, at the start. Long messages of peers are practised
 * too: a flood must not be the first to run the code that rejects it.
 */
import { firstValueFrom, NEVER, Subject, startWith, VirtualTimeScheduler } from 'rxjs';
import { HEADER_SIZE, hashHeader } from '../../block/x11.js';
import { PROTOCOL_VERSION } from '../../session/limits.js';
import { UNWANTED } from '../../session/step.js';
import { type Clock, type Random, SECOND_MS } from '../../time.js';
import { FrameDecoder } from '../../wire/decoder.js';
import { encodeFrame, FRAME_HEADER_BYTES, frameOf } from '../../wire/frame.js';
import { longAddresses, longHeaders, longInventory } from '../../wire/longest.js';
import { NETWORKS } from '../../wire/network.js';
import { ZERO_HASH } from '../../wire/reader.js';
import { createConnections } from '../connections/connections.js';
import { type OpenSocket, socket } from '../connections/socket.js';
import type { Dial, NextTurn, Rpc } from '../ports.js';
import { Broadcaster } from './broadcast.js';
import { Gatekeeper, type GateResult } from './gatekeeper.js';
import { createIntake } from './intake.js';
import { practiceBlock } from './practice-block.js';
import { RecentStore } from './recent.js';
import { ChainTip } from './tip.js';

/** More make the first block no faster (`npm run bench`). */
const BLOCKS = 50;
const PEERS = 20;
/** Times that each list is decoded. */
const READINGS = 10;
/** Entries of a practice inventory. */
const ITEMS = 10_000;
/** Odd on the way up the merkle tree, as most are; together about 15 KB, as real won blocks have: enough for a compact form. */
const WHOLE = { transactions: 9, scriptBytes: 1_600 };

const network = NETWORKS.regtest;

export interface WarmUpPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly nextTurn: NextTurn;
  /**
   * A loop through ZeroMQ. To V8, a buffer made by a native addon differs from one made by Node: code optimised for the latter alone would be
   * deoptimised by the pool's first frame.
   */
  readonly createLoop: () => Promise<{ readonly open: OpenSocket; send(bytes: Buffer): Promise<void> }>;
}

let warming: Promise<void> | undefined;

/**
 * Takes a quarter of a second, once per process: further calls wait for the first. `loadX11()` must have been awaited.
 * @throws Error when a practice block does not pass the gate or ZeroMQ, which is a programmer's mistake
 */
export function warmUp(ports: WarmUpPorts): Promise<void> {
  warming ??= practise(ports);
  return warming;
}

async function practise({ clock, random, nextTurn, createLoop }: WarmUpPorts): Promise<void> {
  // Virtual time that stands still: no timer that is set here ever fires, or keeps the process alive.
  const scheduler = new VirtualTimeScheduler();
  const tip = new ChainTip();
  const recent = new RecentStore();
  const gate = new Gatekeeper(network, tip, clock);
  const targets = Array.from({ length: PEERS }, (_, peer) => ({
    host: '',
    port: peer,
    peer: `${peer}`,
    protected: false,
  }));
  const connections = createConnections({
    context: { network, userAgent: '/', wallClock: () => 0, height: () => 0, random, recent, hashHeader },
    dial: dialNobody,
    clock,
    scheduler,
    nextTurn,
    protectedPeer: undefined,
    targets$: NEVER.pipe(startWith(targets)),
  });
  const broadcaster = new Broadcaster({
    network,
    connections,
    rpc: silentRpc,
    recent,
    tip,
    clock,
    random,
    scheduler,
    nextTurn,
    fallback: true,
  });
  const listening = connections.events$.subscribe((news) => broadcaster.onPeer(news));
  const done$ = new Subject<void>();
  const emit = ({ type }: { readonly type: string }): void => done$.error(new Error(`a practice block is ${type}`));
  const intake = createIntake({
    gate: { fromPool: (frames) => undoubted(gate.fromPool(frames)), fromFeed: () => undefined },
    broadcaster,
    emit,
  });
  const closing = new Set<Promise<void>>();
  const loop = await createLoop();
  const frames = socket(loop.open, closing).subscribe((news) => {
    if (news.type === 'state') return done$.error(new Error(`a practice block did not arrive: ${news.detail}`));
    intake.fromPool(news.frames);
    done$.next();
  });
  const pass = (raw: Buffer) => Promise.all([firstValueFrom(done$), loop.send(raw)]);
  let previous = ZERO_HASH;
  // Compact forms are made on a recent tip alone.
  const firstTime = Math.floor(clock.now() / SECOND_MS) - BLOCKS;
  for (let block = 0; block < BLOCKS; block += 1) {
    const raw = practiceBlock(previous, { ...WHOLE, time: firstTime + block });
    await pass(raw);
    previous = hashHeader(raw.subarray(0, HEADER_SIZE));
  }
  await readLists(nextTurn);
  listening.unsubscribe();
  frames.unsubscribe();
  await Promise.all(closing);
}

/** A block in doubt waits for dashd: it would practise another path than the one that counts. */
function undoubted(result: GateResult): GateResult {
  const doubt = result.type === 'block' ? result.doubts[0] : undefined;
  if (doubt !== undefined) throw new Error(`a practice block is in doubt: ${doubt.code}: ${doubt.reason}`);
  return result;
}

/** One list per turn of the event loop: the pool's socket is open by now. */
async function readLists(nextTurn: NextTurn): Promise<void> {
  const items = longInventory(ITEMS);
  const lists = { addr: longAddresses(), headers: longHeaders(), inv: items, getdata: items };
  const frames = Object.entries(lists).map(([command, payload]) => frameOf(network.magic, command, payload));
  for (const frame of Array.from({ length: READINGS }, () => frames).flat()) {
    const [read] = [...new FrameDecoder(network.magic, UNWANTED).read(frame)].slice(-1);
    if (read?.kind !== 'message') throw new Error(`a practice list is read as ${read?.kind}`);
    await new Promise<void>((resolve) => nextTurn(resolve));
  }
}

/** A ping with its nonce; no other message that is written here has this length. */
const PING_BYTES = FRAME_HEADER_BYTES + 8;
/** Of each second peer: it takes compact blocks, so that both forms are practised. */
const SENDCMPCT = encodeFrame(network.magic, { command: 'sendcmpct', highBandwidth: true, version: 1n });

/**
 * A peer that finishes its handshake and accepts everything: to the ping behind a block it answers `pong`, behind a `cmpctblock` with the
 * block's header in front, since a pong alone would ask for the whole block.
 */
const dialNobody: Dial = ({ port }, _timeoutMs, handlers) => {
  let shown: Buffer | undefined;
  queueMicrotask(() => {
    handlers.connected();
    handlers.data(GREETING);
    if (port % 2 === 1) handlers.data(SENDCMPCT);
  });
  return {
    write: (buffers, taken) => {
      shown = buffers.find(isCompact)?.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + HEADER_SIZE) ?? shown;
      const ping = buffers.find((buffer) => buffer.length === PING_BYTES);
      queueMicrotask(() => {
        taken?.();
        if (ping === undefined) return;
        if (shown !== undefined) handlers.data(encodeFrame(network.magic, { command: 'headers', headers: [shown] }));
        shown = undefined;
        handlers.data(frameOf(network.magic, 'pong', ping.subarray(FRAME_HEADER_BYTES)));
      });
    },
    backlog: 0,
    bytesIn: 0,
    bytesOut: 0,
    pause: () => undefined,
    resume: () => undefined,
    destroy: () => undefined,
  };
};

function isCompact(frame: Buffer): boolean {
  return frame.subarray(4, 14).equals(CMPCTBLOCK);
}

const CMPCTBLOCK = Buffer.from('cmpctblock');
const NOWHERE = { services: 0n, host: '0.0.0.0', port: 0 } as const;
const GREETING = Buffer.concat([
  encodeFrame(network.magic, {
    command: 'version',
    version: PROTOCOL_VERSION,
    services: 0n,
    time: 0n,
    receiver: NOWHERE,
    sender: NOWHERE,
    nonce: 0n,
    userAgent: '',
    height: 0,
    relay: false,
    mnauthChallenge: Buffer.alloc(32),
    masternode: false,
  }),
  encodeFrame(network.magic, { command: 'verack' }),
]);

const silentRpc: Rpc = {
  call: async () => ({ ok: true, result: null }),
  submitBlock: async () => ({ ok: true, result: null }),
  submitConnectionPing: async () => ({ ok: true, result: null }),
};
