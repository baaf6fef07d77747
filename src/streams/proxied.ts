/**
 * Blocks that come with a `submitblock` of their submitter's own, which we pass on to dashd: to the gate like any of the pool's, and on
 * to the peers. The request goes to dashd whatever the gate says: what becomes of it is for dashd to decide.
 */
import type { BlockRefused, BlockRepeated } from '../events.js';
import type { Gatekeeper } from './blocks.js';
import type { Broadcaster } from './broadcast.js';
import type { RpcAnswer } from './ports.js';

export interface ProxiedBlock {
  /** The block's bytes, or whatever came in their place. */
  readonly raw: Buffer;
  /** Hands the submitter's request to dashd, in the calling turn. */
  forward(): Promise<RpcAnswer>;
}

export interface ProxiedDeps {
  readonly gate: Pick<Gatekeeper, 'fromPool'>;
  readonly broadcaster: Pick<Broadcaster, 'send'>;
  /** Told once dashd has the request. */
  readonly tell: (event: BlockRefused | BlockRepeated) => void;
}

/** @returns what was done with the block, for the submitter, should it hear nothing from dashd */
export function proxied({ raw, forward }: ProxiedBlock, { gate, broadcaster, tell }: ProxiedDeps): string {
  const admission = gate.fromPool([raw]);
  if (admission.type === 'block') {
    const peers = broadcaster.send(admission, forward);
    const [doubt] = admission.doubts;
    if (doubt !== undefined) return `the block waits for dashd before any peer is sent it: ${doubt.reason}`;
    if (peers === 0) return 'no peer is connected to which the block could be sent; dashd will be asked again';
    return `the block was sent to ${peers} ${peers === 1 ? 'peer' : 'peers'}; dashd will be asked again`;
  }
  // Its answer is for the submitter alone.
  void forward();
  tell(admission);
  if (admission.type === 'repeated') return 'the block was here before, and was sent then';
  return `the block was sent to no peer: ${admission.code}: ${admission.reason}`;
}
