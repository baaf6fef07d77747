import type { BlockRefused, BlockRepeated } from '../../contracts/events.js';
import type { Broadcaster } from './broadcast.js';
import type { Gatekeeper, GateResult } from './gatekeeper.js';

export interface Intake {
  readonly fromPool: (frames: readonly Buffer[]) => void;
  readonly fromFeed: (raw: Buffer) => void;
}

export interface IntakeDeps {
  readonly gate: Pick<Gatekeeper, 'fromPool' | 'fromFeed'>;
  readonly broadcaster: Pick<Broadcaster, 'send'>;
  readonly emit: (event: BlockRefused | BlockRepeated) => void;
}

/** Passes each message that may be a block to the gate, and the blocks on to the broadcast. */
export function createIntake({ gate, broadcaster, emit }: IntakeDeps): Intake {
  const accept = (admission: GateResult | undefined): void => {
    if (admission?.type === 'block') broadcaster.send(admission);
    else if (admission !== undefined) emit(admission);
  };
  return {
    fromPool: (frames) => accept(gate.fromPool(frames)),
    fromFeed: (raw) => accept(gate.fromFeed(raw)),
  };
}
