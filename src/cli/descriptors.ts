/**
 * How many file descriptors a relay may need, held against the limit of this process (RLIMIT_NOFILE) before anything is opened. A
 * process without a free one can neither load its own code nor accept, dial or write, and libzmq's thread tries an accept that fails
 * for it (EMFILE) again and again: so whatever the settings allow at the most has to fit.
 */
import type { Config } from '../config/config.js';

/** Node itself, its modules while they are loaded, ZeroMQ's threads and sockets with some clients, RPC, log and files. */
const OWN = 192;
/** One that is connected, one that is dialled. */
const EACH_PEER = 2;
/** `connections.max` of ops/http/limits.ts. */
const PAGES = 512;
/** With 20 peers, the pages, and no proxy. */
const BY_DEFAULT = OWN + EACH_PEER * 20 + PAGES;
/** Of adapters/rpc-proxy/index.ts: callers, those that are being replaced, and a connection to dashd for each. */
const PROXY = 2 * 512 + 64;

/** @returns why the program cannot even be loaded, and what to do; undefined where it can, or the limit is not known */
export function loadFault(limit: number | undefined): string | undefined {
  return limit === undefined || limit >= OWN
    ? undefined
    : `this process may open ${limit} files at once, and needs ${OWN} to start and ${BY_DEFAULT} with the default settings: ${remedy(BY_DEFAULT)}`;
}

/** @returns why the relay cannot run, and what to do; undefined where it can, or the limit is not known */
export function descriptorFault(
  { broadcast, http, proxy }: Pick<Config, 'broadcast' | 'http' | 'proxy'>,
  limit: number | undefined,
): string | undefined {
  const peers = broadcast.enabled ? broadcast.maxPeers : 1;
  const needed = OWN + EACH_PEER * peers + (http.enabled ? PAGES : 0) + (proxy.enabled ? PROXY : 0);
  if (limit === undefined || limit >= needed) return undefined;
  const uses = [
    `${peers} peers (broadcast.maxPeers)`,
    ...(http.enabled ? ['the pages (http.enabled)'] : []),
    ...(proxy.enabled ? ['the JSON-RPC proxy (proxy.enabled)'] : []),
  ];
  return `this process may open ${limit} files at once, and needs up to ${needed} for ${uses.join(', ')} and itself: ${remedy(needed)}, or switch off what is not needed`;
}

function remedy(needed: number): string {
  return `raise the hard limit to that ("ulimit -n ${needed}", LimitNOFILE= of a systemd unit, "ulimits: nofile" of a container)`;
}

/**
 * The limit of this process. Node has raised the soft limit to the hard one when it started, so this is the hard one.
 * @returns undefined where there is none, or none can be read: on other systems than Linux
 */
export function openFilesLimit(platform: string, readFile: (path: string) => string): number | undefined {
  if (platform !== 'linux') return undefined;
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFile('/proc/self/limits')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch (error) {
    // No /proc here: the check is left out.
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
