/** The pool's own dashd under several faults at once: each adds what it does, and takes that away again. */
import type { ZmqFaults } from '../../simulated/notifications.js';
import type { RpcFaults } from '../../simulated/rpc-calls.js';
import type { VirtualDashd } from '../live/virtual-dashd.js';

export class DashdControl {
  private readonly rpcFaults = new Set<RpcFaults>();
  /** Faults that want it down. */
  private down = 0;

  /** @param fail told of what goes wrong with the simulated dashd itself */
  constructor(
    private readonly dashd: VirtualDashd,
    private readonly fail: (error: unknown) => void,
  ) {}

  /** @returns a function that ends the fault */
  faultyRpc(fault: RpcFaults): () => void {
    this.rpcFaults.add(fault);
    this.merge();
    return () => {
      this.rpcFaults.delete(fault);
      this.merge();
    };
  }

  /** Takes no block, by RPC nor over P2P. @returns a function that ends the fault: dashd is restarted, and asks its peers for what it lacks */
  rejecting(reason: string): () => void {
    const healRpc = this.faultyRpc({ alters: { submitblock: () => reason } });
    this.dashd.node.behaviour = { stuck: true };
    return () => {
      healRpc();
      this.dashd.node.behaviour = {};
      this.end('stop')();
    };
  }

  /** Loses messages of its ZeroMQ feed, though the connection stands. @returns a function that ends the fault */
  faultyFeed(fault: ZmqFaults): () => void {
    this.dashd.zmqFaults = fault;
    return () => {
      this.dashd.zmqFaults = {};
    };
  }

  /**
   * @param how `stop` keeps its chain, `kill` loses the blocks that are not on its disk
   * @returns a function that starts it, once no other fault wants it down
   */
  end(how: 'stop' | 'kill'): () => void {
    const { dashd, fail } = this;
    this.down += 1;
    const ended = dashd.isRunning ? dashd[how]() : Promise.resolve();
    ended.catch(fail);
    return () => {
      this.down -= 1;
      if (this.down === 0) ended.then(() => dashd.start()).catch(fail);
    };
  }

  private merge(): void {
    this.dashd.rpcFaults = Object.assign({}, ...this.rpcFaults) as RpcFaults;
  }
}
