/**
 * Blocks in a `submitblock` request that the proxy passes on to dashd: they go through the gate like any of the pool's, and on to the
 * peers. The request goes to dashd whatever the gate says: dashd alone decides on it, also when it holds no block.
 */

import type { BlockRepeated } from '../../contracts/events.js';
import type { RpcAnswer } from '../../contracts/rpc.js';
import { DOUBTS } from '../../messages/blocks.js';
import { fill } from '../../messages/fill.js';
import { SUBMISSIONS } from '../../messages/proxy.js';
import type { Broadcaster } from './broadcast.js';
import type { Arrival, Gatekeeper } from './gatekeeper.js';

export interface ProxiedBlock {
  /** The request's parameter, decoded: the block's bytes, if it is one. */
  readonly raw: Buffer;
  /** `known`: dashd has accepted requests of the submitter's before. `new`: it has accepted this one, and answered it. */
  readonly submitter: 'known' | 'new';
  /** Hands the submitter's request to dashd, in the calling turn. */
  forward(): Promise<RpcAnswer>;
}

export interface ProxiedDeps {
  readonly gate: Pick<Gatekeeper, 'fromPool'>;
  readonly broadcaster: Pick<Broadcaster, 'send'>;
  /** Called once dashd has the request. */
  readonly emit: (event: BlockRepeated) => void;
}

export interface Handled {
  /** What was done with the block, for the submitter in case dashd does not answer. */
  readonly outcome: string;
  /** Why the gate refused it. */
  readonly refusal?: string;
}

/** A block of a submitter that dashd had not accepted before goes to the peers only once dashd has stored it. */
const NEW_SUBMITTER = {
  code: 'submitter',
  reason: DOUBTS['new-submitter'],
} as const;

export function proxied(block: ProxiedBlock, { gate, broadcaster, emit }: ProxiedDeps): Handled {
  const { raw, submitter, forward } = block;
  const admission = gate.fromPool([raw]);
  if (admission.type === 'block') {
    const doubts = [...(submitter === 'new' ? [NEW_SUBMITTER] : []), ...admission.doubts];
    // dashd does not read a parameter that is not exactly the block's digits: its answer would be about the form, so we submit it as well.
    const isReadable = raw.subarray(0, admission.block.size).equals(admission.block.raw);
    const peers = broadcaster.send({ ...admission, doubts }, isReadable ? forward : undefined);
    return { outcome: sentTo(peers, doubts) };
  }
  // dashd's answer is for the submitter alone.
  void forward();
  if (admission.type === 'repeated') {
    emit(admission);
    return { outcome: SUBMISSIONS.repeated };
  }
  const refusal = `${admission.code}: ${admission.reason}`;
  return { outcome: fill(SUBMISSIONS.refused, { reason: refusal }), refusal };
}

function sentTo(peers: number, [doubt]: Arrival['doubts']): string {
  if (doubt !== undefined) return fill(SUBMISSIONS.held, { reason: doubt.reason });
  if (peers === 0) return SUBMISSIONS['no-peer'];
  return fill(SUBMISSIONS.sent, { peers: peers === 1 ? '1 peer' : `${peers} peers` });
}
