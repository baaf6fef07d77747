/** Injects and ends each fault of a plan. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { ChaosNetwork, Node } from './chaos-network.js';
import type { Fault, Round } from './plan.js';

type Heal = () => Promise<void> | void;
type Inject = (network: ChaosNetwork, round: Round) => Promise<Heal> | Heal;

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

/** Why a fault is not possible on this machine; undefined when it is. */
export function whySkipped(fault: Fault, network: ChaosNetwork): string | undefined {
  if (fault === 'dashd-reindex' && !network.isReal) return 'the simulated dashd has no index';
  if (fault === 'disk-full' && !hasPrlimit) return 'there is no prlimit (util-linux); spool-replaced stands for it';
  return undefined;
}

export const INJECT: Readonly<Record<Fault, Inject>> = {
  'relay-kill': async ({ relay }) => {
    await relay.kill();
    return () => relay.start();
  },
  'relay-freeze': ({ relay }) => freeze(relay.pid),
  'dashd-kill': async (network) => {
    await network.dashd.process.kill();
    return () => startDashd(network);
  },
  'dashd-freeze': ({ dashd }) => freeze(dashd.process.pid),
  'dashd-restart': async (network) => {
    await network.dashd.process.stop();
    return () => startDashd(network);
  },
  'dashd-reindex': async (network) => {
    await network.dashd.process.stop();
    return () => startDashd(network, '-reindex');
  },
  'cookie-change': async (network) => {
    await network.dashd.process.stop();
    await network.start(network.dashd);
    // The relay has the old one until then.
    return () => network.publishCookie();
  },
  'peer-kill': async (network, round) => {
    const peer = peerOf(network, round);
    await peer.process.kill();
    return () => network.start(peer);
  },
  'peer-freeze': (network, round) => freeze(peerOf(network, round).process.pid),
  'partition-silent': (network, { scope }) => {
    const paths = network.paths(scope);
    for (const path of paths) path.silence();
    return () => all(paths.map((path) => path.open()));
  },
  'partition-refused': async (network, { scope }) => {
    const paths = network.paths(scope);
    await all(paths.map((path) => path.refuse()));
    return () => all(paths.map((path) => path.open()));
  },
  // The relay can no longer write to files: the kernel returns EFBIG, as it returns ENOSPC when the disk is full.
  'disk-full': ({ relay }) => {
    limitFiles(relay.pid, '0:');
    return () => limitFiles(relay.pid, 'unlimited:');
  },
  'spool-replaced': ({ relay }) => {
    const aside = `${relay.spool}-aside`;
    if (!existsSync(relay.spool)) mkdirSync(relay.spool);
    renameSync(relay.spool, aside);
    writeFileSync(relay.spool, '');
    return () => {
      rmSync(relay.spool, { recursive: true });
      renameSync(aside, relay.spool);
    };
  },
  'clock-jump': (network, { clockMs }) => {
    network.shiftClock(clockMs);
    return () => network.shiftClock(0);
  },
};

async function startDashd(network: ChaosNetwork, ...more: readonly string[]): Promise<void> {
  await network.start(network.dashd, ...more);
  network.publishCookie();
}

function freeze(pid: number | undefined): Heal {
  if (pid === undefined || pid === 0) throw new Error('no process to be frozen');
  process.kill(pid, 'SIGSTOP');
  return () => {
    process.kill(pid, 'SIGCONT');
  };
}

function limitFiles(pid: number, limit: string): void {
  const { status, stderr } = spawnSync('prlimit', [`--pid=${pid}`, `--fsize=${limit}`]);
  if (status !== 0) throw new Error(`prlimit: ${stderr.toString()}`);
}

function peerOf({ peers }: ChaosNetwork, { peer }: Round): Node {
  const node = peers[peer % peers.length];
  if (node === undefined) throw new Error('no peer');
  return node;
}

async function all(work: readonly Promise<void>[]): Promise<void> {
  await Promise.all(work);
}
