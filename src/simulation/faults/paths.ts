/** Cuts paths of the network: nothing passes, and neither end learns of it but by waiting. */

import type { HostId } from '../net/hosts.js';
import type { Transport } from '../net/transport.js';

/** The machine of the relay and its dashd, or a peer, from 0. */
export type Place = 'home' | number;

export class Paths {
  private readonly places: readonly (readonly [Place, HostId])[];

  /** @param peers the hosts of the peers, in their order */
  constructor(
    private readonly transport: Pick<Transport, 'cut'>,
    home: HostId,
    peers: readonly HostId[],
  ) {
    this.places = [['home', home], ...peers.map((host, index): [Place, HostId] => [index, host])];
  }

  /**
   * @param isCut asked once for each path, that from home to itself included; from home, where that is one of its ends
   * @returns a function that opens these paths: what was lost is sent again
   */
  cut(isCut: (from: Place, to: Place) => boolean): () => void {
    const opens = this.places.flatMap(([from, a], index) =>
      this.places
        .slice(index)
        .filter(([to]) => isCut(from, to))
        .map(([, b]) => this.transport.cut(a, b)),
    );
    return () => {
      for (const open of opens) open();
    };
  }
}
