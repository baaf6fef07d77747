/**
 * Writes a block to many connections in one turn of the event loop. It is the inner loop of the hot path: a plain loop over a list that was
 * made beforehand. The `write` of each connection does nothing but write; `settle` follows when all have written.
 *
 * Bounds: joining and leaving copy the list, 1,500 entries at most; a push allocates nothing here for each connection.
 */

import { throwError } from 'rxjs';
import type { LocksNeed, LocksPush } from '../../session/locks.js';
import type { PushBlock } from '../../session/types.js';

/** What a push needs of a connection. */
export interface Recipient {
  /** `host:port`. */
  readonly peer: string;
  /** The pool's own dashd. */
  readonly protected: boolean;
  /**
   * Writes the block to the socket, unless the peer is not to have it now; nothing else.
   * @param question the `getheaders` behind the block, one message for all
   */
  write(block: PushBlock, question: Buffer): void;
  /**
   * Later in the same turn of the event loop: the session records the block.
   * @returns the bytes of the block that were written to the peer
   */
  settle(block: PushBlock): number;
  /** Sends the block unless the peer, once asked, turns out to have it. */
  offer(block: PushBlock): void;
  /** Writes the locks of a block, if the peer lacks them. @returns what it needed */
  relay(locks: LocksPush): LocksNeed;
}

/** What a peer was written of a block: no bytes when it has it, or the block waits in its queue. */
export interface Written {
  readonly peer: string;
  readonly bytes: number;
}

/** The rest of a push; see {@link Multicast.push}. @returns what was written, in the order of the writes */
export type Settle = () => readonly Written[];

/** To whom a block goes: to all, to all but the pool's own dashd, or to those named by `host:port`. */
export type Audience = 'all' | 'others' | ReadonlySet<string>;

export class Multicast {
  /** In the order of writes. Never changed in place: a push goes on over the list that it began with. */
  private recipients: readonly Recipient[] = [];
  private ranks: ReadonlyMap<string, number> = new Map();

  /** @returns a function that takes the connection off the list */
  join(recipient: Recipient): () => void {
    this.recipients = this.sorted([...this.recipients, recipient]);
    return () => {
      this.recipients = this.recipients.filter((one) => one !== recipient);
    };
  }

  /**
   * Sets the order of writes from now on: beforehand, never while a block waits.
   * @param peers by `host:port`, the first to be written to first; all others follow, in the order in which they were dialled
   */
  arrange(peers: readonly string[]): void {
    this.ranks = new Map(peers.map((peer, rank) => [peer, rank]));
    this.recipients = this.sorted(this.recipients);
  }

  /**
   * Writes the block to the sockets before it returns.
   * @param question the `getheaders` behind the block
   * @returns a function for the rest, to be called in the same turn of the event loop once nothing is more urgent
   */
  push(block: PushBlock, audience: Audience, question: Buffer): Settle {
    const { recipients } = this;
    for (const one of recipients) {
      if (isAmong(audience, one)) guarded(() => one.write(block, question));
    }
    return () => {
      const written: Written[] = [];
      for (const one of recipients) {
        if (isAmong(audience, one)) guarded(() => written.push({ peer: one.peer, bytes: one.settle(block) }));
      }
      return written;
    };
  }

  /** Sends a peer the block unless it, once asked, turns out to have it. */
  offer(block: PushBlock, peer: string): void {
    this.recipients.find((one) => one.peer === peer)?.offer(block);
  }

  /** Writes the locks of a block to the peers that lack them. @returns how many peers needed what */
  relay(locks: LocksPush, audience: Audience): Readonly<Record<LocksNeed, number>> {
    const needs = { lacks: 0, has: 0, unproven: 0, away: 0 };
    for (const one of this.recipients) {
      if (isAmong(audience, one)) guarded(() => (needs[one.relay(locks)] += 1));
    }
    return needs;
  }

  private sorted(recipients: readonly Recipient[]): readonly Recipient[] {
    const rankOf = ({ peer }: Recipient) => this.ranks.get(peer) ?? this.ranks.size;
    return recipients.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

function isAmong(audience: Audience, { peer, protected: isProtected }: Recipient): boolean {
  if (audience === 'all') return true;
  return audience === 'others' ? !isProtected : audience.has(peer);
}

/** A mistake in the code for one connection keeps nothing from the others, and is reported as an unhandled error. */
function guarded(act: () => void): void {
  try {
    act();
  } catch (error) {
    throwError(() => error).subscribe();
  }
}
