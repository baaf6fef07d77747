/** A SOCKS5 server on loopback that stands for Tor: it takes any user, sends each name where a test wants it, and notes who asked for what. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface SocksAsked {
  readonly user: string;
  readonly password: string;
  readonly host: string;
  readonly port: number;
}

/** What becomes of a request: the loopback port that it is connected to, a reply code that refuses it, or no answer at all. */
export type SocksRoute = { readonly to: number } | { readonly reply: number } | 'silence';

export class SocksServer {
  /** Every request, in order. */
  readonly asked: SocksAsked[] = [];
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  /** @param route decides for each request */
  constructor(private readonly route: (asked: SocksAsked) => SocksRoute) {
    this.server = createServer((socket) => {
      this.keep(socket);
      this.serve(socket).catch(() => socket.destroy());
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** @param port that of a server that was closed */
  async start(port = 0): Promise<this> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private keep(socket: Socket): void {
    socket.on('error', () => undefined);
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  }

  private async serve(socket: Socket): Promise<void> {
    const input = new Input(socket);
    const [, methods = 0] = await input.take(2);
    await input.take(methods);
    socket.write(Buffer.from([5, 2]));
    const [, userLength = 0] = await input.take(2);
    const user = (await input.take(userLength)).toString();
    const [passwordLength = 0] = await input.take(1);
    const password = (await input.take(passwordLength)).toString();
    socket.write(Buffer.from([1, 0]));
    const [, , , type] = await input.take(4);
    const host = await hostOf(type, input);
    const asked = { user, password, host, port: (await input.take(2)).readUInt16BE() };
    this.asked.push(asked);
    const route = this.route(asked);
    if (route === 'silence') return;
    if ('reply' in route) {
      socket.end(replyOf(route.reply));
      return;
    }
    const target = connect(route.to, '127.0.0.1');
    this.keep(target);
    target.once('error', () => socket.end(replyOf(5)));
    target.once('close', () => socket.destroy());
    socket.once('close', () => target.destroy());
    await once(target, 'connect');
    socket.write(replyOf(0));
    input.release();
    socket.pipe(target).pipe(socket);
  }
}

function replyOf(code: number): Buffer {
  return Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
}

async function hostOf(type: number | undefined, input: Input): Promise<string> {
  if (type === 1) return [...(await input.take(4))].join('.');
  if (type === 4) return (await input.take(16)).toString('hex');
  const [length = 0] = await input.take(1);
  return (await input.take(length)).toString();
}

/** Reads exact numbers of bytes. */
class Input {
  private bytes = Buffer.alloc(0);
  private wake: () => void = () => undefined;
  private readonly onData = (chunk: Buffer): void => {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    this.wake();
  };

  constructor(private readonly socket: Socket) {
    socket.on('data', this.onData);
  }

  async take(count: number): Promise<Buffer> {
    while (this.bytes.length < count) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    const taken = this.bytes.subarray(0, count);
    this.bytes = this.bytes.subarray(count);
    return taken;
  }

  /** The socket is somebody else's from now on: what came by now is put back. */
  release(): void {
    this.socket.pause();
    this.socket.off('data', this.onData);
    if (this.bytes.length > 0) this.socket.unshift(this.bytes);
  }
}
