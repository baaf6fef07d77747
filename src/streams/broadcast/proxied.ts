/**
 * Blocks that come with a `submitblock` of their submitter's own, which we pass on to dashd: to the gate like any of the pool's, and on
 * to the peers. The request goes to dashd whatever the gate says: what becomes of it is for dashd to decide, and what is no block is
 * its affair alone.
 */
import type { BlockRepeated } from '../../contracts/events.js';
import type { RpcAnswer } from '../../contracts/rpc.js';
import type { Broadcaster } from './broadcast.js';
import type { Arrival, Gatekeeper } from './gatekeeper.js';

export interface ProxiedBlock {
  /** The block's bytes, or whatever came in their place. */
  readonly raw: Buffer;
  /** `known`: dashd has accepted requests of the submitter's before. `new`: it has accepted this one, and answered it. */
  readonly submitter: 'known' | 'new';
  /** Hands the submitter's request to dashd, in the calling turn. */
  forward(): Promise<RpcAnswer>;
}

export interface ProxiedDeps {
  readonly gate: Pick<Gatekeeper, 'fromPool'>;
  readonly broadcaster: Pick<Broadcaster, 'send'>;
  /** Told once dashd has the request. */
  readonly tell: (event: BlockRepeated) => void;
}

export interface Handled {
  /** What was done with the block, for the submitter, should it hear nothing from dashd. */
  readonly said: string;
  /** Why it is no block. */
  readonly refusal?: string;
}

/** Of a submitter that dashd accepts only now, nothing goes to a peer before dashd has stored it. */
const NEW_SUBMITTER = {
  code: 'submitter',
  reason: 'dashd had not accepted a request of its submitter before',
} as const;

export function proxied(block: ProxiedBlock, { gate, broadcaster, tell }: ProxiedDeps): Handled {
  const { raw, submitter, forward } = block;
  const admission = gate.fromPool([raw]);
  if (admission.type === 'block') {
    const doubts = [...(submitter === 'new' ? [NEW_SUBMITTER] : []), ...admission.doubts];
    // What is not the block's own digits dashd does not read: its answer would be to the form, so it is asked by us as well.
    const isReadable = raw.subarray(0, admission.block.size).equals(admission.block.raw);
    const peers = broadcaster.send({ ...admission, doubts }, isReadable ? forward : undefined);
    return { said: sentTo(peers, doubts) };
  }
  // Its answer is for the submitter alone.
  void forward();
  if (admission.type === 'repeated') {
    tell(admission);
    return { said: 'the block was here before, and was sent then' };
  }
  const refusal = `${admission.code}: ${admission.reason}`;
  return { said: `the block was sent to no peer: ${refusal}`, refusal };
}

function sentTo(peers: number, [doubt]: Arrival['doubts']): string {
  if (doubt !== undefined) return `the block waits for dashd before any peer is sent it: ${doubt.reason}`;
  if (peers === 0) return 'no peer is connected to which the block could be sent; dashd will be asked again';
  return `the block was sent to ${peers} ${peers === 1 ? 'peer' : 'peers'}; dashd will be asked again`;
}
