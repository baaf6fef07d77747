/** What is on the relay's machine in each run: ports, folders, the relay's configuration and its disk. */
import { type Config, loadConfig } from '../../config/config.js';
import type { RunRandom } from '../random.js';
import type { Driver } from './driver.js';
import { MemoryDisk } from './memory-disk.js';
import type { VirtualClock } from './virtual-clock.js';
import { exactMicros, VirtualScheduler } from './virtual-scheduler.js';

/** Of regtest's dashd. */
export const P2P_PORT = 19_899;
const RPC_PORT = 19_898;
export const ZMQ_URL = 'tcp://127.0.0.1:28332';
const DATA_FOLDER = '/data';
export const PEER_FILE = `${DATA_FOLDER}/broadcast_peers.json`;

/**
 * @param peers `host:port` of those that the relay is told of
 * @param flags without their dashes; they go before what every run has
 * @throws Error when the flags make no configuration, a programmer's mistake
 */
export function relayConfig(peers: readonly string[], flags: Readonly<Record<string, string>> = {}): Config {
  const loaded = loadConfig({
    options: {
      network: 'regtest',
      'dashd-rpc-url': `http://127.0.0.1:${RPC_PORT}`,
      'dashd-rpc-user': 'user',
      'dashd-rpc-password': 'password',
      'dashd-p2p-port': String(P2P_PORT),
      'dashd-zmq-url': ZMQ_URL,
      peers: peers.join(','),
      // The default is below the folder in which the run was started.
      'broadcast-peer-db': PEER_FILE,
      'history-file': `${DATA_FOLDER}/block_history.jsonl`,
      ...flags,
    },
    env: { HOME: '/home/relay' },
    readFile: () => '',
    platform: 'linux',
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  return loaded.config;
}

/** A disk with the folder of the relay's files on it, which is older than the run. */
export function memoryDisk(driver: Driver, clock: VirtualClock, random: RunRandom): MemoryDisk {
  const touching = (action: () => void): void => {
    driver.touch();
    action();
  };
  const scheduler = new VirtualScheduler(driver.engine, () => clock.now(), touching, exactMicros);
  const disk = new MemoryDisk({ clock, random, scheduler });
  disk.tree.makeFolders(DATA_FOLDER);
  disk.tree.root.sync();
  return disk;
}

/** Puts a file there that is older than the run. */
export function putFile({ tree }: MemoryDisk, path: string, text: string): void {
  const file = tree.makeFile(path, 0o600);
  file.append(Buffer.from(text));
  file.sync();
  tree.folder(DATA_FOLDER).sync();
}
