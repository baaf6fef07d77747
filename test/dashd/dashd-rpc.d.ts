/** As far as the tests use it; the package ships no types. */
declare module '@dashevo/dashd-rpc' {
  /** JSON-RPC's envelope. */
  interface Envelope<T> {
    readonly result: T;
    readonly error: { readonly code: number; readonly message: string } | null;
    readonly id: unknown;
  }
  type Callback<T> = (error: Error | Envelope<unknown>['error'] | undefined, answer: T | undefined) => void;

  class RpcClient {
    static readonly config: { logger: string };
    constructor(options: { protocol: string; host: string; port: number; user: string; pass: string });
    getBlockCount(callback?: Callback<Envelope<unknown>>): void;
    getBestBlockHash(callback?: Callback<Envelope<unknown>>): void;
    getBlock(hash: string, callback?: Callback<Envelope<unknown>>): void;
    getBlockTemplate<T>(callback: Callback<Envelope<T>>): void;
    getBlockTemplate<T>(request: object, callback: Callback<Envelope<T>>): void;
    submitBlock(hex: string, callback?: Callback<Envelope<unknown>>): void;
    batch(calls: () => void, callback: Callback<readonly Envelope<unknown>[]>): void;
  }
  // biome-ignore lint/style/noDefaultExport: it is how a CommonJS `module.exports = class` is seen from here
  export default RpcClient;
}
