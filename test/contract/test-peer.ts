import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { FrameDecoder, type Inbound, type WireFault } from '../../src/wire/decoder.js';
import { encodeFrame } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import type { Command, Message } from '../../src/wire/registry.js';
import type { Version } from '../../src/wire/version.js';
import { PATIENCE_MS } from '../support/patience.js';

type MessageWith<C extends Command> = Extract<Message, { readonly command: C }>;

const NOWHERE = { services: 0n, host: '0.0.0.0', port: 0 } as const;

export function versionMessage(overrides: Partial<Version> = {}): Version {
  return {
    command: 'version',
    version: 70240,
    services: 0n,
    time: BigInt(Math.floor(Date.now() / 1000)),
    receiver: NOWHERE,
    sender: NOWHERE,
    nonce: 77n,
    userAgent: '/contract:1/',
    height: 0,
    relay: false,
    mnauthChallenge: Buffer.alloc(32),
    masternode: false,
    ...overrides,
  };
}

/** A peer that sends only what a test has it send, and keeps all that it receives. */
export class TestPeer {
  /** Everything received, in order. */
  readonly heard: Inbound[] = [];
  closed = false;
  /** The number of reads. */
  chunks = 0;
  private readonly decoder: FrameDecoder;
  private cursor = 0;
  private pings = 1_000n;
  private readonly wakers = new Set<() => void>();

  private constructor(
    private readonly socket: Socket,
    private readonly magic: Buffer,
  ) {
    this.decoder = new FrameDecoder(magic);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.chunks += 1;
      this.heard.push(...this.decoder.push(chunk));
      this.wake();
    });
    // A reset is one of the ways a node hangs up.
    socket.on('error', () => this.wake());
    socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  static async dial(at: { host: string; port: number }, magic = NETWORKS.regtest.magic): Promise<TestPeer> {
    const socket = connect(at.port, at.host);
    await once(socket, 'connect');
    return new TestPeer(socket, magic);
  }

  /** Dials and goes through the handshake, up to the ping that ends the node's greeting. */
  static async ready(
    at: { host: string; port: number },
    options: { version?: Partial<Version>; addrv2?: boolean } = {},
  ): Promise<TestPeer> {
    const peer = await TestPeer.dial(at);
    peer.send(versionMessage(options.version));
    await peer.next('verack');
    if (options.addrv2 === true) peer.send({ command: 'sendaddrv2' });
    peer.send({ command: 'verack' });
    await peer.next('ping');
    return peer;
  }

  /** Bytes written that the kernel has not taken. */
  get backlog(): number {
    return this.socket.writableLength;
  }

  send(...messages: Message[]): void {
    this.write(Buffer.concat(messages.map((message) => encodeFrame(this.magic, message))));
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Waits for the next message of a command that came, or comes, behind the last one waited for. */
  async next<C extends Command>(
    command: C,
    fits: (message: MessageWith<C>) => boolean = () => true,
  ): Promise<MessageWith<C>> {
    const isIt = (inbound: Inbound): inbound is Inbound & { kind: 'message'; message: MessageWith<C> } =>
      inbound.kind === 'message' && inbound.message.command === command && fits(inbound.message as MessageWith<C>);
    const place = await this.until(() => this.placeOf(isIt), `a ${command} message`);
    const found = this.heard[place];
    assert.ok(found !== undefined && isIt(found));
    return found.message;
  }

  /** Waits for a message that the codec does not know. */
  async nextUnknown(command: string): Promise<void> {
    await this.until(
      () => this.placeOf((inbound) => inbound.kind === 'unknown' && inbound.command === command),
      `a ${command} message`,
    );
  }

  /** Waits for bytes that are not a message. */
  async nextFault(code: WireFault['code']): Promise<void> {
    await this.until(
      () => this.placeOf((inbound) => inbound.kind === 'fault' && inbound.fault.code === code),
      `the fault ${code}`,
    );
  }

  /** Waits until the node has handled all that was sent to it so far. */
  async sync(): Promise<void> {
    this.pings += 1n;
    const nonce = this.pings;
    this.send({ command: 'ping', nonce });
    await this.next('pong', (pong) => pong.nonce === nonce);
  }

  /** Waits for the node to hang up. */
  async hungUp(): Promise<void> {
    await this.until(() => (this.closed ? this.cursor - 1 : undefined), 'the end of the connection');
  }

  /** The commands received, in order, from an index in {@link heard} on. */
  commands(from = 0): string[] {
    return this.heard
      .slice(from)
      .flatMap((inbound) => (inbound.kind === 'message' ? [inbound.message.command] : commandOf(inbound)));
  }

  /** All messages of a command heard so far. */
  all<C extends Command>(command: C): MessageWith<C>[] {
    return this.heard.flatMap((inbound) =>
      inbound.kind === 'message' && inbound.message.command === command ? [inbound.message as MessageWith<C>] : [],
    );
  }

  async hangUp(): Promise<void> {
    this.socket.destroy();
    await this.hungUp();
  }

  private placeOf(isIt: (inbound: Inbound) => boolean): number | undefined {
    const place = this.heard.findIndex((inbound, at) => at >= this.cursor && isIt(inbound));
    return place === -1 ? undefined : place;
  }

  private wake(): void {
    for (const waker of [...this.wakers]) waker();
  }

  private async until(find: () => number | undefined, what: string): Promise<number> {
    const place = await new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => settle(new Error(`waited ${PATIENCE_MS} ms for ${what}`)), PATIENCE_MS);
      const settle = (result: number | Error) => {
        clearTimeout(timer);
        this.wakers.delete(look);
        if (result instanceof Error) reject(new Error(`${result.message}; heard ${this.commands().join(', ')}`));
        else resolve(result);
      };
      const look = () => {
        const found = find();
        if (found !== undefined) settle(found);
        else if (this.closed) settle(new Error(`the node hung up before ${what}`));
      };
      this.wakers.add(look);
      look();
    });
    this.cursor = place + 1;
    return place;
  }
}

function commandOf(inbound: Exclude<Inbound, { kind: 'message' }>): string[] {
  return inbound.kind === 'unknown' ? [inbound.command] : [];
}
