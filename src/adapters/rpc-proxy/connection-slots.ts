import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /** Connections at once. */
  readonly connections: number;
  /** Of them from one address. */
  readonly connectionsPerAddress: number;
}

interface Slot {
  readonly address: string;
  /** dashd has accepted a request that came over it. */
  isKnown: boolean;
}

/**
 * The connections that callers hold, bounded in number. When there are too many, the stranger's that has been idle for the longest
 * makes room for the newcomer: whoever only holds connections keeps nobody out.
 */
export class ConnectionSlots {
  /** The longest idle first. */
  private readonly slots = new Map<Socket, Slot>();

  /** @param isBusy whether dashd is being asked over a connection */
  constructor(
    private readonly limits: ConnectionLimits,
    private readonly isBusy: (socket: Socket) => boolean,
  ) {}

  /**
   * Gives a connection a slot until it closes.
   * @param onFull called when somebody has to be hung up on for it, or it is the newcomer itself
   * @returns false when it is the newcomer
   */
  admit(socket: Socket, onFull: () => void): boolean {
    const address = socket.remoteAddress ?? '';
    const ofAddress = (slot: Slot) => slot.address === address;
    const { connections, connectionsPerAddress } = this.limits;
    const isAddressFull = [...this.slots.values()].filter(ofAddress).length >= connectionsPerAddress;
    const isFull = this.slots.size >= connections;
    if (isAddressFull || isFull) {
      onFull();
      if (!this.vacate(isAddressFull ? ofAddress : () => true)) return false;
    }
    this.slots.set(socket, { address, isKnown: false });
    socket.once('close', () => this.slots.delete(socket));
    return true;
  }

  /** Notes that a request came over a connection, or was answered. */
  use(socket: Socket, isKnown = false): void {
    const slot = this.slots.get(socket);
    if (slot === undefined) return;
    slot.isKnown ||= isKnown;
    this.slots.delete(socket);
    this.slots.set(socket, slot);
  }

  /** Idle strangers first; then those that dashd keeps waiting. */
  private vacate(isIt: (slot: Slot) => boolean): boolean {
    const strangers = [...this.slots].filter(([, slot]) => !slot.isKnown && isIt(slot)).map(([socket]) => socket);
    const leaving = strangers.find((socket) => !this.isBusy(socket)) ?? strangers[0];
    if (leaving === undefined) return false;
    this.slots.delete(leaving);
    leaving.destroy();
    return true;
  }
}
