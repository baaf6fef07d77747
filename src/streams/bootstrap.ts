/**
 * Peers from dashd's own list (`getpeerinfo`), asked once: dashd knows the network when we do not yet. Inbound peers are left out, the
 * port they came from is not one they listen on.
 */
import { concatMap, from, map, type Observable, repeat, type SchedulerLike, takeWhile, timer } from 'rxjs';
import { z } from 'zod';
import type { ServiceEvent } from '../events.js';
import { type Clock, SECOND_MS } from '../time.js';
import type { Address, Rpc } from './ports.js';

export type BootstrapNews = { readonly type: 'peers'; readonly addresses: readonly Address[] } | ServiceEvent;

const RETRY_MS = 10 * SECOND_MS;
const PeerInfo = z.object({ addr: z.string(), inbound: z.boolean() });
/** `1.2.3.4:9999` or `[2001:db8::1]:9999`; onion names wait for a proxy to dial them through. */
const HOST_PORT = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/i;

/** Completes with the first list that names a peer: a dashd that has just started has none yet, and is asked again. */
export function bootstrap(rpc: Pick<Rpc, 'call'>, clock: Clock, scheduler: SchedulerLike): Observable<BootstrapNews> {
  return from([0]).pipe(
    concatMap(() => rpc.call('getpeerinfo')),
    map((answer): BootstrapNews | undefined => {
      // That RPC is down is told by whoever watches it.
      if (!answer.ok) return undefined;
      const list = z.array(z.unknown()).safeParse(answer.result);
      const addresses = list.success ? list.data.flatMap(outboundAddress) : [];
      if (list.success) return addresses.length > 0 ? { type: 'peers', addresses } : undefined;
      return {
        type: 'service',
        at: clock.now(),
        service: 'dashd rpc',
        state: 'fault',
        code: 'not understood',
        detail: 'getpeerinfo did not answer with a list of peers',
      };
    }),
    repeat({ delay: () => timer(RETRY_MS, scheduler) }),
    takeWhile((news) => news?.type !== 'peers', true),
    concatMap((news) => (news === undefined ? [] : [news])),
  );
}

function outboundAddress(entry: unknown): Address[] {
  const info = PeerInfo.safeParse(entry);
  const match = info.success && !info.data.inbound ? HOST_PORT.exec(info.data.addr) : null;
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port < 1 || port > 65_535 ? [] : [{ host, port }];
}
