/** The pool's side of the protocol, for one block: sends it to the relay's PULL socket, and receives the events about it from the PUB socket. */
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
  /** The block's hash; absent when the bytes are too short for a header. */
  readonly hash?: string | undefined;
  /** SHA-256 of `raw`, in hex: identifies the refusal of a frame without a hash. */
  readonly sha256: string;
  /** Endpoints of the relay's sockets. */
  readonly pool: string;
  readonly events: string;
  readonly curve?: CurveClient | undefined;
  /** The longest time without an event, in milliseconds. */
  readonly timeoutMs: number;
  readonly stop: AbortSignal;
}

export type PushOutcome =
  | { readonly code: 'verdict'; readonly success: boolean }
  | { readonly code: 'refused' }
  /** The relay already had the block, and has emitted its events before. */
  | { readonly code: 'repeated' }
  /** The relay received the block, but sent no verdict in time. */
  | { readonly code: 'no-verdict' }
  | { readonly code: 'no-answer'; readonly endpoint: string; readonly what: 'unreachable' | 'keys-refused' | 'silent' }
  | { readonly code: 'stopped' };

/**
 * Pushes a block and follows its events to the end. The subscription's handshake is complete before the block is pushed, so that no
 * event is missed.
 * @param onEvent called with each event about the block
 */
export async function pushBlock(request: PushRequest, onEvent: (event: BlockEvent) => void): Promise<PushOutcome> {
  // A signal that is already aborted emits no event.
  if (request.stop.aborted) return { code: 'stopped' };
  const curve = curveOptions(request.curve);
  const events = new Subscriber({ ...curve, linger: 0 });
  // Without `immediate` the block would be queued for a connection that may never complete.
  const pool = new Push({ ...curve, linger: 0, immediate: true });
  const timeout = new InactivityTimeout(request.timeoutMs, request.stop, () => {
    events.close();
    pool.close();
  });
  try {
    const subscribed = handshake(events, timeout);
    connectInTurn(events, request.events);
    events.subscribe();
    const listening = await subscribed;
    if (listening !== 'live') return ended(request.events, listening, timeout);

    const connected = handshake(pool, timeout);
    connectInTurn(pool, request.pool);
    const pushing = await connected;
    if (pushing !== 'live') return ended(request.pool, pushing, timeout);

    await pool.send(request.raw);
    return await follow(events, request, timeout, onEvent);
  } finally {
    timeout.end();
    events.close();
    pool.close();
  }
}

async function follow(
  events: Subscriber,
  request: PushRequest,
  timeout: InactivityTimeout,
  onEvent: (event: BlockEvent) => void,
): Promise<PushOutcome> {
  let taken = false;
  for await (const [message] of events) {
    const event = message && parseBlockEvent(message);
    if (event === undefined || !isAbout(event, request)) continue;
    timeout.restart();
    onEvent(event);
    if (event.type === 'verdict') return { code: 'verdict', success: event.success };
    if (event.type === 'refused') return { code: 'refused' };
    // After `received`, `repeated` means that another client pushed the block as well: the verdict is still to come.
    if (event.type === 'repeated' && !taken) return { code: 'repeated' };
    taken = true;
  }
  if (timeout.stopped) return { code: 'stopped' };
  return taken ? { code: 'no-verdict' } : { code: 'no-answer', endpoint: request.events, what: 'silent' };
}

function isAbout(event: BlockEvent, { hash, sha256 }: PushRequest): boolean {
  if (event.type === 'refused') return event.sha256 === sha256;
  return event.hash === hash;
}

function ended(endpoint: string, why: 'keys-refused' | 'closed', timeout: InactivityTimeout): PushOutcome {
  if (timeout.stopped) return { code: 'stopped' };
  return { code: 'no-answer', endpoint, what: why === 'closed' ? 'unreachable' : why };
}

/** Resolves when the connection is usable, when the CURVE handshake fails, or when the time is over. */
function handshake(socket: Subscriber | Push, timeout: InactivityTimeout): Promise<'live' | 'keys-refused' | 'closed'> {
  return new Promise((resolve) => {
    socket.events.on('handshake', () => resolve('live'));
    socket.events.on('handshake:error:auth', () => resolve('keys-refused'));
    socket.events.on('handshake:error:protocol', () => resolve('keys-refused'));
    timeout.onEnd(() => resolve('closed'));
  });
}

function curveOptions(curve: CurveClient | undefined) {
  if (curve === undefined) return {};
  return { curvePublicKey: curve.publicKey, curveSecretKey: curve.secretKey, curveServerKey: curve.serverKey };
}

/** Calls its listeners when there was no event for too long, or when the process is asked to stop. */
class InactivityTimeout {
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
    this.restart();
  }

  get stopped(): boolean {
    return this.stop.aborted;
  }

  restart(): void {
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
