/** Connections between the nodes of a run, made again when they are lost. */
import type { SimulatedNode } from '../../simulated/node.js';
import { MICROS_PER_MS } from '../engine.js';
import type { Driver } from './driver.js';

/** A node, or the dashd of the relay's machine, whose node is another one after each crash. */
export interface Place {
  readonly node: SimulatedNode;
  readonly isRunning: boolean;
}

/** Core looks for free slots twice a second, and waits before it tries an address again; here both are one pause. */
const LOOK_EVERY_MS = 10_000;

export class Topology {
  private readonly dialling = new Set<string>();

  constructor(private readonly driver: Driver) {}

  /** Keeps a connection from one node to another from now on. */
  connect(from: Place, to: Place): void {
    if (from.isRunning && to.isRunning && !isConnected(from, to)) this.dial(from, to);
    this.driver.engine.after(LOOK_EVERY_MS * MICROS_PER_MS, () => this.connect(from, to));
  }

  private dial(from: Place, to: Place): void {
    const { node } = from;
    const key = `${node.address} ${to.node.address}`;
    if (this.dialling.has(key)) return;
    this.dialling.add(key);
    const over = (): void => {
      this.dialling.delete(key);
    };
    const connected = (): void => {
      over();
      // It was stopped meanwhile.
      if (from.node !== node || !from.isRunning) for (const { link } of node.peers) link.close();
    };
    // A refusal or a timeout: it is tried again at the next look.
    node.connect(to.node).then(connected, over);
  }
}

function isConnected(from: Place, to: Place): boolean {
  const { address } = to.node;
  return [...from.node.peers].some((peer) => !peer.inbound && peer.address === address);
}
