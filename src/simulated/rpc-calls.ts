/** JSON-RPC calls as dashd executes them, without HTTP. Source: Dash Core `rpc/request.cpp`, `rpc/server.cpp`. */

/** A JSON-RPC error. Codes: Dash Core `rpc/protocol.h`. */
export class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export type RpcMethods = ReadonlyMap<string, (params: readonly unknown[]) => unknown>;

/** Faults of a dashd, or of another server at its address. Read for each request. */
export interface RpcFaults {
  /** Delay before each answer, milliseconds. */
  readonly delayMs?: number;
  /** Answers with an HTML page, as an intermediate proxy would. */
  readonly html?: boolean;
  /** Rejects all credentials. */
  readonly unauthorised?: boolean;
  /** Reads requests and never answers. */
  readonly hangs?: boolean;
  /** Answers every call with RPC_IN_WARMUP and this message. */
  readonly warmingUp?: string;
  /** Transforms the results of methods, for example to the fields of another version of dashd; also adds methods. */
  readonly alters?: Readonly<Record<string, (result: unknown) => unknown>>;
}

const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;
const METHOD_NOT_FOUND = -32601;
const RPC_IN_WARMUP = -28;

interface Call {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Stands for a body that is not JSON. */
export const NOT_JSON = Symbol('not JSON');

export interface RpcReply {
  /** HTTP's. Source: Dash Core `httprpc.cpp`. */
  readonly status: number;
  readonly envelope: object;
}

/** Executes one call. @throws what a method throws that is no {@link RpcError}: a programmer's mistake */
export function executeCall(request: unknown, methods: RpcMethods, { warmingUp, alters }: RpcFaults): RpcReply {
  const id = isObject(request) ? (request['id'] ?? null) : null;
  try {
    const { method, params } = toCall(request);
    if (warmingUp !== undefined) throw new RpcError(RPC_IN_WARMUP, warmingUp);
    const run = methods.get(method);
    const alter = alters?.[method];
    if (run === undefined && alter === undefined) throw new RpcError(METHOD_NOT_FOUND, 'Method not found');
    const result = run?.(params);
    return {
      status: 200,
      envelope: { result: (alter === undefined ? result : alter(result)) ?? null, error: null, id },
    };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const { code, message } = error;
    return { status: statusOf(code), envelope: { result: null, error: { code, message }, id } };
  }
}

function toCall(request: unknown): Call {
  if (!isObject(request))
    throw new RpcError(PARSE_ERROR, request === NOT_JSON ? 'Parse error' : 'Top-level object parse error');
  const { id, method, params } = request;
  if (method === undefined || method === null) throw new RpcError(INVALID_REQUEST, 'Missing method');
  if (typeof method !== 'string') throw new RpcError(INVALID_REQUEST, 'Method must be a string');
  if (params !== undefined && params !== null && !Array.isArray(params)) {
    throw new RpcError(INVALID_REQUEST, 'Params must be an array or object');
  }
  return { id, method, params: params ?? [] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function statusOf(code: number): number {
  if (code === INVALID_REQUEST) return 400;
  return code === METHOD_NOT_FOUND ? 404 : 500;
}
