/** What each fault of a plan does, and what ends it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { ChaosGround, Node } from './ground.js';
import type { Fault, Round } from './plan.js';

type Heal = () => Promise<void> | void;
type Inject = (ground: ChaosGround, round: Round) => Promise<Heal> | Heal;

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

/** Why a fault cannot be had here; undefined when it can. */
export function whySkipped(fault: Fault, ground: ChaosGround): string | undefined {
  if (fault === 'dashd-reindex' && !ground.isReal) return 'the simulated dashd has no index';
  if (fault === 'disk-full' && !hasPrlimit) return 'there is no prlimit (util-linux); spool-replaced stands for it';
  return undefined;
}

export const INJECT: Readonly<Record<Fault, Inject>> = {
  'relay-kill': async ({ relay }) => {
    await relay.kill();
    return () => relay.start();
  },
  'relay-freeze': ({ relay }) => freeze(relay.pid),
  'dashd-kill': async (ground) => {
    await ground.dashd.process.kill();
    return () => startDashd(ground);
  },
  'dashd-freeze': ({ dashd }) => freeze(dashd.process.pid),
  'dashd-restart': async (ground) => {
    await ground.dashd.process.stop();
    return () => startDashd(ground);
  },
  'dashd-reindex': async (ground) => {
    await ground.dashd.process.stop();
    return () => startDashd(ground, '-reindex');
  },
  'cookie-change': async (ground) => {
    await ground.dashd.process.stop();
    await ground.start(ground.dashd);
    // The relay has the old one until then.
    return () => ground.publishCookie();
  },
  'peer-kill': async (ground, round) => {
    const peer = peerOf(ground, round);
    await peer.process.kill();
    return () => ground.start(peer);
  },
  'peer-freeze': (ground, round) => freeze(peerOf(ground, round).process.pid),
  'partition-silent': (ground, { scope }) => {
    const paths = ground.paths(scope);
    for (const path of paths) path.silence();
    return () => all(paths.map((path) => path.open()));
  },
  'partition-refused': async (ground, { scope }) => {
    const paths = ground.paths(scope);
    await all(paths.map((path) => path.refuse()));
    return () => all(paths.map((path) => path.open()));
  },
  // The relay may write to no file any more; the kernel answers EFBIG, as it answers ENOSPC when the disk is full.
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
  'clock-jump': (ground, { clockMs }) => {
    ground.shiftClock(clockMs);
    return () => ground.shiftClock(0);
  },
};

async function startDashd(ground: ChaosGround, ...more: readonly string[]): Promise<void> {
  await ground.start(ground.dashd, ...more);
  ground.publishCookie();
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

function peerOf({ peers }: ChaosGround, { peer }: Round): Node {
  const node = peers[peer % peers.length];
  if (node === undefined) throw new Error('no peer');
  return node;
}

async function all(work: readonly Promise<void>[]): Promise<void> {
  await Promise.all(work);
}
