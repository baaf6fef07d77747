/** Connects a ZeroMQ socket to all addresses that an endpoint's name may stand for. */
import type { Socket } from 'zeromq';
import { endpointAttempts } from '../address/endpoint.js';

/** zeromq.js declares these on each socket class that can have them, not on their base. */
type Connectable = Socket & { ipv6: boolean; connect(endpoint: string): void; disconnect(endpoint: string): void };

/** How long libzmq repeats an attempt before the next one starts, milliseconds. */
const TURN_MS = 250;

/**
 * Connects a socket, which libzmq keeps connected from then on. libzmq asks a resolver for one family of addresses and takes the first
 * answer; so for as long as nobody answers, the attempts that the endpoint allows take turns.
 * @throws Error for what libzmq takes for no endpoint; what `parseEndpoint` accepts is one
 */
export function connectInTurn(socket: Socket, endpoint: string): void {
  const connectable = socket as Connectable;
  const attempts = endpointAttempts(endpoint);
  let [current] = attempts;
  let taken = 0;
  const connect = () => {
    connectable.ipv6 = current.ipv6;
    connectable.connect(current.endpoint);
  };
  connect();
  if (attempts.length === 1) return;

  let turn: NodeJS.Timeout | undefined;
  const endTurn = () => {
    clearTimeout(turn);
    turn = undefined;
  };
  socket.events.on('connect:retry', () => {
    turn ??= setTimeout(() => {
      turn = undefined;
      if (socket.closed) return;
      connectable.disconnect(current.endpoint);
      taken += 1;
      current = attempts[taken % attempts.length] ?? current;
      connect();
    }, TURN_MS).unref();
  });
  socket.events.on('connect', endTurn);
  socket.events.on('end', endTurn);
}
