/**
 * What waits to be sent through one channel. Of each alert only the latest word waits: what it replaces was not worth the wait, and is
 * counted. So it is bounded by the number of alerts, and of alerts about blocks, of which there may be any number, the oldest give way.
 *
 * Each of two lanes has an allowance: blocks, and all else. Whatever happens to peers, a lost block is told. Among the rest the
 * warnings, and repetitions more so, leave some of the allowance to what is critical.
 */
import { Allowance } from './allowance.js';
import type { Notice } from './notice.js';

export const MAX_WAITING = 200;

/** A notice on its way through a channel. */
export interface Message {
  readonly notice: Notice;
  /** Unique, and the same each time that its delivery is tried. */
  readonly id: string;
  /** Messages that were left out since the last one, as far as this one says; fixed when it is first tried. */
  leftOut: number;
  /** Counted against the allowance already. */
  paid: boolean;
  /** How often delivery was tried. */
  tries: number;
}

export type Left = { readonly message: Message; readonly why: 'replaced' | 'no-room' };

export class Outbox {
  private waiting: Message[] = [];
  private readonly blocks: Allowance;
  private readonly rest: Allowance;
  private leftOut = 0;

  /** @param maxPerHour of each lane */
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

  /** @returns the message that made way, if one did */
  put(notice: Notice, id: string): Left | undefined {
    const message: Message = { notice, id, leftOut: 0, paid: false, tries: 0 };
    const index = this.waiting.findIndex((other) => other.notice.key === notice.key);
    const replaced = this.waiting[index];
    if (replaced !== undefined) {
      message.paid = replaced.paid;
      this.waiting[index] = message;
      return this.leave(replaced, 'replaced');
    }
    this.waiting.push(message);
    if (this.waiting.length <= MAX_WAITING) return undefined;
    const [oldest] = this.waiting.splice(0, 1);
    return oldest === undefined ? undefined : this.leave(oldest, 'no-room');
  }

  /** Puts a message back whose delivery failed: before the others, or behind them. @returns it, when there is a later word by now */
  putBack(message: Message, where: 'first' | 'last'): Left | undefined {
    if (this.waiting.some((other) => other.notice.key === message.notice.key)) return this.leave(message, 'replaced');
    if (where === 'first') this.waiting.unshift(message);
    else this.waiting.push(message);
    return undefined;
  }

  /** Takes out the next message that may be sent; or tells in how many milliseconds there is one; undefined when none waits. */
  next(now: number): Message | { readonly waitMs: number } | undefined {
    let waitMs: number | undefined;
    for (const message of [...this.waiting.filter(isAboutBlock), ...this.waiting.filter((one) => !isAboutBlock(one))]) {
      const wait = this.waitOf(message, now);
      if (wait <= 0) return this.takeOut(message, now);
      waitMs = Math.min(wait, waitMs ?? wait);
    }
    return waitMs === undefined ? undefined : { waitMs };
  }

  /** A message has arrived, and what it said of others that were left out is said. */
  sent(message: Message): void {
    this.leftOut -= message.leftOut;
  }

  /** A message will not be sent. */
  drop(): void {
    this.leftOut += 1;
  }

  /** Takes out all that waits. */
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

  private leave(message: Message, why: Left['why']): Left {
    this.leftOut += 1;
    return { message, why };
  }

  private waitOf(message: Message, now: number): number {
    return message.paid ? 0 : this.laneOf(message).waitMs(now, this.keptFrom(message));
  }

  private laneOf(message: Message): Allowance {
    return isAboutBlock(message) ? this.blocks : this.rest;
  }

  /** Tokens that such a message must leave to others. */
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
