import type { RpcAnswer } from '../../contracts/rpc.js';
import type { Rpc } from '../ports.js';

/**
 * The RPC of a dashd as long as it is on the configured chain. A dashd on another chain gets no request: its peers are of another network,
 * it does not know our blocks, and it would reject them as invalid.
 * @param foreign why it gets no request; undefined when it may
 */
export function onOwnChain(rpc: Rpc, foreign: () => string | undefined): Rpc {
  const guarded =
    <A extends readonly unknown[]>(ask: (...args: A) => Promise<RpcAnswer>) =>
    (...args: A): Promise<RpcAnswer> => {
      const detail = foreign();
      return detail === undefined ? ask(...args) : Promise.resolve({ ok: false, code: 'wrong-network', detail });
    };
  return {
    call: guarded((method: string, params?: readonly unknown[]) => rpc.call(method, params)),
    submitBlock: guarded((raw: Buffer) => rpc.submitBlock(raw)),
    submitConnectionPing: () => rpc.submitConnectionPing(),
  };
}
