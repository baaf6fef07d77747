import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { FrameDecoder } from '../../../src/wire/decoder.js';
import { encodeFrame, frameOf } from '../../../src/wire/frame.js';
import { INV } from '../../../src/wire/inventory.js';
import { NETWORKS } from '../../../src/wire/network.js';
import type { Message } from '../../../src/wire/registry.js';
import { versionMessage } from '../../contract/test-peer.js';
import { hashOf } from '../../support/relay-under-test.js';

const { magic } = NETWORKS.regtest;

/** A node that a relay dials: it announces each whole block that it is sent, keeps the locks that it is sent, and sends what a test has it send. */
export class LockPeer {
  /** Payloads of `clsig` and `isdlock`. */
  readonly locks: { readonly command: string; readonly payload: Buffer }[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly server: Server = createServer((socket) => this.meet(socket));

  static async open(): Promise<LockPeer> {
    const peer = new LockPeer();
    peer.server.listen(0, '127.0.0.1');
    await once(peer.server, 'listening');
    return peer;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  send(command: string, payload: Buffer): void {
    for (const socket of this.sockets) socket.write(frameOf(magic, command, payload));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private meet(socket: Socket): void {
    const decoder = new FrameDecoder(magic);
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      for (const inbound of decoder.push(chunk)) {
        if (inbound.kind === 'message') this.answer(socket, inbound.message);
      }
    });
  }

  private answer(socket: Socket, message: Message): void {
    const say = (...messages: readonly Message[]): void => {
      for (const one of messages) socket.write(encodeFrame(magic, one));
    };
    switch (message.command) {
      case 'version':
        say(versionMessage({ services: 1n, userAgent: '/locks:1/', nonce: 78n }), { command: 'verack' });
        break;
      case 'ping':
        say({ command: 'pong', nonce: message.nonce });
        break;
      case 'block':
        say({ command: 'inv', items: [{ type: INV.block, hash: hashOf(message.raw) }] });
        break;
      case 'clsig':
      case 'isdlock':
        this.locks.push({ command: message.command, payload: encodeFrame(magic, message).subarray(24) });
        break;
      default:
    }
  }
}
