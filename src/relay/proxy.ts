import { proxied } from '../streams/broadcast/proxied.js';
import { reportOn } from '../streams/service-events.js';
import type { Blocks } from './blocks.js';
import type { RelayContext } from './context.js';
import type { Dashd } from './dashd.js';
import type { Scope } from './scope.js';
import { socketReport } from './socket-report.js';

export interface ProxyDeps {
  readonly context: RelayContext;
  readonly dashd: Pick<Dashd, 'authorization'>;
  readonly blocks: Blocks;
}

/** The JSON-RPC proxy, for a pool that submits blocks only with `submitblock`; when it is configured. */
export function openProxy({ context, dashd, blocks }: ProxyDeps, scope: Scope): void {
  const { config, openRpcProxy, emit, clock } = context;
  if (!config.proxy.enabled) return;
  const { host, port } = config.proxy;
  const { gate, broadcaster, spool } = blocks;
  const report = reportOn('json-rpc-proxy', clock);
  const socketState = socketReport('json-rpc-proxy', clock);
  const proxy = openRpcProxy(
    { host, port, dashd: config.dashd.rpc.url, ownAuthorization: dashd.authorization },
    {
      block: (block) => proxied(block, { gate, broadcaster, emit: spool.answer }),
      state: (state, detail) => emit(socketState(state, detail)),
      fault: (code, detail) => emit(report('fault', code, detail)),
    },
  );
  scope.add(() => proxy.close());
}
