import type { Random } from '../time.js';
import { FrameDecoder, type Inbound } from '../wire/decoder.js';
import { CHECKSUM_AT, encodeFrame, frameOf, LENGTH_AT } from '../wire/frame.js';
import type { Message } from '../wire/registry.js';
import type { Behaviour, LinkQuality } from './behaviour.js';
import { MidBlockWatch } from './mid-block.js';
import type { NodeSocket } from './sockets.js';
import type { Timers } from './timers.js';
import { guessTransport } from './transport-guess.js';

/** The node that a link belongs to. Its link quality and behaviour may change during the connection. */
export interface PeerLinkOwner {
  readonly magic: Buffer;
  readonly linkQuality: LinkQuality;
  readonly behaviour: Behaviour;
}

export interface PeerLinkOptions {
  readonly owner: PeerLinkOwner;
  /** The peer opened the connection, so its transport is not known yet. */
  readonly inbound: boolean;
  readonly random: Random;
  readonly timers: Timers;
}

export interface PeerLinkHandlers {
  inbound(inbound: Inbound): void;
  closed(): void;
}

/** BIP 324: the size of a public key in ElligatorSwift encoding, bytes. */
const KEY_BYTES = 64;

/** A node's end of a connection: sends and receives messages with the delay of its link quality and the faults of its node. */
export class PeerLink {
  private readonly decoder: FrameDecoder;
  private readonly watch = new MidBlockWatch();
  private readonly cancels = new Set<() => void>();
  /** Bytes in flight in each direction, first in, first out, also when the delay changes in between. */
  private readonly leaving: Buffer[] = [];
  private readonly arriving: Buffer[] = [];
  private readonly drips: Buffer[] = [];
  /** The first bytes, until they determine the transport. */
  private first: Buffer | undefined;
  private falsify = false;
  private reading = true;
  private muted = false;
  private deaf = false;
  private delayed = 0;
  private whenDrained: (() => void) | undefined;

  constructor(
    private readonly socket: NodeSocket,
    private readonly options: PeerLinkOptions,
    private readonly handlers: PeerLinkHandlers,
  ) {
    this.decoder = new FrameDecoder(options.owner.magic);
    this.first = options.inbound ? Buffer.alloc(0) : undefined;
    socket.attach({
      data: (chunk) => this.arrived(chunk),
      closed: () => {
        for (const cancel of this.cancels) cancel();
        handlers.closed();
      },
    });
  }

  /** Bytes that the kernel has not accepted yet. */
  get backlog(): number {
    return this.socket.backlog + this.delayed;
  }

  get open(): boolean {
    return this.socket.open;
  }

  send(message: Message): void {
    this.write(encodeFrame(this.magic, message));
  }

  /** Sends a message without the codec. */
  sendRaw(command: string, payload: Buffer): void {
    this.write(frameOf(this.magic, command, payload));
  }

  /** Sends the header of a `block` message of this many bytes, without the payload. */
  claim(bytes: number): void {
    const header = frameOf(this.magic, 'block', Buffer.alloc(0));
    header.writeUInt32LE(bytes, LENGTH_AT);
    this.write(header);
  }

  falsifyChecksums(): void {
    this.falsify = true;
  }

  /** Sends nothing from now on, but reads. */
  mute(): void {
    this.muted = true;
  }

  get isMuted(): boolean {
    return this.muted;
  }

  stopReading(): void {
    this.reading = false;
    this.socket.pause();
  }

  /** Calls back whenever the kernel has accepted bytes. */
  onDrain(action: () => void): void {
    this.whenDrained = action;
  }

  /** Runs `action` after a delay, if the connection is still open then. @returns a function that cancels it */
  after(ms: number, action: () => void): () => void {
    if (ms <= 0) {
      action();
      return () => undefined;
    }
    const cancel = this.options.timers.after(ms, () => {
      this.cancels.delete(cancel);
      if (this.open) action();
    });
    this.cancels.add(cancel);
    return () => {
      this.cancels.delete(cancel);
      cancel();
    };
  }

  close(): void {
    this.socket.destroy();
  }

  private get magic(): Buffer {
    return this.behaviour.magic ?? this.options.owner.magic;
  }

  private get behaviour(): Behaviour {
    return this.options.owner.behaviour;
  }

  private get linkQuality(): LinkQuality {
    return this.options.owner.linkQuality;
  }

  private write(bytes: Buffer): void {
    if (this.muted || !this.open) return;
    const frame = this.falsify ? withFalseChecksum(bytes) : bytes;
    this.delayed += frame.length;
    this.leaving.push(frame);
    this.after(this.linkQuality.latencyMs, () => this.leave());
  }

  private leave(): void {
    const frame = this.leaving.shift();
    if (frame === undefined) return;
    const { dripMs } = this.behaviour;
    this.delayed -= frame.length;
    if (dripMs === undefined) this.socket.write(frame, () => this.whenDrained?.());
    else this.drip(frame, dripMs);
  }

  private arrived(chunk: Buffer): void {
    const isMidBlock = this.watch.push(chunk);
    if (isMidBlock && this.behaviour.diesMidBlock === true) {
      this.socket.reset();
      return;
    }
    const { bytesPerSecond } = this.linkQuality;
    if (bytesPerSecond === undefined) {
      this.travel(chunk);
      return;
    }
    this.socket.pause();
    this.after((chunk.length / bytesPerSecond) * 1000, () => {
      if (this.reading) this.socket.resume();
      this.travel(chunk);
    });
  }

  private travel(chunk: Buffer): void {
    this.arriving.push(chunk);
    this.after(this.linkQuality.latencyMs, () => {
      const first = this.arriving.shift();
      if (first !== undefined) this.read(first);
    });
  }

  private read(chunk: Buffer): void {
    if (this.deaf) return;
    const plain = this.first === undefined ? chunk : this.detectTransport(Buffer.concat([this.first, chunk]));
    for (const inbound of this.decoder.push(plain)) {
      if (!this.open) return;
      this.handlers.inbound(inbound);
    }
  }

  /** Determines the transport from the first bytes. @returns the bytes to decode */
  private detectTransport(first: Buffer): Buffer {
    this.first = first;
    switch (guessTransport(this.options.owner.magic, first)) {
      case 'plain':
        this.first = undefined;
        return first;
      case 'encrypted':
        this.answerKey();
        break;
      case 'other-network':
        this.close();
        break;
      case 'undecided':
    }
    return Buffer.alloc(0);
  }

  /** Answers a BIP 324 key with random bytes; encrypted connections are not simulated further. */
  private answerKey(): void {
    this.deaf = true;
    if (this.muted) return;
    const words = BigUint64Array.from({ length: KEY_BYTES / 8 }, () => this.options.random.u64());
    this.write(Buffer.from(words.buffer));
    this.mute();
  }

  private drip(bytes: Buffer, everyMs: number): void {
    const idle = this.drips.length === 0;
    this.drips.push(bytes);
    if (idle) this.dripNext(everyMs);
  }

  private dripNext(everyMs: number): void {
    const [first] = this.drips;
    if (first === undefined) return;
    this.socket.write(first.subarray(0, 1));
    if (first.length > 1) this.drips[0] = first.subarray(1);
    else this.drips.shift();
    this.after(everyMs, () => this.dripNext(everyMs));
  }
}

function withFalseChecksum(frame: Buffer): Buffer {
  const falsified = Buffer.from(frame);
  falsified.writeUInt8(falsified.readUInt8(CHECKSUM_AT) ^ 0xff, CHECKSUM_AT);
  return falsified;
}
