/**
 * The proxy and the pages in a separate thread, so that the time for which they block the event loop is measured without the clients.
 * Started by sockets.ts.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { ProxyUnderTest, ScriptedDashd } from '../adapters/rpc-proxy-support.js';
import { HttpUnderTest } from '../ops/http/support.js';

/** `measure` begins anew and is answered by `measuring`, `longest` by the longest hold since then. */
export type Order = 'measure' | 'longest' | 'stop';

export type Reply =
  | { readonly type: 'ports'; readonly proxy: number; readonly pages: number }
  | { readonly type: 'measuring' }
  | { readonly type: 'longest'; readonly ms: number }
  | { readonly type: 'stopped' };

/** The sampling interval, milliseconds: part of every measured time. */
const RESOLUTION_MS = 1;

async function serve(port: MessagePort): Promise<void> {
  const reply = (message: Reply): void => port.postMessage(message);
  const dashd = await ScriptedDashd.start();
  const proxy = await ProxyUnderTest.start(dashd);
  const pages = await HttpUnderTest.start();
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const obey: Readonly<Record<Order, () => void>> = {
    measure() {
      delay.reset();
      reply({ type: 'measuring' });
    },
    longest: () => reply({ type: 'longest', ms: Math.max(0, delay.max / 1e6 - RESOLUTION_MS) }),
    stop() {
      void Promise.all([proxy.stop(), pages.close()])
        .then(() => dashd.stop())
        .then(() => {
          reply({ type: 'stopped' });
          port.close();
        });
    },
  };
  port.on('message', (order: Order) => obey[order]());
  reply({ type: 'ports', proxy: await proxy.up(), pages: pages.port });
}

if (parentPort !== null) await serve(parentPort);
