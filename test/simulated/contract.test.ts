import { describe } from 'node:test';
import { systemClock } from '../../src/adapters/system.js';
import { SimulatedDashd } from '../../src/simulated/dashd.js';
import type { Clock } from '../../src/time.js';
import { contract } from '../contract/contract.js';
import type { NodeUnderTest } from '../contract/node-under-test.js';

async function startStandIn(): Promise<NodeUnderTest> {
  let aheadMs = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  const dashd = new SimulatedDashd({ user: 'user', password: 'secret', clock });
  await dashd.start();
  const { node } = dashd;
  return {
    host: node.host,
    port: node.port,
    rpcUrl: dashd.rpcUrl,
    credentials: 'user:secret',
    zmqUrl: dashd.zmqUrl,
    log: () => node.log.join('\n'),
    learn: (addresses) => {
      node.addressBook.add(addresses.map((address) => ({ ...node.listing, ...address })));
      return Promise.resolve();
    },
    setAhead: (seconds) => {
      aheadMs = 1_000 * seconds;
      return Promise.resolve();
    },
    stop: () => dashd.stop(),
  };
}

describe('contract with the stand-in', () => contract(startStandIn));
