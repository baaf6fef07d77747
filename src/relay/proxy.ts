import { openRpcProxy } from '../adapters/rpc-proxy/index.js';
import { proxied } from '../streams/broadcast/proxied.js';
import type { Blocks } from './blocks.js';
import type { RelayContext } from './context.js';
import type { Dashd } from './dashd.js';
import type { Scope } from './scope.js';
import { fault, socketEvent } from './service-events.js';

export interface ProxyDeps {
  readonly context: RelayContext;
  readonly dashd: Pick<Dashd, 'authorization'>;
  readonly blocks: Blocks;
}

/** A pool that speaks JSON-RPC alone takes us for its dashd: the proxy, when it is configured. */
export function openProxy({ context, dashd, blocks }: ProxyDeps, scope: Scope): void {
  const { config, emit, clock } = context;
  if (!config.proxy.enabled) return;
  const { host, port } = config.proxy;
  const { gate, broadcaster, spool } = blocks;
  const proxy = openRpcProxy(
    { host, port, dashd: config.dashd.rpc.url, ownAuthorization: dashd.authorization },
    {
      block: (block) => proxied(block, { gate, broadcaster, tell: spool.answer }),
      state: (state, detail) => emit(socketEvent('json-rpc-proxy', state, detail, clock.now())),
      fault: (code, detail) => emit(fault('json-rpc-proxy', code, detail, clock.now())),
    },
  );
  scope.add(() => proxy.close());
}
