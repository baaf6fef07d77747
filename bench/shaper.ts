/** A slow uplink between a contender and its receivers: TCP connections to ports of its own are passed on over {@link SharedUplink}. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { emit, planOf } from './child.js';
import type { FromShaper, ShaperPlan } from './process-messages.js';
import { SharedUplink } from './shared-uplink.js';

const { ports, bytesPerSecond, roundTripMs } = planOf<ShaperPlan>();
const after = (ms: number, act: () => void): void => {
  setTimeout(act, ms);
};
const uplink = new SharedUplink({ bytesPerSecond, roundTripMs, now: () => performance.now(), after });

async function passTo(port: number): Promise<number> {
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port, noDelay: true });
    near.setNoDelay(true);
    const up = uplink.connection((bytes) => void far.write(bytes));
    near.on('data', (bytes) => up.write(bytes));
    // The other way is not slow, only far.
    far.on('data', (bytes) => after(roundTripMs / 2, () => void near.write(bytes)));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

emit<FromShaper>({ type: 'listening', ports: await Promise.all(ports.map(passTo)) });
