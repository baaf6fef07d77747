/**
 * Checks the limit of open files (RLIMIT_NOFILE) against the most descriptors that the settings allow, before anything is opened.
 *
 * Without a free descriptor a process can neither load its code nor accept, connect or write, and libzmq's I/O thread retries a failed
 * accept (EMFILE) in a busy loop. So the check happens at the start, for the worst case.
 */

import type { Config } from '../config/config.js';
import { OPEN_FILES } from '../messages/commands.js';
import { fill } from '../messages/fill.js';

/** Node, its modules while they are loaded, ZeroMQ's threads and sockets with some clients, RPC, log and files. */
const BASE = 192;
/** One connection, and one dial to a replacement. */
const PER_PEER = 2;
/** `connections.max` of ops/http/limits.ts. */
const HTTP = 512;
/** With the default settings: 20 peers, 400 of the quorums, the HTTP service, no proxy. */
const DEFAULT_NEED = BASE + PER_PEER * 20 + 400 + HTTP;
/** Connections of callers, those being replaced, and one connection to dashd for each (adapters/rpc-proxy). */
const PROXY = 2 * 512 + 64;

/** @returns why the program cannot be loaded and what to do; undefined when it can, or when the limit is unknown */
export function loadFault(limit: number | undefined): string | undefined {
  return limit === undefined || limit >= BASE
    ? undefined
    : fill(OPEN_FILES['too-few-to-start'], {
        limit,
        needed: BASE,
        default: DEFAULT_NEED,
        remedy: remedy(DEFAULT_NEED),
      });
}

/** @returns why the relay cannot run and what to do; undefined when it can, or when the limit is unknown */
export function descriptorFault(
  { broadcast, quorum, http, proxy }: Pick<Config, 'broadcast' | 'quorum' | 'http' | 'proxy'>,
  limit: number | undefined,
): string | undefined {
  const peers = broadcast.enabled ? broadcast.maxPeers : 1;
  // A slot is free before its next connection is begun, so one descriptor each.
  const members = broadcast.enabled ? quorum.maxPeers : 0;
  const needed = BASE + PER_PEER * peers + members + (http.enabled ? HTTP : 0) + (proxy.enabled ? PROXY : 0);
  if (limit === undefined || limit >= needed) return undefined;
  const uses = [
    fill(OPEN_FILES.peers, { count: peers }),
    ...(members > 0 ? [fill(OPEN_FILES.members, { count: members })] : []),
    ...(http.enabled ? [OPEN_FILES.http] : []),
    ...(proxy.enabled ? [OPEN_FILES.proxy] : []),
  ];
  return fill(OPEN_FILES['too-few'], { limit, needed, uses: uses.join(', '), remedy: remedy(needed) });
}

function remedy(needed: number): string {
  return fill(OPEN_FILES.remedy, { needed });
}

/**
 * The limit of this process. At its start Node raises the soft limit to the hard one, so this is the hard limit.
 * @returns undefined when there is no limit, or when it cannot be read (on systems other than Linux)
 */
export function openFilesLimit(platform: string, readFile: (path: string) => string): number | undefined {
  if (platform !== 'linux') return undefined;
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFile('/proc/self/limits')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch (error) {
    // Without /proc the check is skipped.
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
