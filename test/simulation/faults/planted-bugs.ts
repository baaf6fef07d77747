/**
 * Bugs put into a relay on purpose, to show that runs of faults find such bugs. Each is in the ports that a relay is given, so nothing of
 * it is in the product; and each shows only under some fault, as the bugs do that remain.
 */
import { basename } from 'node:path';
import type { Disk, DiskFile } from '../../../src/adapters/disk.js';
import type { Ports } from '../../../src/relay/ports.js';
import type { Address, Dial, PeerSocket } from '../../../src/streams/ports.js';
import { COMMAND_AT, LENGTH_AT } from '../../../src/wire/frame.js';

type Plant = (ports: Ports) => Ports;

export const PLANTS = {
  'lost-spool-entry': (ports) => ({ ...ports, disk: forgetfulDisk(ports.disk) }),
  'dropped-dashd': (ports) => ({ ...ports, dial: droppingDial(ports.dial) }),
  'double-push': (ports) => ({ ...ports, dial: doublingDial(ports.dial) }),
} as const satisfies Record<string, Plant>;
export type PlantName = keyof typeof PLANTS;

/** The spool's folder is never synced: a block that is stored may have no name after a loss of power. */
function forgetfulDisk(disk: Disk): Disk {
  return overriding(disk, {
    async open(path, flags, mode) {
      const file = await disk.open(path, flags, mode);
      return basename(path) === 'spool' ? unsynced(file) : file;
    },
  });
}

function unsynced(file: DiskFile): DiskFile {
  const nothing = async (): Promise<void> => undefined;
  return overriding(file, { sync: nothing, datasync: nothing });
}

/** Once the relay itself has ended a connection to dashd, for want of an answer, it does not dial dashd again. */
function droppingDial(dial: Dial): Dial {
  let isDropped = false;
  return (address, timeoutMs, handlers) => {
    if (!isDashd(address)) return dial(address, timeoutMs, handlers);
    if (isDropped) return deadSocket();
    const socket = dial(address, timeoutMs, handlers);
    return overriding(socket, {
      destroy() {
        isDropped = true;
        socket.destroy();
      },
    });
  };
}

/** Over a peer's second connection each block is written twice. */
function doublingDial(dial: Dial): Dial {
  const known = new Set<string>();
  return (address, timeoutMs, handlers) => {
    const socket = dial(address, timeoutMs, handlers);
    const key = `${address.host}:${address.port}`;
    if (isDashd(address) || !known.has(key)) {
      known.add(key);
      return socket;
    }
    return overriding(socket, {
      write(buffers, taken) {
        socket.write(buffers, taken);
        const blocks = buffers.filter((frame) => frame.toString('latin1', COMMAND_AT, LENGTH_AT).startsWith('block\0'));
        if (blocks.length > 0) socket.write(blocks);
      },
    });
  };
}

function isDashd({ host }: Address): boolean {
  return host === '127.0.0.1';
}

function deadSocket(): PeerSocket {
  const nothing = (): void => undefined;
  return { write: nothing, pause: nothing, resume: nothing, destroy: nothing, backlog: 0, bytesIn: 0, bytesOut: 0 };
}

/** The same thing, with some calls in the place of its own. */
function overriding<T extends object>(base: T, calls: Partial<T>): T {
  return Object.assign(Object.create(base) as T, calls);
}
