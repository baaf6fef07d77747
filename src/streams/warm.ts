/**
 * A found block is rare, so the code it passes through would be cold when it comes: not compiled, each call site still to be learned.
 * So practice blocks go through the real gate, broadcast and sessions to peers that are not there, before anything else is under
 * way. What warms the processor's caches is in rehearsal.ts: they forget.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { NEVER, startWith, VirtualTimeScheduler } from 'rxjs';
import { hashHeader } from '../block/x11.js';
import { PROTOCOL_VERSION } from '../session/limits.js';
import type { Clock, Random } from '../time.js';
import { encodeFrame } from '../wire/frame.js';
import { NETWORKS } from '../wire/network.js';
import { ZERO_HASH } from '../wire/reader.js';
import { Gatekeeper } from './blocks.js';
import { Broadcaster } from './broadcast.js';
import { createPool } from './pool.js';
import type { Dial, Rpc } from './ports.js';
import { practiceBlock } from './practice-block.js';
import { RecentStore } from './recent.js';
import { ChainTip } from './tip.js';

/** More make the first block no faster (`npm run bench`). */
const BLOCKS = 50;
const PEERS = 20;

const network = NETWORKS.regtest;

let warming: Promise<void> | undefined;

/**
 * Takes an eighth of a second, once a process: further calls wait for the first. `loadX11()` must have been awaited.
 * @throws Error when the gate does not let a practice block pass, which is a programmer's mistake
 */
export function warmUp(ports: { readonly clock: Clock; readonly random: Random }): Promise<void> {
  warming ??= practise(ports);
  return warming;
}

async function practise({ clock, random }: { readonly clock: Clock; readonly random: Random }): Promise<void> {
  // Its time stands still: no timer that is set here ever fires, or keeps the process alive.
  const scheduler = new VirtualTimeScheduler();
  const tip = new ChainTip();
  const recent = new RecentStore();
  const gate = new Gatekeeper(network, tip, clock);
  const targets = Array.from({ length: PEERS }, (_, peer) => ({
    host: '',
    port: 0,
    peer: `${peer}`,
    protected: false,
  }));
  const pool = createPool({
    context: { network, userAgent: '/', height: () => 0, random, recent, hashHeader },
    dial: dialNobody,
    clock,
    scheduler,
    protectedPeer: undefined,
    targets$: NEVER.pipe(startWith(targets)),
  });
  const broadcaster = new Broadcaster({ network, pool, rpc: silentRpc, recent, tip, clock, scheduler, fallback: true });
  const connections = pool.events$.subscribe((news) => broadcaster.onPeer(news));
  let previous = ZERO_HASH;
  for (let block = 0; block < BLOCKS; block += 1) {
    await nextTurn();
    const admission = gate.fromPool([practiceBlock(previous)]);
    if (admission.type !== 'block') throw new Error(`a practice block is ${admission.type}`);
    broadcaster.send(admission);
    previous = admission.block.hash;
  }
  connections.unsubscribe();
}

/** A peer that finishes its handshake, takes everything and says nothing. */
const dialNobody: Dial = (_address, _timeoutMs, handlers) => {
  queueMicrotask(() => {
    handlers.connected();
    handlers.data(GREETING);
  });
  return {
    write: (_buffers, taken) => taken && queueMicrotask(taken),
    backlog: 0,
    bytesIn: 0,
    bytesOut: 0,
    destroy: () => undefined,
  };
};

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
