/**
 * What a JSON-RPC request asks for, read from its bytes without building its value: the block in a `submitblock` is 4 MB of hex, and
 * somebody waits for it. Read as dashd reads it: as strictly, and of keys that are there twice the first counts, where `JSON.parse`
 * takes the last. Source: Core `univalue_read.cpp`, `UniValue::find_value`, `rpc/request.cpp`, `rpc/server.cpp`.
 */

export interface Call {
  /** As JSON, byte for byte as the caller gave it; `null` when it gave none, or a very long one. */
  readonly id: string;
  readonly method?: string;
  /** Of a `submitblock`: the block's bytes, or the text that should have been hex. */
  readonly block?: Buffer;
}

export type Calls =
  | { readonly kind: 'calls'; readonly isBatch: boolean; readonly calls: readonly Call[] }
  | { readonly kind: 'too many' }
  | { readonly kind: 'not json-rpc' };

/** More than anybody batches; a longer batch is not looked into. */
export const MAX_CALLS = 1_000;
/** Core `univalue_read.cpp`: MAX_JSON_DEPTH. */
const MAX_DEPTH = 512;
const MAX_ID_BYTES = 1_024;

/** True when a body might hold a `submitblock`: one without the word, and without a backslash to write it in another way, does not. */
export function maySubmit(body: Buffer): boolean {
  return body.includes('submitblock', 0, 'latin1') || body.includes(BACKSLASH);
}

export function readCalls(body: Buffer): Calls {
  try {
    return new CallReader(body).request();
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'not json-rpc' };
    throw error;
  }
}

class Malformed extends Error {}

/** A string in the body, without its quotes. What is between them is checked when it is known what it is. */
interface Token {
  readonly start: number;
  readonly end: number;
  readonly escaped: boolean;
}

/** Of a call, as they are met; null is for a value of another kind. */
interface Fields {
  id?: string;
  method?: string | null;
  /** The first parameter, which is a block's hex if the method is `submitblock`. */
  hex?: Token | null;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;
const ARRAY = 0x5b;
const ARRAY_END = 0x5d;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_E = 0x65;
const UPPER_E = 0x45;
const SPACE = 0x20;
const LITERALS = ['null', 'true', 'false'];
const LONGEST_LITERAL = 5;

class CallReader {
  private at = 0;
  private readonly mayEscape: boolean;

  constructor(private readonly bytes: Buffer) {
    this.mayEscape = bytes.includes(BACKSLASH);
  }

  request(): Calls {
    const first = this.peek();
    if (first === OBJECT) {
      const call = this.call();
      this.end();
      return { kind: 'calls', isBatch: false, calls: [call] };
    }
    if (first !== ARRAY) return { kind: 'not json-rpc' };
    const calls: Call[] = [];
    for (const _ of this.elements()) {
      if (calls.length === MAX_CALLS) return { kind: 'too many' };
      calls.push(this.entry());
    }
    this.end();
    return { kind: 'calls', isBatch: true, calls };
  }

  /** What is no object in a batch is answered by dashd with an error that has no id. */
  private entry(): Call {
    if (this.peek() === OBJECT) return this.call();
    this.skip();
    return { id: 'null' };
  }

  private call(): Call {
    const { id = 'null', method, hex }: Fields = this.fields();
    const isSubmission = method === 'submitblock';
    if (hex != null && !isSubmission) this.check(hex);
    return {
      id,
      ...(method != null && { method }),
      ...(hex != null && isSubmission && { block: this.block(hex) }),
    };
  }

  private fields(): Fields {
    const fields: Fields = {};
    for (const key of this.members()) {
      if (key === 'id' && fields.id === undefined) fields.id = this.idAsGiven();
      else if (key === 'method' && fields.method === undefined) fields.method = this.text();
      else if (key === 'params' && fields.hex === undefined) fields.hex = this.firstParameter();
      else this.skip();
    }
    return fields;
  }

  private idAsGiven(): string {
    this.peek();
    const start = this.at;
    this.skip();
    return this.at - start > MAX_ID_BYTES ? 'null' : this.bytes.toString('utf8', start, this.at);
  }

  /** The string that is next; null for any other value. */
  private text(): string | null {
    if (this.peek() === QUOTE) return this.decode(this.string());
    this.skip();
    return null;
  }

  /** The block's hex, by position or by name (`hexdata`, or `args` for what is given by position); null when there is none. */
  private firstParameter(): Token | null {
    switch (this.peek()) {
      case ARRAY:
        return this.firstElement();
      case OBJECT:
        return this.namedParameter();
      default:
        this.skip();
        return null;
    }
  }

  private firstElement(): Token | null {
    let first: Token | null | undefined;
    for (const _ of this.elements()) {
      if (first === undefined) first = this.token();
      else this.skip();
    }
    return first ?? null;
  }

  private namedParameter(): Token | null {
    let named: Token | null | undefined;
    let positional: Token | null | undefined;
    for (const key of this.members()) {
      if (key === 'hexdata' && named === undefined) named = this.token();
      else if (key === 'args' && positional === undefined && this.peek() === ARRAY) positional = this.firstElement();
      else this.skip();
    }
    if (named != null && positional != null) this.check(positional);
    return named ?? positional ?? null;
  }

  private token(): Token | null {
    if (this.peek() === QUOTE) return this.string();
    this.skip();
    return null;
  }

  /** Hex that is all hex needs no other check of its characters. */
  private block(token: Token): Buffer {
    const text = token.escaped ? this.decode(token) : this.bytes.toString('latin1', token.start, token.end);
    const raw = Buffer.from(text, 'hex');
    if (raw.length * 2 === text.length) return raw;
    this.check(token);
    return token.escaped ? Buffer.from(text) : this.bytes.subarray(token.start, token.end);
  }

  /** Walks an object: each turn stands before a value, which the caller reads. */
  private *members(): Generator<string> {
    this.take(OBJECT);
    if (this.accept(OBJECT_END)) return;
    do yield this.key();
    while (this.accept(COMMA));
    this.take(OBJECT_END);
  }

  /** Walks an array: each turn stands before a value, which the caller reads. */
  private *elements(): Generator<void> {
    this.take(ARRAY);
    if (this.accept(ARRAY_END)) return;
    do yield;
    while (this.accept(COMMA));
    this.take(ARRAY_END);
  }

  private key(): string {
    if (this.peek() !== QUOTE) throw new Malformed();
    const key = this.decode(this.string());
    this.take(COLON);
    return key;
  }

  /** Passes a value of any kind. */
  private skip(depth = 1): void {
    if (depth > MAX_DEPTH) throw new Malformed();
    switch (this.peek()) {
      case OBJECT:
        for (const _ of this.members()) this.skip(depth + 1);
        return;
      case ARRAY:
        for (const _ of this.elements()) this.skip(depth + 1);
        return;
      case QUOTE:
        this.check(this.string());
        return;
      default:
        if (!this.literal()) this.number();
    }
  }

  private literal(): boolean {
    const text = this.bytes.toString('latin1', this.at, this.at + LONGEST_LITERAL);
    const literal = LITERALS.find((word) => text.startsWith(word));
    this.at += literal?.length ?? 0;
    return literal !== undefined;
  }

  private number(): void {
    if (this.bytes[this.at] === MINUS) this.at += 1;
    if (this.bytes[this.at] === ZERO) this.at += 1;
    else this.digits();
    if (this.bytes[this.at] === DOT) {
      this.at += 1;
      this.digits();
    }
    if (this.bytes[this.at] === LOWER_E || this.bytes[this.at] === UPPER_E) {
      this.at += 1;
      if (this.bytes[this.at] === PLUS || this.bytes[this.at] === MINUS) this.at += 1;
      this.digits();
    }
  }

  private digits(): void {
    const start = this.at;
    for (let byte = this.bytes[start]; byte !== undefined && byte >= ZERO && byte <= NINE; byte = this.bytes[this.at]) {
      this.at += 1;
    }
    if (this.at === start) throw new Malformed();
  }

  private string(): Token {
    const start = this.at + 1;
    const end = this.mayEscape ? this.endOfEscaped(start) : this.bytes.indexOf(QUOTE, start);
    if (end < 0 || end >= this.bytes.length) throw new Malformed();
    this.at = end + 1;
    return { start, end, escaped: this.mayEscape && this.bytes.subarray(start, end).includes(BACKSLASH) };
  }

  private endOfEscaped(start: number): number {
    let at = start;
    while (at < this.bytes.length && this.bytes[at] !== QUOTE) at += this.bytes[at] === BACKSLASH ? 2 : 1;
    return at;
  }

  /** A string's characters may not be control characters, and what is escaped must make sense. */
  private check(token: Token): void {
    if (token.escaped) this.decode(token);
    else if (this.hasControl(token)) throw new Malformed();
  }

  private hasControl({ start, end }: Token): boolean {
    for (let at = start; at < end; at += 1) if ((this.bytes[at] ?? 0) < SPACE) return true;
    return false;
  }

  private decode(token: Token): string {
    if (token.escaped) return unquoted(this.bytes.toString('utf8', token.start - 1, token.end + 1));
    this.check(token);
    return this.bytes.toString('utf8', token.start, token.end);
  }

  /** The next byte that is no white space. */
  private peek(): number | undefined {
    for (;;) {
      const byte = this.bytes[this.at];
      if (byte !== SPACE && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return byte;
      this.at += 1;
    }
  }

  private accept(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at += 1;
    return true;
  }

  private take(byte: number): void {
    if (!this.accept(byte)) throw new Malformed();
  }

  private end(): void {
    if (this.peek() !== undefined) throw new Malformed();
  }
}

/** @throws Malformed */
function unquoted(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    throw new Malformed();
  }
}
