/**
 * Contract tests: what blockcast relies on in a Dash node. They run against the simulated dashd (test/simulated) and, where there
 * is one, against a real dashd (test/dashd), so that both behave the same.
 */
import { after, before, describe } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import { blockContract } from './blocks.js';
import { compactContract } from './compact.js';
import { compactFaultContract } from './compact-faults.js';
import { compactPushContract } from './compact-pushes.js';
import { compactServingContract } from './compact-serving.js';
import { feedContract } from './feed.js';
import { handshakeContract } from './handshake.js';
import { masternodeContract } from './masternodes.js';
import { ask, mine, type NodeUnderTest, templateOn } from './node-under-test.js';
import { requestContract } from './requests.js';
import { rpcContract } from './rpc.js';

const PARTS = {
  handshake: handshakeContract,
  blocks: blockContract,
  'compact blocks': compactContract,
  'faulty compact blocks': compactFaultContract,
  'compact blocks that blockcast pushes': compactPushContract,
  'compact blocks of its own': compactServingContract,
  requests: requestContract,
  rpc: rpcContract,
  masternodes: masternodeContract,
  feed: feedContract,
} as const;

/** Defines the suites. Each part gets a node of its own, past its initial download. */
export function contract(start: () => Promise<NodeUnderTest>): void {
  for (const [part, define] of Object.entries(PARTS)) {
    describe(part, () => {
      let node: NodeUnderTest | undefined;
      before(async () => {
        await loadX11();
        node = await start();
        await ask(node, 'submitblock', mine(await templateOn(node)).toString('hex'));
      });
      after(() => node?.stop());
      define(() => {
        if (node === undefined) throw new Error('the node did not start');
        return node;
      });
    });
  }
}
