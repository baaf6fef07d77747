/** A relay whose files cannot be written: a block goes out all the same, what is amiss is told, and the process goes on. */
import { after, afterEach, describe, test } from 'node:test';
import { inShell, Shelled, ShelledGround } from '../support/shelled.js';

const ground = await ShelledGround.open();
after(() => ground.close());

describe('a relay delivers, answers and ends in time', () => {
  let relay: Shelled | undefined;
  afterEach(async () => {
    await relay?.remove();
    relay = undefined;
  });

  // As on a disk that is full (ENOSPC): each write fails, by EFBIG and SIGXFSZ.
  test('when no byte can be written to spool, history and peer file', async () => {
    relay = await Shelled.start(ground, inShell(), { before: 'ulimit -f 0' });
    await relay.assertWell();
    for (const service of ['spool', 'history file', 'peer file']) await relay.is(service, 'down');
    await relay.assertWell();
    await relay.assertEnds();
  });
});
