import { describe } from 'node:test';
import { SimulatedDashd } from '../../src/simulated/dashd.js';
import { contract } from '../contract/contract.js';
import type { NodeUnderTest } from '../contract/node-under-test.js';

async function startStandIn(): Promise<NodeUnderTest> {
  const dashd = new SimulatedDashd({ user: 'user', password: 'secret' });
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
    stop: () => dashd.stop(),
  };
}

describe('contract with the stand-in', () => contract(startStandIn));
