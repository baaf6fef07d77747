import type { Socket } from 'node:net';

export interface SeatLimits {
  /** Connections at once. */
  readonly connections: number;
  /** Of them from one address. */
  readonly connectionsPerAddress: number;
}

interface Seat {
  readonly address: string;
  /** dashd has accepted a request that came over it. */
  isKnown: boolean;
}

/**
 * The connections that callers hold, bounded in number. When there are too many, the stranger's that has been idle for the longest
 * makes room for the newcomer: whoever only holds connections keeps nobody out.
 */
export class Seats {
  /** The longest idle first. */
  private readonly seats = new Map<Socket, Seat>();

  /** @param isBusy whether dashd is being asked over a connection */
  constructor(
    private readonly limits: SeatLimits,
    private readonly isBusy: (socket: Socket) => boolean,
  ) {}

  /**
   * Gives a connection a seat until it closes.
   * @param onFull called when somebody has to be hung up on for it, or it is the newcomer itself
   * @returns false when it is the newcomer
   */
  admit(socket: Socket, onFull: () => void): boolean {
    const address = socket.remoteAddress ?? '';
    const ofAddress = (seat: Seat) => seat.address === address;
    const { connections, connectionsPerAddress } = this.limits;
    const isAddressFull = [...this.seats.values()].filter(ofAddress).length >= connectionsPerAddress;
    const isFull = this.seats.size >= connections;
    if (isAddressFull || isFull) {
      onFull();
      if (!this.vacate(isAddressFull ? ofAddress : () => true)) return false;
    }
    this.seats.set(socket, { address, isKnown: false });
    socket.once('close', () => this.seats.delete(socket));
    return true;
  }

  /** Notes that a request came over a connection, or was answered. */
  use(socket: Socket, isKnown = false): void {
    const seat = this.seats.get(socket);
    if (seat === undefined) return;
    seat.isKnown ||= isKnown;
    this.seats.delete(socket);
    this.seats.set(socket, seat);
  }

  /** Idle strangers first; then those that dashd keeps waiting. */
  private vacate(isIt: (seat: Seat) => boolean): boolean {
    const strangers = [...this.seats].filter(([, seat]) => !seat.isKnown && isIt(seat)).map(([socket]) => socket);
    const leaving = strangers.find((socket) => !this.isBusy(socket)) ?? strangers[0];
    if (leaving === undefined) return false;
    this.seats.delete(leaving);
    leaving.destroy();
    return true;
  }
}
