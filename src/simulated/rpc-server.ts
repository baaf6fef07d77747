import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { executeCall, NOT_JSON, type RpcFaults, type RpcMethods, type RpcReply } from './rpc-calls.js';

export interface RpcServerOptions {
  /** `user:password`. */
  readonly credentials: () => string;
  readonly faults: () => RpcFaults;
  readonly methods: RpcMethods;
}

const HOST = '127.0.0.1';
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** JSON-RPC over HTTP with dashd's status codes, bodies and messages. Source: Dash Core `httprpc.cpp`, `rpc/request.cpp`. */
export class RpcServer {
  private server: Server | undefined;

  constructor(private readonly options: RpcServerOptions) {}

  /** @returns the port; the system chooses one for 0. @throws the system's error when the port is taken */
  async start(port: number): Promise<number> {
    const server = createServer((request, response) => void this.serve(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, HOST, resolve);
    });
    this.server = server;
    const bound = server.address();
    return bound !== null && typeof bound === 'object' ? bound.port : port;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { hangs, delayMs, html } = this.options.faults();
    const body = await readBody(request);
    if (hangs === true || body === undefined) return;
    if (delayMs !== undefined) await pause(delayMs);
    if (html === true) reply(response, 200, '<html><body>Bad gateway</body></html>', 'text/html');
    else if (request.url !== '/') reply(response, 404);
    else if (request.method !== 'POST') reply(response, 405, 'JSONRPC server handles only POST requests');
    else if (!this.admits(request)) unauthorised(response);
    else this.answer(body, response);
  }

  private admits(request: IncomingMessage): boolean {
    if (this.options.faults().unauthorised === true) return false;
    const expected = Buffer.from(this.options.credentials()).toString('base64');
    // Core trims the credentials. Source: Core `httprpc.cpp`, `RPCAuthorized`.
    const { authorization = '' } = request.headers;
    return authorization.startsWith('Basic ') && authorization.slice('Basic '.length).trim() === expected;
  }

  private answer(body: string, response: ServerResponse): void {
    const parsed = parse(body);
    if (Array.isArray(parsed)) {
      replyJson(response, 200, `${JSON.stringify(parsed.map((one) => this.execute(one).envelope))}\n`);
      return;
    }
    const { status, envelope } = this.execute(parsed);
    replyJson(response, status, `${JSON.stringify(envelope)}\n`);
  }

  private execute(request: unknown): RpcReply {
    return executeCall(request, this.options.methods, this.options.faults());
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return NOT_JSON;
  }
}

function unauthorised(response: ServerResponse): void {
  response.setHeader('WWW-Authenticate', 'Basic realm="jsonrpc"');
  reply(response, 401);
}

function replyJson(response: ServerResponse, status: number, body: string): void {
  reply(response, status, body, 'application/json');
}

function reply(response: ServerResponse, status: number, body = '', type = 'text/html; charset=ISO-8859-1'): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

/** `undefined` when the client disconnected or sent more than 32 MiB. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request) {
      size += (chunk as Buffer).length;
      if (size > MAX_BODY_BYTES) return undefined;
      chunks.push(chunk as Buffer);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    // A delayed answer must not keep a stopped process alive.
    setTimeout(resolve, ms).unref();
  });
}
