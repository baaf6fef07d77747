/**
 * The messages that wait for one channel: only the latest of each alert. A replaced message is counted as left out. At most
 * {@link MAX_WAITING} wait; beyond, the oldest is dropped.
 *
 * Messages about blocks and all others have separate rate limits, so that alerts about peers never delay one about a lost block. Among the
 * others, warnings and repetitions leave a part of the limit to critical alerts.
 */
import { Allowance } from './allowance.js';
import type { Notice } from './notice.js';

export const MAX_WAITING = 200;

/** A notice that a channel is to send. */
export interface Message {
  readonly notice: Notice;
  /** Unique, and the same each time that its delivery is tried. */
  readonly id: string;
  /** Messages left out since the last one; fixed at the first attempt. */
  leftOut: number;
  /** Already counted against the rate limit. */
  paid: boolean;
  /** The number of attempts. */
  tries: number;
}

export type Displaced = { readonly message: Message; readonly why: 'replaced' | 'no-room' };

export class Outbox {
  private waiting: Message[] = [];
  private readonly blocks: Allowance;
  private readonly rest: Allowance;
  private leftOut = 0;

  /** @param maxPerHour of messages about blocks, and of all others */
  constructor(maxPerHour: number) {
    this.blocks = new Allowance(maxPerHour);
    this.rest = new Allowance(maxPerHour);
  }

  get size(): number {
    return this.waiting.length;
  }

  resize(maxPerHour: number): void {
    this.blocks.resize(maxPerHour);
    this.rest.resize(maxPerHour);
  }

  /** @returns the message that it replaced or displaced, if any */
  put(notice: Notice, id: string): Displaced | undefined {
    const message: Message = { notice, id, leftOut: 0, paid: false, tries: 0 };
    const index = this.waiting.findIndex((other) => other.notice.key === notice.key);
    const replaced = this.waiting[index];
    if (replaced !== undefined) {
      message.paid = replaced.paid;
      this.waiting[index] = message;
      return this.displace(replaced, 'replaced');
    }
    this.waiting.push(message);
    if (this.waiting.length <= MAX_WAITING) return undefined;
    const [oldest] = this.waiting.splice(0, 1);
    return oldest === undefined ? undefined : this.displace(oldest, 'no-room');
  }

  /** Puts a message back after a failed attempt, before or after the others. @returns the message when a newer one has replaced it */
  putBack(message: Message, where: 'first' | 'last'): Displaced | undefined {
    if (this.waiting.some((other) => other.notice.key === message.notice.key))
      return this.displace(message, 'replaced');
    if (where === 'first') this.waiting.unshift(message);
    else this.waiting.push(message);
    return undefined;
  }

  /** Takes out the next message that may be sent, or returns the time until there is one; undefined when none waits. */
  next(now: number): Message | { readonly waitMs: number } | undefined {
    let waitMs: number | undefined;
    for (const message of [...this.waiting.filter(isAboutBlock), ...this.waiting.filter((one) => !isAboutBlock(one))]) {
      const wait = this.waitOf(message, now);
      if (wait <= 0) return this.takeOut(message, now);
      waitMs = Math.min(wait, waitMs ?? wait);
    }
    return waitMs === undefined ? undefined : { waitMs };
  }

  /** Call when a message was delivered: the messages that it reported as left out are no longer counted. */
  sent(message: Message): void {
    this.leftOut -= message.leftOut;
  }

  /** Call when a message was given up. */
  drop(): void {
    this.leftOut += 1;
  }

  /** Takes out all waiting messages. */
  empty(): readonly Message[] {
    const { waiting } = this;
    this.waiting = [];
    return waiting;
  }

  private takeOut(message: Message, now: number): Message {
    this.waiting.splice(this.waiting.indexOf(message), 1);
    if (!message.paid) this.laneOf(message).take(now);
    message.paid = true;
    if (message.tries === 0) message.leftOut = this.leftOut;
    message.tries += 1;
    return message;
  }

  private displace(message: Message, why: Displaced['why']): Displaced {
    this.leftOut += 1;
    return { message, why };
  }

  private waitOf(message: Message, now: number): number {
    return message.paid ? 0 : this.laneOf(message).waitMs(now, this.keptFrom(message));
  }

  private laneOf(message: Message): Allowance {
    return isAboutBlock(message) ? this.blocks : this.rest;
  }

  /** Tokens that such a message must leave to more important ones. */
  private keptFrom(message: Message): number {
    const { severity, repeat, state } = message.notice;
    if (isAboutBlock(message)) return 0;
    if (repeat > 0 && state === 'firing') return Math.floor(this.rest.size / 2);
    return severity === 'critical' ? 0 : Math.floor(this.rest.size / 3);
  }
}

function isAboutBlock({ notice }: Message): boolean {
  return notice.aboutBlock;
}
