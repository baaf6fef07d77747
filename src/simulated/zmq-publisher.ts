import { Publisher } from 'zeromq';
import { closed } from '../adapters/zmq-close.js';
import { HIGH_WATER_MARK } from './notifications.js';

/** The ZeroMQ socket through which dashd's notifications leave. */
export class ZmqPublisher {
  private socket: Publisher | undefined;
  private sending = Promise.resolve();

  /** Binds to an endpoint. */
  async start(endpoint: string): Promise<void> {
    const socket = new Publisher({ linger: 0, sendHighWaterMark: HIGH_WATER_MARK });
    try {
      await socket.bind(endpoint);
    } catch (error) {
      socket.close();
      throw error;
    }
    this.socket = socket;
  }

  /** Resolves when the port is free. */
  async stop(): Promise<void> {
    const { socket } = this;
    this.socket = undefined;
    await this.sending;
    if (socket === undefined) return;
    await closed(socket);
  }

  send(frames: readonly (string | Buffer)[]): void {
    // One at a time: the socket rejects concurrent sends.
    this.sending = this.sending.then(() => this.sendNow([...frames]));
  }

  private async sendNow(frames: (string | Buffer)[]): Promise<void> {
    const { socket } = this;
    if (socket === undefined || socket.closed) return;
    await socket.send(frames);
  }
}
