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
  readonly tell: (event: BlockRefused | BlockRepeated) => void;
}

/** To the gate, and on to the sockets: what happens to each message that may be a block. */
export function createIntake({ gate, broadcaster, tell }: IntakeDeps): Intake {
  const accept = (admission: GateResult | undefined): void => {
    if (admission?.type === 'block') broadcaster.send(admission);
    else if (admission !== undefined) tell(admission);
  };
  return {
    fromPool: (frames) => accept(gate.fromPool(frames)),
    fromFeed: (raw) => accept(gate.fromFeed(raw)),
  };
}
