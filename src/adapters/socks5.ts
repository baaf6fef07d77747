/**
 * The client's side of SOCKS5 (RFC 1928) with user and password (RFC 1929): bytes in, bytes out, no socket.
 *
 * Only user and password are offered, never "no authentication": Tor isolates streams by them (tor(1), `IsolateSOCKSAuth`), and a proxy
 * that chose the other method would carry all peers over one circuit without a word. The npm package `socks` always offers both, and gives
 * a refusal as a sentence without its number (docs/decisions/0023). Names go to the proxy as they are: it resolves them.
 *
 * The longest answer of a proxy is 262 bytes; what is longer than the answer that is due is no SOCKS5.
 */
import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

export interface SocksRequest {
  readonly user: string;
  readonly password: string;
  /** Absent: nothing is connected to, only the proxy is asked whether it takes the user. */
  readonly target?: { readonly host: string; readonly port: number };
}

export type SocksStep =
  | { readonly type: 'send'; readonly bytes: Buffer }
  /** Everything from here on is the target's; `rest` came with the answer. */
  | { readonly type: 'open'; readonly rest: Buffer }
  /** @see SocksFault */
  | { readonly type: 'fault'; readonly fault: SocksFault };

export type SocksFault =
  /** What answered speaks something else; `bytes`: how it began, in hexadecimal. */
  | { readonly code: 'not-socks'; readonly bytes: string }
  /** It takes no user and password, or not these. */
  | { readonly code: 'auth' }
  /** It took the request, and could not carry it out: RFC 1928 section 6, and 0xf0 to 0xf7 of Tor (`ExtendedErrors`). */
  | { readonly code: 'reply'; readonly reply: number };

const VERSION = 5;
const AUTH_VERSION = 1;
const USER_AND_PASSWORD = 2;
const NO_METHOD = 0xff;
const CONNECT = 1;
const ADDRESS = { ipv4: 1, name: 3, ipv6: 4 } as const;
/** Version, reply, reserved, type of address; and the port behind the address. */
const REPLY_FRAME_BYTES = 6;
/** Of a stranger's answer that are shown. */
const SHOWN_BYTES = 8;

export class SocksHandshake {
  /** To be sent first. */
  readonly greeting = Buffer.from([VERSION, 1, USER_AND_PASSWORD]);
  private stage: 'method' | 'auth' | 'reply' = 'method';
  private received: Buffer = Buffer.alloc(0);

  private readonly credentials: Buffer;
  private readonly command: Buffer | undefined;

  /** @throws RangeError when user, password or the target's name is longer than 255 bytes, or the target's address has a zone */
  constructor({ user, password, target }: SocksRequest) {
    this.credentials = Buffer.concat([Buffer.from([AUTH_VERSION]), counted(user), counted(password)]);
    this.command = target && commandFor(target);
  }

  /** The proxy took the user: what fails from now on is about the target. */
  get isAccepted(): boolean {
    return this.stage === 'reply';
  }

  /** Bytes of the proxy, cut anywhere. @returns what to do, undefined while more bytes are needed; after `open` and `fault` it must not be called */
  receive(chunk: Buffer): SocksStep | undefined {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    switch (this.stage) {
      case 'method':
        return this.onMethod();
      case 'auth':
        return this.onAuth();
      case 'reply':
        return this.onReply();
    }
  }

  private onMethod(): SocksStep | undefined {
    const [version, method] = this.received;
    if (version !== VERSION) return this.notSocks();
    if (method === undefined) return undefined;
    if (method === NO_METHOD || method === 0) return { type: 'fault', fault: { code: 'auth' } };
    if (method !== USER_AND_PASSWORD || this.received.length > 2) return this.notSocks();
    this.next('auth');
    return { type: 'send', bytes: this.credentials };
  }

  private onAuth(): SocksStep | undefined {
    const [version, status] = this.received;
    if (version !== AUTH_VERSION) return this.notSocks();
    if (status === undefined) return undefined;
    if (status !== 0) return { type: 'fault', fault: { code: 'auth' } };
    if (this.received.length > 2) return this.notSocks();
    this.next('reply');
    if (this.command === undefined) return { type: 'open', rest: this.received };
    return { type: 'send', bytes: this.command };
  }

  private onReply(): SocksStep | undefined {
    const [version, reply, , type, first] = this.received;
    if (version !== VERSION) return this.notSocks();
    // The address in a refusal says nothing, and some proxies leave it out.
    if (reply !== undefined && reply !== 0) return { type: 'fault', fault: { code: 'reply', reply } };
    if (type === undefined) return undefined;
    const address = addressBytes(type, first);
    if (address === 'unknown') return this.notSocks();
    if (address === undefined || this.received.length < REPLY_FRAME_BYTES + address) return undefined;
    return { type: 'open', rest: this.received.subarray(REPLY_FRAME_BYTES + address) };
  }

  private next(stage: 'auth' | 'reply'): void {
    this.stage = stage;
    this.received = Buffer.alloc(0);
  }

  private notSocks(): SocksStep {
    return { type: 'fault', fault: { code: 'not-socks', bytes: this.received.toString('hex', 0, SHOWN_BYTES) } };
  }
}

/** @param first the first byte of the address: a name's length @returns undefined while that is not known */
function addressBytes(type: number, first: number | undefined): number | 'unknown' | undefined {
  if (type === ADDRESS.ipv4) return 4;
  if (type === ADDRESS.ipv6) return 16;
  if (type !== ADDRESS.name) return 'unknown';
  return first === undefined ? undefined : 1 + first;
}

function commandFor({ host, port }: NonNullable<SocksRequest['target']>): Buffer {
  const end = Buffer.alloc(2);
  end.writeUInt16BE(port);
  return Buffer.concat([Buffer.from([VERSION, CONNECT, 0]), addressOf(host), end]);
}

function addressOf(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from([ADDRESS.ipv4, ...ipaddr.IPv4.parse(host).octets]);
  if (host.includes('%')) throw new RangeError(`no proxy knows the interface of ${host}`);
  if (isIPv6(host)) return Buffer.from([ADDRESS.ipv6, ...ipaddr.IPv6.parse(host).toByteArray()]);
  // A proxy has no search list: the dot that would disable it says nothing, and Tor refuses it.
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  return Buffer.concat([Buffer.from([ADDRESS.name]), counted(name)]);
}

function counted(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length < 1 || bytes.length > 255) throw new RangeError(`${bytes.length} bytes, 1 to 255 are possible`);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}
