/** Sources of peer addresses, with a dashd and a DNS resolver that the test controls. */
import type { ServiceEvent } from '../../../src/contracts/events.js';
import { keyOf } from '../../../src/peers/address.js';
import { type SourceDeps, type SourceNews, sources } from '../../../src/streams/peering/sources.js';
import { NETWORKS } from '../../../src/wire/network.js';
import { gather } from '../../support/gather.js';
import { Time } from '../../support/virtual-time.js';
import { FakeRpc, rpcError } from '../dashd/fake-rpc.js';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';

export const WARMING = rpcError(-28, 'Loading block index...');

/** As dashd 23.1.2 prints it, shortened. */
export const outbound = (addr: string, more: object = {}) => ({
  id: 1,
  addr,
  network: 'ipv4',
  services: '0000000000000c05',
  inbound: false,
  minping: 0.0125,
  connection_type: 'outbound-full-relay',
  ...more,
});

export const masternode = (address: string, status = 'ENABLED') => ({
  proTxHash: 'ab',
  address,
  addresses: { core_p2p: [address] },
  payee: 'X',
  status,
  type: 'Regular',
});

export class Asked {
  readonly time = new Time();
  readonly rpc = new FakeRpc(() => this.time.now);
  readonly resolved: [string, number][] = [];
  isThin = true;
  seed: () => Promise<readonly string[]> = async () => [];
  private gathered: ReturnType<typeof gather<SourceNews | ServiceEvent>> | undefined;

  begin(more: Partial<SourceDeps> = {}): this {
    const { time, rpc } = this;
    this.gathered = gather(
      sources({
        network: NETWORKS.mainnet,
        rpc,
        askDashd: true,
        resolve: (name) => {
          this.resolved.push([name, time.now]);
          return this.seed();
        },
        isThin: () => this.isThin,
        clock: time.clock,
        scheduler: time.scheduler,
        ...more,
      }),
    );
    return this;
  }

  get news(): readonly (SourceNews | ServiceEvent)[] {
    return this.gathered?.values ?? [];
  }

  stop(): void {
    this.gathered?.stop();
  }

  /** Addresses heard of from a source, in order. */
  heard(source: SourceNews['source']): string[] {
    return this.news.flatMap((news) =>
      news.type === 'heard' && news.source === source ? news.peers.map(({ address }) => keyOf(address)) : [],
    );
  }

  get faults(): string[] {
    return this.news.flatMap((news) =>
      news.type === 'service' ? [`${news.state}: ${news.code}: ${news.detail}`] : [],
    );
  }
}
