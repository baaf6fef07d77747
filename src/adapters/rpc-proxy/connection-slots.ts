import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /** Connections at once. */
  readonly connections: number;
  /** Connections at once from one address. */
  readonly connectionsPerAddress: number;
}

interface Slot {
  readonly address: string;
  /** dashd has accepted a request of this connection. */
  isKnown: boolean;
}

/**
 * The callers' connections, limited in number. Beyond the limit, a new connection replaces the unknown caller's connection that has been
 * idle longest, so that idle connections cannot lock out others.
 */
export class ConnectionSlots {
  /** In the order of their last use. */
  private readonly slots = new Map<Socket, Slot>();

  /** @param isBusy whether a request of the connection awaits dashd's answer */
  constructor(
    private readonly limits: ConnectionLimits,
    private readonly isBusy: (socket: Socket) => boolean,
  ) {}

  /**
   * Assigns a slot to a connection until it closes.
   * @param onFull called when the limit is reached, whichever connection has to be closed
   * @returns false when there is no slot for the new connection
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

  /** Records that a request arrived on a connection or was answered. */
  use(socket: Socket, isKnown = false): void {
    const slot = this.slots.get(socket);
    if (slot === undefined) return;
    slot.isKnown ||= isKnown;
    this.slots.delete(socket);
    this.slots.set(socket, slot);
  }

  /** Closes a connection of an unknown caller: an idle one, else one that waits for dashd. */
  private vacate(isIt: (slot: Slot) => boolean): boolean {
    const strangers = [...this.slots].filter(([, slot]) => !slot.isKnown && isIt(slot)).map(([socket]) => socket);
    const leaving = strangers.find((socket) => !this.isBusy(socket)) ?? strangers[0];
    if (leaving === undefined) return false;
    this.slots.delete(leaving);
    leaving.destroy();
    return true;
  }
}
