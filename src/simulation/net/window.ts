/**
 * How much TCP sends before it waits for an acknowledgement: the congestion window of one direction of a connection, in segments.
 *
 * Sending goes in rounds. A round begins with a segment and ends when that segment's acknowledgement is back: the window opens again, by
 * as much as was sent if that was over half of it (RFC 5681 §3.1; Linux, `tcp_is_cwnd_limited`), so it doubles while there is enough to
 * send. After a pause longer than the retransmission timeout it is the initial one again (RFC 5681 §4.1, RFC 2861). A loss takes 30 % of it
 * and ends the growth until the next pause (RFC 9438 §4.6; the slow growth after it is left out).
 */
import type { Micros } from '../engine.js';

/** Bytes of payload: an Ethernet frame's 1,500 without the headers of IPv4 and TCP with timestamps. */
export const SEGMENT_BYTES = 1_448;
/** Segments. Source: RFC 6928. */
const INITIAL_WINDOW = 10;
const AFTER_LOSS = 0.7;
const SMALLEST_WINDOW = 2;
/** Segments behind a lost one that tell the sender of it: RFC 5681 §3.2, three duplicate acknowledgements. */
export const DUPLICATES = 3;

export class CongestionWindow {
  private size = INITIAL_WINDOW;
  private sent = 0;
  private grows = true;
  private roundEndsAt: Micros = 0;
  private lastSentAt: Micros = 0;

  /** Segments that may be sent at this time. @param timeout the retransmission timeout */
  room(now: Micros, timeout: Micros): number {
    if (this.sent > 0 && now >= this.roundEndsAt) this.nextRound();
    if (this.sent === 0 && now - this.lastSentAt > timeout) {
      this.size = Math.min(this.size, INITIAL_WINDOW);
      this.grows = true;
    }
    return this.size - this.sent;
  }

  /** When there is room again, once there is none. */
  get opensAt(): Micros {
    return this.roundEndsAt;
  }

  /**
   * Segments that are sent.
   * @param until when the last of them leaves
   * @param acknowledged when the acknowledgement of the first of them is back
   */
  take(segments: number, until: Micros, acknowledged: Micros): void {
    if (this.sent === 0) this.roundEndsAt = acknowledged;
    this.sent += segments;
    this.lastSentAt = until;
  }

  lost(): void {
    this.size = Math.max(SMALLEST_WINDOW, Math.floor(this.size * AFTER_LOSS));
    this.grows = false;
  }

  private nextRound(): void {
    if (this.grows && 2 * this.sent > this.size) this.size += this.sent;
    this.sent = 0;
  }
}

export function segmentsOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / SEGMENT_BYTES));
}
