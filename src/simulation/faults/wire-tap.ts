/** Shows what goes over the relay's sockets to peers: around its port `dial`, so that whatever the relay does is seen as the peers see it. */
import { HEADER_SIZE, hashHeader } from '../../block/x11.js';
import type { Address, Dial, PeerSocket, PeerSocketHandlers } from '../../streams/ports.js';
import { FrameDecoder } from '../../wire/decoder.js';
import { COMMAND_AT, FRAME_HEADER_BYTES, LENGTH_AT } from '../../wire/frame.js';
import { INV, type InventoryItem } from '../../wire/inventory.js';
import { type Hash, hashFromWire } from '../../wire/reader.js';
import type { Message } from '../../wire/registry.js';
import type { Seen, SeenConnection } from './observation.js';

export interface WireTapOptions {
  readonly magic: Buffer;
  /** The pool's own dashd. */
  readonly dashd: Address;
  readonly see: (seen: Seen) => void;
}

/** The messages that bring a block, which both begin with its header. */
const FORMS: ReadonlyMap<string, 'full' | 'compact'> = new Map([
  ['block', 'full'],
  ['cmpctblock', 'compact'],
]);

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
    const inbox = new FrameDecoder(magic);
    /** What the relay asked with `getheaders`, oldest first: a peer answers in order. */
    const questions: Question[] = [];
    const answer = (headers: readonly Buffer[]): void => {
      const question = questions.shift();
      if (question !== undefined)
        see({ type: 'answered', ...one, hash: question.hash, answer: answerOf(question, headers) });
    };
    const read = (message: Message): void => {
      if (message.command === 'getdata') for (const hash of blocksIn(message)) see({ type: 'requested', ...one, hash });
      if (message.command === 'inv') for (const hash of blocksIn(message)) see({ type: 'announced', ...one, hash });
      if (message.command === 'headers') answer(message.headers);
    };
    const socket = dial(address, timeoutMs, {
      connected: () => handlers.connected(),
      data: (chunk) => {
        // Seen before the relay reads it; a message over the limits of a peer is seen, and not read by the relay.
        for (const inbound of inbox.push(chunk)) if (inbound.kind === 'message') read(inbound.message);
        handlers.data(chunk);
      },
      closed: (code, detail) => {
        this.close(one);
        handlers.closed(code, detail);
      },
    });
    const write: PeerSocket['write'] = (buffers, taken) => {
      for (const frame of buffers) {
        const command = commandOf(frame);
        const form = FORMS.get(command);
        if (form !== undefined) see({ type: 'pushed', ...one, hash: hashOf(frame), form });
        if (command === 'getheaders') questions.push(questionOf(magic, frame));
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

function blocksIn({ items }: { readonly items: readonly InventoryItem[] }): readonly Hash[] {
  return items.filter(({ type }) => type === INV.block).map(({ hash }) => hash);
}

/** A `getheaders` for one block. */
interface Question {
  readonly parent: Hash | undefined;
  readonly hash: Hash;
}

/** The relay writes whole messages, one a buffer. */
function commandOf(frame: Buffer): string {
  return frame.toString('latin1', COMMAND_AT, LENGTH_AT).replaceAll('\0', '');
}

function hashOf(frame: Buffer): Hash {
  return hashHeader(frame.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + HEADER_SIZE));
}

/** @throws Error for a message that is none: a mistake of the relay's */
function questionOf(magic: Buffer, frame: Buffer): Question {
  const [inbound] = new FrameDecoder(magic).push(frame);
  if (inbound?.kind !== 'message' || inbound.message.command !== 'getheaders') throw new Error('not a getheaders');
  const { locator, stop } = inbound.message;
  return { parent: locator[0], hash: stop };
}

function answerOf({ parent, hash }: Question, headers: readonly Buffer[]): 'has' | 'has-another' | 'absent' {
  if (headers.some((header) => hashHeader(header) === hash)) return 'has';
  const [first] = headers;
  return first !== undefined && hashFromWire(first.subarray(...PREVIOUS)) === parent ? 'has-another' : 'absent';
}

/** Where a header has its parent's hash. */
const PREVIOUS = [4, 36] as const;
