import { startDashd } from '../../src/simulated/dashd-process.js';
import { contract } from '../contract/contract.js';
import type { NodeUnderTest } from '../contract/node-under-test.js';
import { describeWithDashd } from './describe-with-dashd.js';

async function startReal(): Promise<NodeUnderTest> {
  const dashd = await startDashd({ arguments: ['-acceptnonstdtxn=1', '-minrelaytxfee=0'] });
  return {
    host: dashd.host,
    port: dashd.port,
    rpcUrl: dashd.rpcUrl,
    credentials: dashd.credentials,
    zmqUrl: dashd.zmqUrl,
    log: () => dashd.log(),
    learn: async (addresses) => {
      for (const { host, port } of addresses) await dashd.rpc('addpeeraddress', host, port);
    },
    setAhead: async (seconds) => {
      await dashd.rpc('setmocktime', seconds === 0 ? 0 : Math.floor(Date.now() / 1000) + seconds);
    },
    stop: () => dashd.remove(),
  };
}

describeWithDashd('contract with dashd', () => contract(startReal));
