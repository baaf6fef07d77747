import type { RpcAnswer } from '../../contracts/rpc.js';
import type { Rpc } from '../ports.js';

/**
 * The RPC of a dashd as long as it is on our chain. One that is on another is asked for nothing: not for peers, which are not ours; not
 * what became of a block, which it does not know; and it is not given blocks, which it would call invalid.
 * @param foreign why it must not be asked; undefined when it may
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
