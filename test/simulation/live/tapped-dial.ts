/** A dial that a test listens in on, and that puts words in peers' mouths: announcements come late, or never, or of blocks that the peer has not. */
import type { Dial, PeerSocketHandlers } from '../../../src/streams/ports.js';
import { encodeFrame, FRAME_HEADER_BYTES } from '../../../src/wire/frame.js';
import { INV } from '../../../src/wire/inventory.js';
import { NETWORKS } from '../../../src/wire/network.js';

/** What becomes of a peer's announcements. */
export type Fate = { readonly delayMs: number } | 'dropped';

interface Line {
  readonly handlers: PeerSocketHandlers;
  /** Bytes written to the peer, by command. */
  readonly written: Map<string, number>;
}

const { magic } = NETWORKS.regtest;
const ANNOUNCEMENTS = ['cmpctblock', 'inv', 'headers'];
/** Hashes in one message. */
const MAX_HASHES = 32;

export class TappedDial {
  private readonly lines = new Map<string, Line>();
  private readonly fates = new Map<string, Fate>();

  /** @param after runs something later, ms */
  constructor(private readonly after: (ms: number, go: () => void) => void) {}

  around(dial: Dial): Dial {
    return (address, timeoutMs, handlers) => {
      const peer = `${address.host}:${address.port}`;
      const written = new Map<string, number>();
      const cut = framesOf((frame, command) => this.pass(peer, handlers, frame, command));
      const socket = dial(address, timeoutMs, {
        connected: () => handlers.connected(),
        data: cut,
        closed: (code, detail) => handlers.closed(code, detail),
      });
      this.lines.set(peer, { handlers, written });
      const count = framesOf((frame, command) => written.set(command, (written.get(command) ?? 0) + frame.length));
      const write: typeof socket.write = (buffers, taken) => {
        for (const buffer of buffers) count(buffer);
        socket.write(buffers, taken);
      };
      return new Proxy(socket, {
        get: (target, name) => {
          if (name === 'write') return write;
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    };
  }

  /** From now on. @param fate undefined: they pass again */
  announcements(peer: string, fate: Fate | undefined): void {
    if (fate === undefined) this.fates.delete(peer);
    else this.fates.set(peer, fate);
  }

  /** The peer announces blocks. */
  announce(peer: string, hashes: readonly string[]): void {
    for (let from = 0; from < hashes.length; from += MAX_HASHES) {
      const items = hashes.slice(from, from + MAX_HASHES).map((hash) => ({ type: INV.block, hash }));
      this.lines.get(peer)?.handlers.data(encodeFrame(magic, { command: 'inv', items }));
    }
  }

  /** Bytes of these messages that were written to these peers. */
  written(peers: readonly string[], commands: readonly string[]): number {
    let bytes = 0;
    for (const peer of peers) for (const command of commands) bytes += this.lines.get(peer)?.written.get(command) ?? 0;
    return bytes;
  }

  private pass(peer: string, handlers: PeerSocketHandlers, frame: Buffer, command: string): void {
    const fate = ANNOUNCEMENTS.includes(command) ? this.fates.get(peer) : undefined;
    if (fate === undefined) handlers.data(frame);
    else if (fate !== 'dropped') this.after(fate.delayMs, () => handlers.data(frame));
  }
}

/** @returns a function that takes bytes as they come, and gives whole messages */
function framesOf(take: (frame: Buffer, command: string) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= FRAME_HEADER_BYTES) {
      const length = FRAME_HEADER_BYTES + rest.readUInt32LE(16);
      if (rest.length < length) return;
      const frame = rest.subarray(0, length);
      rest = rest.subarray(length);
      take(frame, frame.toString('latin1', 4, 16).replace(/\0+$/, ''));
    }
  };
}
