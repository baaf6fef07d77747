/**
 * A second copy of a block costs the peer's link and ours, and proves nothing. It is due only when the peer asks for it, or when the peer
 * dropped the first for want of its parent: its answer to the `getheaders` behind the block showed neither the block nor another one on
 * that parent. The whole block and its compact form count by themselves: the one may have to follow the other.
 */
import type { Hash } from '../../../wire/reader.js';
import { MICROS_PER_MS, type Micros } from '../../engine.js';
import type { Invariant } from './invariant.js';

/** How often a block may be sent unasked. Source: session/limits.ts, `MAX_PUSHES_OF_A_BLOCK`. */
const MAX_PUSHES = 3;
/** The relay reads what a peer sends in turn with what others send. */
const READ_WITHIN: Micros = 5 * MICROS_PER_MS;

/** One form of a block over one connection. */
interface Copies {
  pushed: number;
  /** How often it may be pushed. */
  due: number;
}

/** One block over one connection. */
interface Delivery {
  readonly full: Copies;
  readonly compact: Copies;
  /** By the peer; it gets whole blocks. */
  requested: number;
  /** When the peer showed that it has it. */
  shownAt: Micros | undefined;
}

export const pushedOnce: Invariant = {
  name: 'pushed-once',
  rule: 'No peer is pushed a block twice over one connection, nor once it has shown that it has it, unless it lacked the parent',
  open() {
    const connections = new Map<number, Map<Hash, Delivery>>();

    function withDelivery(connection: number, hash: Hash, note: (delivery: Delivery) => void): undefined {
      const deliveries = connections.get(connection);
      const delivery = deliveries?.get(hash) ?? {
        full: { pushed: 0, due: 1 },
        compact: { pushed: 0, due: 1 },
        requested: 0,
        shownAt: undefined,
      };
      deliveries?.set(hash, delivery);
      note(delivery);
    }

    return {
      dialled({ connection }) {
        connections.set(connection, new Map());
        return undefined;
      },
      closed({ connection }) {
        connections.delete(connection);
        return undefined;
      },
      requested: ({ connection, hash }) =>
        withDelivery(connection, hash, (delivery) => {
          delivery.requested += 1;
        }),
      announced: ({ connection, hash }, at) =>
        withDelivery(connection, hash, (delivery) => {
          delivery.shownAt ??= at;
        }),
      answered: ({ connection, hash, answer }, at) =>
        withDelivery(connection, hash, (delivery) => {
          if (answer === 'has') delivery.shownAt ??= at;
          if (answer !== 'absent') return;
          for (const copies of [delivery.full, delivery.compact])
            copies.due = Math.min(MAX_PUSHES, Math.max(copies.due, copies.pushed + 1));
        }),
      pushed({ connection, peer, hash, form }, at) {
        const deliveries = connections.get(connection);
        if (deliveries === undefined) return `block ${hash} was written to ${peer} over a connection that is closed`;
        let fault: string | undefined;
        withDelivery(connection, hash, (delivery) => {
          delivery[form].pushed += 1;
          fault = faultOf(delivery, form, at);
        });
        return fault === undefined ? undefined : `block ${hash} was pushed to ${peer} ${fault}`;
      },
    };
  },
};

function faultOf(delivery: Delivery, form: 'full' | 'compact', at: Micros): string | undefined {
  const { requested, shownAt } = delivery;
  const { pushed, due } = delivery[form];
  const unasked = form === 'full' ? pushed - requested : pushed;
  if (unasked <= 0) return undefined;
  if (shownAt !== undefined && at - shownAt > READ_WITHIN) return 'which has shown that it has it';
  return unasked > due ? `${unasked} times over one connection (${form})` : undefined;
}
