/**
 * The session of a witness (docs/witnesses.md): a peer that announces blocks to us and gets none from us. It is asked for compact blocks
 * at once (BIP 152, high-bandwidth mode), which a node sends before it validates a block: no other announcement comes sooner.
 *
 *   us                             witness
 *   sendcmpct(1), getheaders(tip)  →
 *                                  ←  headers: nothing new
 *                                  ←  cmpctblock, for each new block
 *
 * A node sends a compact block only to a peer that it knows to have the parent. It takes that from the headers that it sent, so it is asked
 * for those above our tip; an `inv` says that it does not know, and it is asked again. Source: Dash Core 23.1 `net_processing.cpp`,
 * NewPoWValidBlock, GETHEADERS and SendMessages.
 *
 * Nothing here leads to a block: requests for blocks, transactions and headers get an empty answer, whatever we have.
 *
 * Bounds: an announcement costs one X11 hash (some 0.05 ms), and is charged to the peer's budget as a header is. Headers are requested once a
 * minute at most.
 */
import { MINUTE_MS, SECOND_MS } from '../time.js';
import type { Hash } from '../wire/reader.js';
import type { Command, Message } from '../wire/registry.js';
import { onKeepAlivePong } from './keepalive.js';
import { MAX_ANNOUNCED_BLOCKS, PROTOCOL_VERSION } from './limits.js';
import { emit, send } from './outputs.js';
import type { AnnouncedBy, Output, SessionContext, SessionState } from './types.js';

const ASK_AGAIN_MS = MINUTE_MS;
/** The shortest round trip counts: the more there are, the less it is that of a busy moment. */
const PING_EVERY_MS = 10 * SECOND_MS;

/** Commands whose payload a session with a witness does not read. */
export const UNWANTED_OF_WITNESS: ReadonlySet<string> = new Set<Command>([
  'block',
  'tx',
  'notfound',
  'blocktxn',
  'getblocktxn',
  'clsig',
  'isdlock',
]);

/** What is sent first to a witness that has finished its handshake. */
export function openWitness(context: SessionContext, state: SessionState, now: number): [SessionState, Output[]] {
  const [asked, question] = askHeaders(context, state, [], now);
  // The ping measures the way back of its announcements.
  const pinged: SessionState = { ...asked, ping: { due: now } };
  return [pinged, [send({ command: 'sendcmpct', highBandwidth: true, version: 1n }), ...question]];
}

/** Handles a message of a witness. @returns undefined for one that is handled as that of any peer */
export function onWitness(
  context: SessionContext,
  state: SessionState,
  message: Message,
  announced: readonly Hash[],
  now: number,
): [SessionState, Output[]] | undefined {
  switch (message.command) {
    case 'cmpctblock':
      return note(state, 'cmpctblock', [context.hashHeader(message.header)]);
    case 'headers': {
      // The last one is the tip; to hash 2,000 would take 90 ms.
      const last = message.headers.at(-1);
      return note(state, 'headers', last === undefined ? [] : [context.hashHeader(last)]);
    }
    case 'inv': {
      const [next, outputs] = note(state, 'inv', announced);
      const [asked, question] = outputs.length === 0 ? [next, []] : askHeaders(context, next, announced, now);
      return [asked, [...outputs, ...question]];
    }
    case 'pong': {
      const [next, outputs] = onKeepAlivePong(state, message.nonce, now) ?? [state, []];
      return [outputs.length === 0 ? next : { ...next, ping: { due: now + PING_EVERY_MS } }, outputs];
    }
    case 'getdata':
      return [state, [send({ command: 'notfound', items: message.items })]];
    case 'getheaders':
      return [state, [send({ command: 'headers', headers: [] })]];
    default:
      return undefined;
  }
}

function note(state: SessionState, by: AnnouncedBy, hashes: readonly Hash[]): [SessionState, Output[]] {
  const fresh = [...new Set(hashes.slice(-MAX_ANNOUNCED_BLOCKS))].filter((hash) => !state.knows.has(hash));
  return [{ ...state, knows: state.knows.add(fresh) }, fresh.map((hash) => emit({ type: 'announced', hash, by }))];
}

/** Requests the headers above a block that the witness has, so that it knows that we have that one. */
function askHeaders(
  { witness }: SessionContext,
  state: SessionState,
  announced: readonly Hash[],
  now: number,
): [SessionState, Output[]] {
  const tip = witness?.tip();
  const locator = [...announced.slice(-1), ...(tip === undefined ? [] : [tip])];
  const isSoon = state.askedAt !== undefined && now - state.askedAt < ASK_AGAIN_MS;
  // An empty locator asks for nothing; an unknown one for the chain from its first block.
  if (locator.length === 0 || isSoon) return [state, []];
  const question = send({ command: 'getheaders', version: PROTOCOL_VERSION, locator, stop: NO_STOP });
  return [{ ...state, askedAt: now }, [question]];
}

const NO_STOP = '0'.repeat(64);
