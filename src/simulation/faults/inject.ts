/** What each fault of a plan does, and what ends it. */
import type { Behaviour, LinkQuality } from '../../simulated/behaviour.js';
import { Flood, type FloodKind } from '../../simulated/flood.js';
import type { ZmqFaults } from '../../simulated/notifications.js';
import type { Peer } from '../../simulated/peer.js';
import type { LiveNode } from '../live/live-node.js';
import { USER_AGENT } from '../live/live-relay.js';
import type { LiveNetwork } from '../live/start.js';
import type { RunRandom } from '../random.js';
import type { DashdControl } from './dashd-control.js';
import type { FaultKind, PlannedFault } from './fault.js';
import type { Paths } from './paths.js';
import type { RelayControl } from './relay-control.js';

export interface Injected {
  readonly network: Pick<LiveNetwork, 'nodes' | 'clock' | 'disk'>;
  readonly relay: RelayControl;
  readonly dashd: DashdControl;
  readonly paths: Paths;
  readonly random: RunRandom;
  /** Told of what goes wrong with the simulated network itself. */
  readonly fail: (error: unknown) => void;
}

/** Ends a fault. */
type Heal = () => void;
type Inject = (run: Injected, fault: PlannedFault) => Heal;

/** Of large messages: a flood of small ones would take a run long, and tells no more. */
const FLOODS = ['addresses', 'announcements', 'headers', 'questions'] as const satisfies FloodKind[];
const FEED_FAULTS: readonly ZmqFaults[] = [{ silent: true }, { swallows: 'rawblock' }, { swallows: 'both' }];
const SLOW: LinkQuality = { latencyMs: 800, bytesPerSecond: 20_000 };
const HEALTHY: LinkQuality = { latencyMs: 0 };
/** Share of the disk's work that fails while it fails. */
const FAILING = 0.5;
/** How many times as long the disk takes: a sync some tenths of a second, or some seconds. */
const SLOWNESS = [100, 1_000] as const;

export const INJECT: Readonly<Record<FaultKind, Inject>> = {
  'relay-kill': ({ relay }) => {
    relay.kill();
    return () => relay.start();
  },
  'power-loss': ({ relay, dashd }) => {
    relay.losePower();
    // It is on the same machine.
    const healDashd = dashd.end('kill');
    return () => {
      healDashd();
      relay.start();
    };
  },
  'relay-restart': ({ relay }) => {
    relay.stop();
    return () => relay.start();
  },
  'relay-freeze': ({ relay }) => {
    relay.freeze();
    return () => relay.thaw();
  },
  'cut-dashd': ({ paths, dashd }) => {
    const healPath = paths.cut((a, b) => a === 'home' && b === 'home');
    const healRpc = dashd.faultyRpc({ hangs: true });
    return () => {
      healPath();
      healRpc();
    };
  },
  'cut-peers': ({ paths }, { peers }) => paths.cut((a, b) => a === 'home' && b !== 'home' && peers.includes(b)),
  'cut-all': ({ paths }) => paths.cut((a, b) => a === 'home' && b !== 'home'),
  'cut-among-peers': ({ paths }, { peers }) =>
    paths.cut((a, b) => a !== 'home' && b !== 'home' && peers.includes(a) !== peers.includes(b)),
  'dashd-restart': ({ dashd }) => dashd.end('stop'),
  'dashd-kill': ({ dashd }) => dashd.end('kill'),
  'dashd-hangs': ({ dashd }) => dashd.faultyRpc({ hangs: true }),
  'dashd-warms-up': ({ dashd }) => dashd.faultyRpc({ warmingUp: 'Loading block index...' }),
  'dashd-rejects': ({ dashd }) => dashd.rejecting('bad-cbtx-payload'),
  'feed-loses': ({ dashd, random }) => dashd.faultyFeed(random.pick(FEED_FAULTS)),
  'peer-restart': (run, fault) => {
    const peer = peerOf(run, fault);
    peer.stop().catch(run.fail);
    return () => void peer.start().catch(run.fail);
  },
  'peer-silent': (run, fault) => {
    const peer = peerOf(run, fault);
    peer.node.fallSilent();
    return () => replace(run, peer);
  },
  'peer-dies-mid-block': (run, fault) => behave(run, fault, { diesMidBlock: true }),
  'peer-floods': (run, fault) => {
    const peer = peerOf(run, fault);
    const kind = run.random.pick(FLOODS);
    // The other nodes have no limits, as they are not what is tested.
    for (const { link } of relaysOf(peer)) new Flood(link, kind, peer.node.listing).start();
    return () => replace(run, peer);
  },
  'peer-stuck': (run, fault) => behave(run, fault, { stuck: true }),
  'peer-never-reads': (run, fault) => {
    for (const { link } of relaysOf(peerOf(run, fault))) link.stopReading();
    return behave(run, fault, { neverReads: true });
  },
  'peer-lies': (run, fault) => behave(run, fault, { lies: true }),
  'peer-slow': (run, fault) => {
    const peer = peerOf(run, fault);
    peer.node.linkQuality = SLOW;
    return () => {
      peer.node.linkQuality = HEALTHY;
    };
  },
  'clock-jump': ({ network }, { clockMs }) => {
    network.clock.jump(clockMs);
    return () => network.clock.jump(-clockMs);
  },
  'disk-full': ({ network: { disk } }) => {
    disk.fault = (work) => (work === 'write' || work === 'name' ? 'ENOSPC' : undefined);
    return () => heal(disk);
  },
  'disk-fails': ({ network: { disk }, random }) => {
    disk.fault = () => (random.float() < FAILING ? 'EIO' : undefined);
    return () => heal(disk);
  },
  'disk-slow': ({ network: { disk }, random }) => {
    disk.slowness = random.pick(SLOWNESS);
    return () => {
      disk.slowness = 1;
    };
  },
};

function heal(disk: LiveNetwork['disk']): void {
  disk.fault = () => undefined;
}

function peerOf({ network }: Injected, { peers: [index = 0] }: PlannedFault): LiveNode {
  const peer = network.nodes[index];
  if (peer === undefined) throw new RangeError(`there is no peer ${index}`);
  return peer;
}

function behave(run: Injected, fault: PlannedFault, behaviour: Behaviour): Heal {
  const peer = peerOf(run, fault);
  peer.node.behaviour = behaviour;
  return () => replace(run, peer);
}

/** A node in order in place of a broken one: what went wrong on its connections stays with them. */
function replace({ fail }: Injected, peer: LiveNode): void {
  peer.node.behaviour = {};
  peer
    .stop()
    .then(() => peer.start())
    .catch(fail);
}

/** The relay's connections to a peer. */
function relaysOf({ node }: LiveNode): Peer[] {
  return [...node.peers].filter(({ version }) => version?.userAgent === USER_AGENT);
}
