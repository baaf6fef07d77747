/** What the files about pushes share: questions to the list of pushes, and the proofs that they give. */
import type { BlockWay } from '../contracts/events.js';
import type { Hash } from '../wire/reader.js';
import { emit } from './outputs.js';
import type { Answer, Output, Push, SessionState } from './types.js';

/** Why a push failed although the peer is still connected. `not-in-chain`: the block, or its parent, is not in the peer's chain. */
export type PushFault = 'not-in-chain' | 'queue-full' | 'out-of-memory';

/** Whether the peer has not answered for the block yet. */
export function isInFlight({ stage }: Push): boolean {
  return stage !== 'acknowledged';
}

/** Whether the block is in flight or queued. */
export function isOnItsWay({ pushes, queue }: SessionState, hash: Hash): boolean {
  return pushes.some((one) => one.hash === hash && isInFlight(one)) || queue.some((one) => one.hash === hash);
}

export function isNotInChain(answer: Answer | undefined): boolean {
  return answer === 'absent' || answer === 'no-parent' || answer === 'passed';
}

export function replacePush(state: SessionState, one: Push, by: Push): SessionState {
  return { ...state, pushes: state.pushes.map((other) => (other === one ? by : other)) };
}

export function accepted(push: Push): Output {
  return emit({ type: 'proof', hash: push.hash, stage: 'accepted', way: wayOf(push) });
}

export function failed(hash: Hash, reason: PushFault): Output {
  return emit({ type: 'proof', hash, stage: 'failed', reason });
}

export function wayOf({ form, bytes, roundTrips }: Push): BlockWay {
  return { form, bytes, roundTrips };
}
