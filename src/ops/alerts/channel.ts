/**
 * One alert channel: an outbox and a transport. Sends one message at a time, in order. After a failure it backs off exponentially, and then
 * sends the latest message of each alert. Messages are not dropped because a receiver is down; the outbox bounds their number.
 */

import type { SchedulerLike, Subscription } from 'rxjs';
import { exponentialMs, jittered } from '../../common/backoff.js';
import { SENDING } from '../../messages/alerts.js';
import { fill } from '../../messages/fill.js';
import { type Clock, MINUTE_MS, type Random, SECOND_MS } from '../../time.js';
import type { Notice } from './notice.js';
import { type Displaced, type Message, Outbox } from './outbox.js';
import type { ChannelName, Delivery, Transport } from './transport.js';

/**
 * The outcome of a message. `failed`: an attempt failed, another follows. Final: `sent`, `suppressed` (replaced by a newer message about the
 * same alert), or `dropped` (the outbox is full, the receiver rejected it repeatedly, or the relay stopped).
 */
export interface AlertOutcome {
  readonly channel: ChannelName;
  readonly outcome: 'sent' | 'failed' | 'dropped' | 'suppressed';
  /** The alert's key; absent when several are meant. */
  readonly key?: string;
  /** Without secrets: of a URL only the host. */
  readonly detail: string;
}

export interface ChannelDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: SchedulerLike;
  readonly onOutcome: (outcome: AlertOutcome) => void;
  readonly rest?: Rest;
}

/** Backoff of a channel after its first failure, and the longest. */
export interface Rest {
  readonly firstMs: number;
  readonly lastMs: number;
}

const REST: Rest = { firstMs: SECOND_MS, lastMs: 5 * MINUTE_MS };
/** A message that the receiver rejects this often is dropped, so that it does not block the others. */
const MAX_REJECTIONS = 5;

export class Channel {
  private readonly outbox: Outbox;
  private readonly ending = new AbortController();
  private stopping = false;
  private failures = 0;
  private restUntil = Number.NEGATIVE_INFINITY;
  private timer: Subscription | undefined;
  private underway: Promise<void> | undefined;

  constructor(
    private transport: Transport,
    maxPerHour: number,
    private readonly deps: ChannelDeps,
  ) {
    this.outbox = new Outbox(maxPerHour);
  }

  get name(): ChannelName {
    return this.transport.name;
  }

  put(notice: Notice, id: string): void {
    this.reportDisplaced(this.outbox.put(notice, id));
    this.sendNext();
  }

  /** Replaces the transport and sends waiting messages at once. */
  reload(transport: Transport): Promise<void> {
    const old = this.transport;
    this.transport = transport;
    this.failures = 0;
    this.restUntil = Number.NEGATIVE_INFINITY;
    this.sendNext();
    return old.close();
  }

  resize(maxPerHour: number): void {
    this.outbox.resize(maxPerHour);
    this.sendNext();
  }

  /** Tries once to send all waiting messages until `deadline` resolves; reports the others as dropped. */
  async stop(deadline: Promise<unknown>): Promise<void> {
    this.timer?.unsubscribe();
    const drained = this.drain();
    await Promise.race([drained, deadline]);
    this.ending.abort();
    await drained;
    await this.transport.close();
    for (const message of this.outbox.empty()) {
      this.report('dropped', message, fill(SENDING['not-sent-in-time'], { attempts: message.tries }));
    }
  }

  private async drain(): Promise<void> {
    this.stopping = true;
    await this.underway;
    // Each message once: failed ones are put back.
    for (let left = this.outbox.size; left > 0 && !this.ending.signal.aborted; left -= 1) {
      const next = this.outbox.next(this.deps.clock.monotonic());
      if (next === undefined || 'waitMs' in next) return;
      await this.deliver(next, 'last');
    }
  }

  /** Sends the next message now, or schedules it. */
  private sendNext(): void {
    if (this.underway !== undefined || this.stopping) return;
    this.timer?.unsubscribe();
    const now = this.deps.clock.monotonic();
    if (now < this.restUntil) {
      this.retryIn(this.restUntil - now);
      return;
    }
    const next = this.outbox.next(now);
    if (next === undefined) return;
    if ('waitMs' in next) {
      this.retryIn(next.waitMs);
      return;
    }
    this.underway = this.deliver(next, 'first').finally(() => {
      this.underway = undefined;
      this.sendNext();
    });
  }

  private retryIn(waitMs: number): void {
    // A timer may be early by a fraction of a millisecond.
    this.timer = this.deps.scheduler.schedule(() => this.sendNext(), Math.max(1, Math.ceil(waitMs)));
  }

  private async deliver(message: Message, ifItFails: 'first' | 'last'): Promise<void> {
    const { transport } = this;
    const delivery = await transport.send(message, this.ending.signal);
    if (delivery.ok) {
      this.failures = 0;
      this.outbox.sent(message);
      this.report('sent', message, delivery.detail);
      return;
    }
    // A failure of the previous transport does not delay the new one.
    if (transport === this.transport) this.backOff(delivery);
    this.report('failed', message, delivery.detail);
    if (delivery.rejected && message.tries >= MAX_REJECTIONS) {
      this.outbox.drop();
      this.report('dropped', message, fill(SENDING.rejected, { count: message.tries }));
      return;
    }
    this.reportDisplaced(this.outbox.putBack(message, delivery.rejected ? 'last' : ifItFails));
  }

  private backOff({ retryAfterMs }: Extract<Delivery, { ok: false }>): void {
    const { firstMs, lastMs } = this.deps.rest ?? REST;
    const restMs = jittered(exponentialMs(firstMs, lastMs, this.failures), 0.5, this.deps.random);
    this.failures += 1;
    this.restUntil = this.deps.clock.monotonic() + Math.max(restMs, retryAfterMs ?? 0);
  }

  private reportDisplaced(left: Displaced | undefined): void {
    if (left === undefined) return;
    if (left.why === 'no-room') this.report('dropped', left.message, SENDING['outbox-full']);
    else this.report('suppressed', left.message, SENDING.replaced);
  }

  private report(outcome: AlertOutcome['outcome'], { notice }: Message, detail: string): void {
    this.deps.onOutcome({
      channel: this.name,
      outcome,
      key: notice.key,
      detail: fill(SENDING.outcome, { alert: `${notice.key} ${notice.state}`, detail }),
    });
  }
}
