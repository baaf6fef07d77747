/** Shows what goes over the relay's sockets to peers: around its port `dial`, so that whatever the relay does is seen as the peers see it. */
import { HEADER_SIZE, hashHeader } from '../../block/x11.js';
import type { Address, Dial, PeerSocket, PeerSocketHandlers } from '../../streams/ports.js';
import { FrameDecoder } from '../../wire/decoder.js';
import { COMMAND_AT, FRAME_HEADER_BYTES, LENGTH_AT } from '../../wire/frame.js';
import { INV } from '../../wire/inventory.js';
import type { Seen, SeenConnection } from './observation.js';

export interface WireTapOptions {
  readonly magic: Buffer;
  /** The pool's own dashd. */
  readonly dashd: Address;
  readonly see: (seen: Seen) => void;
}

export class WireTap {
  private readonly open = new Set<SeenConnection>();
  private connections = 0;

  constructor(private readonly options: WireTapOptions) {}

  /** Sockets that the relay has open, those being dialled included. */
  get sockets(): number {
    return this.open.size;
  }

  /** The relay's process is gone, and its sockets with it. */
  closeAll(): void {
    for (const one of [...this.open]) this.close(one);
  }

  wrap(dial: Dial): Dial {
    return (address, timeoutMs, handlers) => this.dial(dial, address, timeoutMs, handlers);
  }

  private dial(dial: Dial, address: Address, timeoutMs: number, handlers: PeerSocketHandlers): PeerSocket {
    const { magic, dashd, see } = this.options;
    const { host, port } = address;
    this.connections += 1;
    const one: SeenConnection = {
      connection: this.connections,
      peer: `${host}:${port}`,
      protected: host === dashd.host && port === dashd.port,
    };
    this.open.add(one);
    see({ type: 'dialled', ...one });
    const requests = new FrameDecoder(magic);
    const socket = dial(address, timeoutMs, {
      connected: () => handlers.connected(),
      data: (chunk) => {
        // Seen before the relay answers it; a message over the peer's limits may be seen and not answered.
        for (const inbound of requests.push(chunk)) {
          if (inbound.kind !== 'message' || inbound.message.command !== 'getdata') continue;
          const blocks = inbound.message.items.filter(({ type }) => type === INV.block);
          for (const { hash } of blocks) see({ type: 'requested', ...one, hash });
        }
        handlers.data(chunk);
      },
      closed: (code, detail) => {
        this.close(one);
        handlers.closed(code, detail);
      },
    });
    const write: PeerSocket['write'] = (buffers, taken) => {
      for (const frame of buffers) {
        if (isBlock(frame)) see({ type: 'pushed', ...one, hash: hashOf(frame) });
      }
      socket.write(buffers, taken);
    };
    const destroy = (): void => {
      this.close(one);
      socket.destroy();
    };
    return {
      write,
      destroy,
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      get backlog() {
        return socket.backlog;
      },
      get bytesIn() {
        return socket.bytesIn;
      },
      get bytesOut() {
        return socket.bytesOut;
      },
      get endpoint() {
        return socket.endpoint;
      },
    };
  }

  private close(one: SeenConnection): void {
    if (this.open.delete(one)) this.options.see({ type: 'closed', ...one });
  }
}

/** The relay writes whole messages, one a buffer. */
function isBlock(frame: Buffer): boolean {
  return frame.length >= FRAME_HEADER_BYTES + HEADER_SIZE && frame.toString('latin1', COMMAND_AT, LENGTH_AT) === BLOCK;
}

const BLOCK = 'block'.padEnd(LENGTH_AT - COMMAND_AT, '\0');

function hashOf(frame: Buffer): string {
  return hashHeader(frame.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + HEADER_SIZE));
}
