import { isDeepStrictEqual } from 'node:util';
import type { BlockEvent, RelayEvent } from '../../../contracts/events.js';
import { SERVICE_NAMES } from '../../../contracts/services.js';
import { parseBlockEvent } from '../../../delivery/block-event.js';
import type { Hash } from '../../../wire/reader.js';
import type { Invariant } from './invariant.js';

export const wellFormed: Invariant = {
  name: 'well-formed',
  rule: 'Every event fits its schema, and nothing is reported of a block before it is received',
  open() {
    const received = new Set<Hash>();
    const early = ({ type, hash }: BlockEvent & { readonly hash: Hash }): string | undefined =>
      received.has(hash) ? undefined : `${type} of block ${hash}, which was not received`;
    return {
      relay({ state }) {
        // Each process tells of a block from the beginning.
        if (state === 'starting') received.clear();
        return undefined;
      },
      event: ({ event }) => (Number.isFinite(event.at) ? formFault(event) : `${event.type}: its time is ${event.at}`),
      received({ hash }) {
        received.add(hash);
        return undefined;
      },
      proof: early,
      verdict: early,
      stored: early,
    };
  },
};

const CODE = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

function formFault(event: RelayEvent): string | undefined {
  switch (event.type) {
    case 'service':
      if (!(event.service in SERVICE_NAMES)) return `there is no service ${event.service}`;
      return codeFault(event);
    case 'peer-lost':
    case 'witness':
      return codeFault(event);
    case 'peer-connected':
    case 'plan':
    case 'gossip':
    case 'tip':
    case 'lock-forecast':
      return undefined;
    default:
      return schemaFault(event);
  }
}

function codeFault({ type, code }: { readonly type: string; readonly code: string }): string | undefined {
  return CODE.test(code) ? undefined : `${type}: the code ${JSON.stringify(code)} is no code`;
}

/** Reads the event as a subscriber of the events socket does. */
function schemaFault(event: BlockEvent): string | undefined {
  const text = JSON.stringify(event);
  return isDeepStrictEqual(parseBlockEvent(text), JSON.parse(text)) ? undefined : `it does not fit its schema: ${text}`;
}
