/** Peers that do what a test says, when it says so. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { SessionFaultCode } from '../../../src/session/types.js';
import type { Dial, PeerSocket, PeerSocketHandlers } from '../../../src/streams/ports.js';
import { FrameDecoder } from '../../../src/wire/decoder.js';
import { encodeFrame } from '../../../src/wire/frame.js';
import { NETWORKS } from '../../../src/wire/network.js';
import type { Message } from '../../../src/wire/registry.js';
import { theirVersion } from '../../session/support.js';

const { magic } = NETWORKS.regtest;

/** One connection, from the peer's side. */
export class FakeSocket implements PeerSocket {
  backlog = 0;
  bytesIn = 0;
  bytesOut = 0;
  destroyed = false;
  paused = false;
  /** What was sent to the peer, decoded. What cannot be decoded fails the test. */
  readonly heard: Message[] = [];
  private answered = 0;
  private readonly decoder = new FrameDecoder(magic);
  private readonly untaken: (() => void)[] = [];

  constructor(
    readonly host: string,
    readonly timeoutMs: number,
    private readonly handlers: PeerSocketHandlers,
    private readonly onWrite: (host: string, command: string) => void,
  ) {}

  write(buffers: readonly Buffer[], taken?: () => void): void {
    assert.equal(this.destroyed, false, `${this.host}: written to after its end`);
    for (const inbound of buffers.flatMap((buffer) => this.decoder.push(buffer))) {
      if (inbound.kind !== 'message') assert.fail(`we sent what cannot be read: ${inspect(inbound)}`);
      this.heard.push(inbound.message);
      this.onWrite(this.host, inbound.message.command);
    }
    if (taken !== undefined) this.untaken.push(taken);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  destroy(): void {
    this.destroyed = true;
  }

  /** The kernel takes all that was written. */
  drain(): void {
    for (const taken of this.untaken.splice(0)) taken();
  }

  open(): void {
    this.handlers.connected();
  }

  says(...messages: readonly Message[]): void {
    this.bytes(Buffer.concat(messages.map((message) => encodeFrame(magic, message))));
  }

  bytes(chunk: Buffer): void {
    if (!this.destroyed) this.handlers.data(chunk);
  }

  close(code: SessionFaultCode = 'closed-by-peer'): void {
    if (!this.destroyed) this.handlers.closed(code, `${this.host} is gone`);
  }

  shakeHands(height = theirVersion.height): this {
    this.open();
    this.says({ ...theirVersion, height });
    this.says({ command: 'verack' });
    return this;
  }

  /** Answers the last ping: after a push, that is the acknowledgement. */
  pong(): void {
    const ping = this.heard.findLast((message) => message.command === 'ping');
    assert.ok(ping, `${this.host} was not pinged`);
    this.says({ command: 'pong', nonce: ping.nonce });
  }

  /** Answers all pings that it has not answered. */
  pongs(): void {
    while (this.answered < this.heard.length) {
      const message = this.heard[this.answered];
      this.answered += 1;
      if (message?.command === 'ping') this.says({ command: 'pong', nonce: message.nonce });
    }
  }

  get blocks(): Buffer[] {
    return this.heard.flatMap((message) => (message.command === 'block' ? [message.raw] : []));
  }
}

/** A network to dial: each connection is kept, and stays silent until the test has its peer speak. */
export class FakeNet {
  readonly sockets: FakeSocket[] = [];

  constructor(private readonly onWrite: (host: string, command: string) => void = () => undefined) {}

  readonly dial: Dial = ({ host }, timeoutMs, handlers) => {
    const socket = new FakeSocket(host, timeoutMs, handlers, this.onWrite);
    this.sockets.push(socket);
    return socket;
  };

  /** The last attempt to reach a host. */
  to(host: string): FakeSocket {
    const socket = this.sockets.findLast((one) => one.host === host);
    assert.ok(socket, `${host} was not dialled`);
    return socket;
  }

  /** How often a host was dialled. */
  dials(host: string): number {
    return this.sockets.filter((one) => one.host === host).length;
  }
}
