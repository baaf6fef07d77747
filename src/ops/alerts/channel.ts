/**
 * One channel: its outbox, and who carries the messages. One message at a time, in order; after a failure it rests, twice as long each
 * time, and then tries with whatever is the latest word by then. Nothing is given up because a receiver is away: what waits is bounded,
 * and what stands is told when it is back.
 */

import type { SchedulerLike, Subscription } from 'rxjs';
import { exponentialMs, jittered } from '../../common/backoff.js';
import { type Clock, MINUTE_MS, type Random, SECOND_MS } from '../../time.js';
import type { Notice } from './notice.js';
import { type Left, type Message, Outbox } from './outbox.js';
import type { ChannelName, Delivery, Transport } from './transport.js';

/**
 * What became of a message. `failed` is told of each attempt that failed, and another follows; the others are the end of a message: `sent`,
 * `suppressed` (a later word about the same alert took its place before it was its turn), or `dropped` (no room, refused for good, the end).
 */
export interface AlertOutcome {
  readonly channel: ChannelName;
  readonly outcome: 'sent' | 'failed' | 'dropped' | 'suppressed';
  /** Of the alert; absent when it is about several. */
  readonly key?: string;
  /** Without secrets: of addresses, the host alone. */
  readonly detail: string;
}

export interface ChannelDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: SchedulerLike;
  readonly onOutcome: (outcome: AlertOutcome) => void;
  readonly rest?: Rest;
}

/** How long a channel rests after its first failure, and at most. */
export interface Rest {
  readonly firstMs: number;
  readonly lastMs: number;
}

const REST: Rest = { firstMs: SECOND_MS, lastMs: 5 * MINUTE_MS };
/** A message that its receiver does not want is offered so often, lest it stand in the way of others for ever. */
const MAX_REFUSALS = 5;

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
    this.tellLeft(this.outbox.put(notice, id));
    this.go();
  }

  /** From now on messages go another way; those that wait, too, and at once. */
  reload(transport: Transport): Promise<void> {
    const old = this.transport;
    this.transport = transport;
    this.failures = 0;
    this.restUntil = Number.NEGATIVE_INFINITY;
    this.go();
    return old.close();
  }

  resize(maxPerHour: number): void {
    this.outbox.resize(maxPerHour);
    this.go();
  }

  /** Tries once more with all that waits and may be sent, until `deadline$` says that it is enough; the rest is told as lost. */
  async stop(deadline: Promise<unknown>): Promise<void> {
    this.timer?.unsubscribe();
    const drained = this.drain();
    await Promise.race([drained, deadline]);
    this.ending.abort();
    await drained;
    await this.transport.close();
    for (const message of this.outbox.empty()) {
      this.tell('dropped', message, `not sent before the end, after ${message.tries} attempts`);
    }
  }

  private async drain(): Promise<void> {
    this.stopping = true;
    await this.underway;
    // Each once: the outbox is as large as it is now.
    for (let left = this.outbox.size; left > 0 && !this.ending.signal.aborted; left -= 1) {
      const next = this.outbox.next(this.deps.clock.monotonic());
      if (next === undefined || 'waitMs' in next) return;
      await this.carry(next, 'last');
    }
  }

  /** Sends the next message if it may, or comes back when it may. */
  private go(): void {
    if (this.underway !== undefined || this.stopping) return;
    this.timer?.unsubscribe();
    const now = this.deps.clock.monotonic();
    if (now < this.restUntil) {
      this.comeBack(this.restUntil - now);
      return;
    }
    const next = this.outbox.next(now);
    if (next === undefined) return;
    if ('waitMs' in next) {
      this.comeBack(next.waitMs);
      return;
    }
    this.underway = this.carry(next, 'first').finally(() => {
      this.underway = undefined;
      this.go();
    });
  }

  private comeBack(waitMs: number): void {
    // A timer may be early by a fraction of a millisecond.
    this.timer = this.deps.scheduler.schedule(() => this.go(), Math.max(1, Math.ceil(waitMs)));
  }

  private async carry(message: Message, ifItFails: 'first' | 'last'): Promise<void> {
    const { transport } = this;
    const delivery = await transport.send(message, this.ending.signal);
    if (delivery.ok) {
      this.failures = 0;
      this.outbox.sent(message);
      this.tell('sent', message, delivery.detail);
      return;
    }
    // What failed with the transport before says nothing about this one.
    if (transport === this.transport) this.restAfter(delivery);
    this.tell('failed', message, delivery.detail);
    if (delivery.refused && message.tries >= MAX_REFUSALS) {
      this.outbox.drop();
      this.tell('dropped', message, `refused ${message.tries} times`);
      return;
    }
    this.tellLeft(this.outbox.putBack(message, delivery.refused ? 'last' : ifItFails));
  }

  private restAfter({ retryAfterMs }: Extract<Delivery, { ok: false }>): void {
    const { firstMs, lastMs } = this.deps.rest ?? REST;
    const restMs = jittered(exponentialMs(firstMs, lastMs, this.failures), 0.5, this.deps.random);
    this.failures += 1;
    this.restUntil = this.deps.clock.monotonic() + Math.max(restMs, retryAfterMs ?? 0);
  }

  private tellLeft(left: Left | undefined): void {
    if (left === undefined) return;
    if (left.why === 'no-room') this.tell('dropped', left.message, 'too many messages wait');
    else this.tell('suppressed', left.message, 'a later word about the same alert took its place');
  }

  private tell(outcome: AlertOutcome['outcome'], { notice }: Message, detail: string): void {
    this.deps.onOutcome({
      channel: this.name,
      outcome,
      key: notice.key,
      detail: `${notice.key} ${notice.state}: ${detail}`,
    });
  }
}
