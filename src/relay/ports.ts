/**
 * What a relay reaches the outside with: time, chance, sockets, files. Each port that a caller of `startRelay` does not give is the
 * system's; the simulator gives all of them, and then nothing of a relay touches the machine that it runs on.
 */
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { openControl } from '../adapters/control.js';
import { openCountries } from '../adapters/countries.js';
import { type Disk, systemDisk } from '../adapters/disk.js';
import { resolveSeed } from '../adapters/dns.js';
import { openJobThread } from '../adapters/job-thread.js';
import type { NatsOptions } from '../adapters/nats.js';
import { createRpc } from '../adapters/rpc.js';
import { openRpcProxy } from '../adapters/rpc-proxy/index.js';
import { probeSocks, socksDial } from '../adapters/socks.js';
import { systemClock, systemRandom } from '../adapters/system.js';
import { dial } from '../adapters/tcp.js';
import { bindPull, openPublisher, openSubscription } from '../adapters/zmq.js';
import { createLoop } from '../adapters/zmq-loop.js';
import { warmUp } from '../streams/broadcast/warm.js';
import type { ClusterLink, LinkHandlers } from '../streams/cluster/link.js';
import type { Dial, NextTurn } from '../streams/ports.js';
import type { Clock, Random } from '../time.js';

export type OpenCluster = (options: NatsOptions) => Promise<(handlers: LinkHandlers) => ClusterLink>;

export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  /** Timers, and work that is cut into slices: an action without delay runs in a later turn of the event loop. */
  readonly scheduler: SchedulerLike;
  readonly nextTurn: NextTurn;
  /** For the spool, the history and the peer book. */
  readonly disk: Disk;
  /** Connects to a peer. */
  readonly dial: Dial;
  /** Connects to peers through a SOCKS5 proxy. */
  readonly socksDial: (...given: Parameters<typeof socksDial>) => Dial;
  /** Asks a SOCKS5 proxy whether it accepts us. */
  readonly probeSocks: typeof probeSocks;
  /** dashd's JSON-RPC. */
  readonly createRpc: typeof createRpc;
  /** The socket to which a pool pushes blocks. */
  readonly bindPull: typeof bindPull;
  /** dashd's ZeroMQ feed. */
  readonly openSubscription: typeof openSubscription;
  /** The events socket. */
  readonly openPublisher: typeof openPublisher;
  /** The JSON-RPC proxy for a pool that submits blocks with `submitblock`. */
  readonly openRpcProxy: typeof openRpcProxy;
  /** The socket at which a running relay takes an operator's edits. */
  readonly openControl: typeof openControl;
  /** The addresses behind a DNS seed. */
  readonly resolveSeed: typeof resolveSeed;
  readonly openCountries: typeof openCountries;
  /** A worker thread for what would hold the event loop; none is started before its first job. */
  readonly openJobThread: typeof openJobThread;
  /** Connects to the servers of a cluster; called where there are some. */
  readonly openCluster: OpenCluster;
  /** Runs the code that a block passes through, so that it is compiled when the first one comes. @throws what goes wrong with it */
  readonly practise: () => Promise<void>;
}

/** The client is loaded only where a cluster is configured. */
const openCluster: OpenCluster = async (options) => {
  const { openNats } = await import('../adapters/nats.js');
  return (handlers) => openNats(options, handlers);
};

const system = { clock: systemClock, random: systemRandom, scheduler: asyncScheduler, nextTurn: setImmediate };

export const systemPorts: Ports = {
  ...system,
  disk: systemDisk,
  dial,
  socksDial,
  probeSocks,
  createRpc,
  bindPull,
  openSubscription,
  openPublisher,
  openRpcProxy,
  openControl,
  resolveSeed,
  openCountries,
  openJobThread,
  openCluster,
  practise: () => warmUp({ ...system, createLoop }),
};
