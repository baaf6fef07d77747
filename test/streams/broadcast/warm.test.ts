import assert from 'node:assert/strict';
import { it } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import { type WarmUpPorts, warmUp } from '../../../src/streams/broadcast/warm.js';
import type { Random } from '../../../src/time.js';
import { counting, START } from '../../session/support.js';
import { clockAt } from '../../support/clock.js';

const PEERS = 20;
const BLOCKS = 50;
const clock = clockAt(START);

it('takes each block all the way to each peer, once a process, and leaves nothing behind', async () => {
  await loadX11();
  const source = counting();
  let nonces = 0;
  const random: Random = {
    ...source,
    u64: () => {
      nonces += 1;
      return source.u64();
    },
  };
  const before = process.getActiveResourcesInfo().length;
  const sent: Buffer[] = [];
  let closed = 0;
  const createLoop = async (): ReturnType<WarmUpPorts['createLoop']> => {
    let deliver: (frames: readonly Buffer[]) => void = () => undefined;
    return {
      open: ({ frames }) => {
        deliver = frames;
        return {
          close: async () => {
            closed += 1;
          },
        };
      },
      send: async (raw) => {
        sent.push(raw);
        setImmediate(deliver, [raw]);
      },
    };
  };

  await warmUp({ clock, random, nextTurn: setImmediate, createLoop });
  // A nonce in each version message, one in the ping behind each block, one in the ping made for the next, one in each compact block.
  const expected = PEERS + PEERS * (BLOCKS + 1) + BLOCKS;
  assert.equal(nonces, expected, 'a peer is sent each block once');
  assert.equal(sent.length, BLOCKS);
  assert.equal(closed, 1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(process.getActiveResourcesInfo().length, before);

  await warmUp({ clock, random, nextTurn: setImmediate, createLoop });
  assert.equal(nonces, expected);
});
