import type { Message } from '../wire/registry.js';
import type { Output, SessionEvent, SessionFaultCode, SessionState } from './types.js';

export function send(message: Message): Output {
  return { type: 'send', message };
}

export function emit(event: SessionEvent): Output {
  return { type: 'event', event };
}

/** Ends the session; every block in flight or in the queue fails with its reason. */
export function close(state: SessionState, code: SessionFaultCode, detail: string): [SessionState, Output[]] {
  const fault = { code, detail };
  const failed = state.pushes
    .filter((push) => push.stage !== 'acknowledged')
    .map(({ hash }) => hash)
    .concat(state.queue.map(({ hash }) => hash))
    .map((hash) => emit({ type: 'proof', hash, stage: 'failed', reason: code }));
  return [{ ...state, phase: { name: 'closed', fault }, pushes: [], queue: [] }, [...failed, { type: 'close', fault }]];
}
