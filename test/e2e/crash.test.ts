import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { loadX11 } from '../../src/block/x11.js';
import { DashdStandIn } from '../../src/demo/dashd.js';
import { mineBlock, type Template } from '../../src/demo/miner.js';
import { SimulatedNode } from '../../src/demo/node.js';
import { SeededRandom } from '../../src/demo/seeded-random.js';
import { type KillingGround, killAround, spooled, untilConnected } from '../support/killing.js';
import { RelayProcess, until } from '../support/process.js';
import { hashOf } from '../support/relay.js';

/** More for a long run: `KILLS=100`. */
const KILLS = Number(process.env['KILLS'] ?? 4);
const SEED = Number(process.env['SEED'] ?? 10);

describe('a relay that is killed', async () => {
  await loadX11();
  const dashd = new DashdStandIn({ user: 'user', password: 'secret' });
  const nodes = Array.from({ length: 2 }, () => new SimulatedNode({ line: { latencyMs: 0 } }));
  const everybody = [dashd.node, ...nodes];
  let extraNonce = 0;

  const ground: KillingGround = {
    peers: 3,
    async mine() {
      extraNonce += 1;
      return mineBlock(dashd.node.chain.template(), { extraNonce });
    },
    lackers: async (hash) => everybody.filter(({ chain }) => chain.get(hash)?.connected !== true).length,
  };

  function mineChain(length: number): Buffer[] {
    let template: Template = dashd.node.chain.template();
    return Array.from({ length }, () => {
      extraNonce += 1;
      const raw = mineBlock(template, { extraNonce });
      template = { ...template, parent: hashOf(raw), height: template.height + 1, time: template.time + 1 };
      return raw;
    });
  }

  await Promise.all([dashd, ...nodes].map((node) => node.start()));
  for (const raw of dashd.generate(1)) for (const node of nodes) node.submit(raw);
  const relay = new RelayProcess([
    `--dashd-rpc-url=${dashd.rpcUrl}`,
    `--dashd-rpc-user=${dashd.user}`,
    `--dashd-rpc-password=${dashd.password}`,
    `--dashd-p2p-port=${dashd.node.port}`,
    `--dashd-zmq-url=${dashd.zmqUrl}`,
    `--peers=${nodes.map(({ address }) => address).join(',')}`,
  ]);
  after(async () => {
    await relay.remove();
    await Promise.all([dashd, ...nodes].map((node) => node.stop()));
  });

  test(`within 50 ms after it told of a block has lost none of ${KILLS}`, async (context) => {
    const random = new SeededRandom(SEED);
    const losses = await killAround(relay, ground, { kills: KILLS, moment: 'after received', withinMs: 50, random });
    context.diagnostic(JSON.stringify(losses));
    assert.deepEqual(losses.lost, []);
  });

  test(`while it takes and writes a block has lost none of ${KILLS}, should the pool push again what was not told`, async (context) => {
    const random = new SeededRandom(SEED + 1);
    const losses = await killAround(relay, ground, { kills: KILLS, moment: 'after push', withinMs: 4, random });
    context.diagnostic(JSON.stringify(losses));
    assert.deepEqual(losses.lost, []);
  });

  test('with nobody to send to has its blocks on disk, and sends them in order when it is back', async () => {
    await relay.start();
    await untilConnected(relay, ground.peers);
    await Promise.all([dashd, ...nodes].map((node) => node.stop()));
    const chain = mineChain(5);
    for (const raw of chain) {
      const received = relay.next('received', hashOf(raw));
      await relay.push(raw);
      assert.equal((await received).type === 'received', true);
    }
    await relay.kill();
    assert.equal(spooled(relay).filter((name) => name.endsWith('.block')).length, chain.length);

    await Promise.all([dashd, ...nodes].map((node) => node.start()));
    const verdicts = chain.map((raw) => relay.next('verdict', hashOf(raw)));
    await relay.start();
    for (const raw of chain) {
      await until(`${hashOf(raw)} everywhere`, () =>
        everybody.every(({ chain: known }) => known.get(hashOf(raw))?.connected === true) ? true : undefined,
      );
    }
    for (const verdict of await Promise.all(verdicts))
      assert.ok(verdict.type === 'verdict' && verdict.late === 'recovered');
    await until('the spool to be empty', () => (spooled(relay).length === 0 ? true : undefined));
    await relay.kill('SIGTERM');
  });
});
