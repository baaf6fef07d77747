/** A pool's side of the relay, for one block: PUSH it, and hear over SUB what becomes of it. */
import { Push, Subscriber } from 'zeromq';
import { connectInTurn } from '../adapters/zmq-connect.js';
import type { BlockEvent } from '../contracts/events.js';
import { parseBlockEvent } from '../delivery/block-event.js';

export interface CurveClient {
  readonly publicKey: string;
  readonly secretKey: string;
  readonly serverKey: string;
}

export interface PushRequest {
  readonly raw: Buffer;
  /** The block's hash; absent when the bytes hold no header. */
  readonly hash?: string | undefined;
  /** Of `raw`, in hex: a refusal of what has no hash names it. */
  readonly sha256: string;
  /** The relay's sockets, as to connect to them. */
  readonly pool: string;
  readonly events: string;
  readonly curve?: CurveClient | undefined;
  /** The longest silence, in milliseconds: until the relay's first word, and between words after that. */
  readonly timeoutMs: number;
  readonly stop: AbortSignal;
}

export type PushOutcome =
  | { readonly code: 'verdict'; readonly success: boolean }
  | { readonly code: 'refused' }
  /** The relay had the block before; what came of it was told then. */
  | { readonly code: 'repeated' }
  /** It took the block, but did not say what became of it in time. */
  | { readonly code: 'no verdict' }
  | { readonly code: 'no answer'; readonly endpoint: string; readonly what: 'unreachable' | 'keys refused' | 'silent' }
  | { readonly code: 'stopped' };

/**
 * The events socket is subscribed to, and its handshake done, before the pool's is connected, so no word about this block is
 * missed.
 * @param onEvent hears each event about it
 */
export async function pushBlock(request: PushRequest, onEvent: (event: BlockEvent) => void): Promise<PushOutcome> {
  // An abort that is past is not announced again.
  if (request.stop.aborted) return { code: 'stopped' };
  const curve = curveOptions(request.curve);
  const events = new Subscriber({ ...curve, linger: 0 });
  // Without `immediate` a block would be queued for a relay that is not there.
  const pool = new Push({ ...curve, linger: 0, immediate: true });
  const silence = new Silence(request.timeoutMs, request.stop, () => {
    events.close();
    pool.close();
  });
  try {
    const subscribed = handshake(events, silence);
    connectInTurn(events, request.events);
    events.subscribe();
    const listening = await subscribed;
    if (listening !== 'live') return ended(request.events, listening, silence);

    const connected = handshake(pool, silence);
    connectInTurn(pool, request.pool);
    const pushing = await connected;
    if (pushing !== 'live') return ended(request.pool, pushing, silence);

    await pool.send(request.raw);
    return await follow(events, request, silence, onEvent);
  } finally {
    silence.end();
    events.close();
    pool.close();
  }
}

async function follow(
  events: Subscriber,
  request: PushRequest,
  silence: Silence,
  onEvent: (event: BlockEvent) => void,
): Promise<PushOutcome> {
  let taken = false;
  for await (const [message] of events) {
    const event = message && parseBlockEvent(message);
    if (event === undefined || !isAbout(event, request)) continue;
    silence.broken();
    onEvent(event);
    if (event.type === 'verdict') return { code: 'verdict', success: event.success };
    if (event.type === 'refused') return { code: 'refused' };
    // Somebody else may have pushed it a moment before: then its verdict is still to come.
    if (event.type === 'repeated' && !taken) return { code: 'repeated' };
    taken = true;
  }
  if (silence.stopped) return { code: 'stopped' };
  return taken ? { code: 'no verdict' } : { code: 'no answer', endpoint: request.events, what: 'silent' };
}

function isAbout(event: BlockEvent, { hash, sha256 }: PushRequest): boolean {
  if (event.type === 'refused') return event.sha256 === sha256;
  return event.hash === hash;
}

function ended(endpoint: string, why: 'keys refused' | 'closed', silence: Silence): PushOutcome {
  if (silence.stopped) return { code: 'stopped' };
  return { code: 'no answer', endpoint, what: why === 'closed' ? 'unreachable' : why };
}

/** Resolves when the socket's connection is of use, when it never will be, or when its time is over. */
function handshake(socket: Subscriber | Push, silence: Silence): Promise<'live' | 'keys refused' | 'closed'> {
  return new Promise((resolve) => {
    socket.events.on('handshake', () => resolve('live'));
    socket.events.on('handshake:error:auth', () => resolve('keys refused'));
    socket.events.on('handshake:error:protocol', () => resolve('keys refused'));
    silence.onEnd(() => resolve('closed'));
  });
}

function curveOptions(curve: CurveClient | undefined) {
  if (curve === undefined) return {};
  return { curvePublicKey: curve.publicKey, curveSecretKey: curve.secretKey, curveServerKey: curve.serverKey };
}

/** Ends a wait when nothing was heard for too long, or when the process is to stop. */
class Silence {
  private timer: NodeJS.Timeout | undefined;
  private readonly listeners: (() => void)[] = [];
  private readonly over = () => {
    this.end();
    for (const listener of this.listeners) listener();
  };

  constructor(
    private readonly limitMs: number,
    private readonly stop: AbortSignal,
    onEnd: () => void,
  ) {
    this.listeners.push(onEnd);
    stop.addEventListener('abort', this.over, { once: true });
    this.broken();
  }

  get stopped(): boolean {
    return this.stop.aborted;
  }

  broken(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.over, this.limitMs);
  }

  onEnd(listener: () => void): void {
    this.listeners.push(listener);
  }

  end(): void {
    clearTimeout(this.timer);
    this.stop.removeEventListener('abort', this.over);
  }
}
