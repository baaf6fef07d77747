/** A session under a test's control: the test moves its clock and sends its peer's messages; its nonces count from 1. */

import { formFor } from '../../src/session/form.js';
import { questionOf, wants } from '../../src/session/push.js';
import { initialState, step } from '../../src/session/step.js';
import type { Input, Output, PushBlock, SessionContext, SessionEvent, SessionState } from '../../src/session/types.js';
import type { Random } from '../../src/time.js';
import type { Inbound } from '../../src/wire/decoder.js';
import { encodeFrame, FRAME_HEADER_BYTES } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import type { Hash } from '../../src/wire/reader.js';
import type { Message } from '../../src/wire/registry.js';
import type { Version } from '../../src/wire/version.js';

export const START = 1_794_000_000_000;
export const USER_AGENT = '/blockcast:test/';
export const HEIGHT = 1_000;

/** 1, 2, 3 …: so that a test can name the nonce it expects. */
export function counting(): Random {
  let last = 0n;
  return {
    float: () => 0.5,
    u64: () => {
      last += 1n;
      return last;
    },
  };
}

/** A block by its number, from which its hash and header follow. */
export function block(number: number, previous = hashOf(number - 1)): PushBlock {
  const header = Buffer.alloc(80, number & 0xff);
  header.writeUInt32LE(number, 0);
  return { hash: hashOf(number), header, previous, frame: Buffer.from(`frame of block ${number}`) };
}

/** The same with a compact form: of transactions `tx 0`, `tx 1` and so on. */
export function compactBlock(number: number, transactions: number): PushBlock {
  const compact = {
    frame: Buffer.from(`compact ${number}`),
    count: transactions,
    transaction: (index: number) => Buffer.from(`tx ${index};`),
  };
  return { ...block(number), compact };
}

export function hashOf(number: number): Hash {
  return number.toString(16).padStart(64, '0');
}

/** Stands for X11: the hash of a header of {@link block}. */
export const hashHeader = (header: Buffer): Hash => hashOf(header.readUInt32LE(0));

export function context(recent: readonly PushBlock[] = []): SessionContext {
  return {
    network: NETWORKS.regtest,
    userAgent: USER_AGENT,
    wallClock: () => START,
    height: () => HEIGHT,
    random: counting(),
    recent: {
      get: (hash) => recent.find((one) => one.hash === hash),
      byHeader: (header) => recent.find((one) => one.header.equals(header)),
      headersAfter: (locator, stop) => {
        const from = recent.findIndex((one) => locator.includes(one.previous));
        const to = recent.findIndex((one) => one.hash === stop);
        return from < 0 ? [] : recent.slice(from, to < 0 ? undefined : to + 1).map(({ header }) => header);
      },
    },
    hashHeader,
  };
}

export const theirVersion: Version = {
  command: 'version',
  version: 70240,
  services: 3077n,
  time: 1_794_000_000n,
  receiver: { services: 0n, host: '127.0.0.1', port: 1234 },
  sender: { services: 3077n, host: '0.0.0.0', port: 0 },
  nonce: 0xfeedn,
  userAgent: '/Dash Core:23.1.2/',
  height: 1_234,
  relay: true,
  mnauthChallenge: Buffer.alloc(32, 7),
  masternode: false,
};

export class Hand {
  state: SessionState = initialState(START);
  now = START;
  readonly context: SessionContext;
  private readonly recent: PushBlock[];

  constructor(recent: readonly PushBlock[] = [], more: Partial<SessionContext> = {}) {
    this.recent = [...recent];
    this.context = { ...context(this.recent), ...more };
  }

  /** A session that has finished its handshake. Its first two nonces are spent: no more than the one in `version`. */
  static ready(recent: readonly PushBlock[] = [], more: Partial<SessionContext> = {}): Hand {
    const hand = new Hand(recent, more);
    hand.shakeHands();
    return hand;
  }

  shakeHands(): Output[] {
    this.input({ type: 'connected' });
    this.hears(theirVersion);
    return this.hears({ command: 'verack' });
  }

  input(input: Input): Output[] {
    const [state, outputs] = step(this.context, this.state, input, this.now);
    this.state = state;
    return outputs;
  }

  /** The header of a message, and the message if it was let through. */
  hears(message: Message): Output[] {
    const size = encodeFrame(this.context.network.magic, message).length;
    const refused = this.header(message.command, size - FRAME_HEADER_BYTES);
    return refused.length > 0 ? refused : this.inbound({ kind: 'message', message, size });
  }

  header(command: string, length: number): Output[] {
    return this.input({ type: 'received', inbound: { kind: 'header', command, length } });
  }

  inbound(inbound: Inbound): Output[] {
    return this.input({ type: 'received', inbound });
  }

  /** The block is held in memory. */
  remember(block: PushBlock): void {
    if (!this.recent.includes(block)) this.recent.push(block);
  }

  push(block: PushBlock): Output[] {
    this.remember(block);
    if (!wants(this.state, block)) return this.input({ type: 'push', block });
    const sent = { form: formFor(this.state, block), question: questionOf(NETWORKS.regtest.magic, block) };
    return this.input({ type: 'push', block, sent });
  }

  /** The block is no longer held in memory. */
  forget({ hash }: PushBlock): void {
    this.recent.splice(
      this.recent.findIndex((one) => one.hash === hash),
      1,
    );
  }

  written(block: PushBlock): Output[] {
    return this.input({ type: 'written', hash: block.hash });
  }

  after(ms: number): this {
    this.now += ms;
    return this;
  }

  tick(): Output[] {
    return this.input({ type: 'tick' });
  }
}

export function events(outputs: readonly Output[]): SessionEvent[] {
  return outputs.flatMap((output) => (output.type === 'event' ? [output.event] : []));
}

export function sent(outputs: readonly Output[]): Message[] {
  return outputs.flatMap((output) => (output.type === 'send' ? [output.message] : []));
}

/** The code a session was closed with; `undefined` while it is open. */
export function closedWith(outputs: readonly Output[]): string | undefined {
  return outputs.flatMap((output) => (output.type === 'close' ? [output.fault.code] : []))[0];
}
