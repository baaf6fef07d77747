import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NEVER } from 'rxjs';
import { type ConnectionEvent, connection } from '../../../src/streams/connections/connection.js';
import { FairTurns } from '../../../src/streams/connections/fair-turns.js';
import { Multicast } from '../../../src/streams/connections/multicast.js';
import { peerEvents } from '../../../src/streams/connections/peer-events.js';
import { context } from '../../session/support.js';
import { gather } from '../../support/gather.js';
import { Time } from '../../support/virtual-time.js';
import { FakeNet } from './fake-net.js';

const target = { host: 'a', port: 1, peer: 'a:1', protected: true };

/** Everything a short life gives. */
function life(): ConnectionEvent[] {
  const net = new FakeNet();
  const awake = new Time().clock.monotonic;
  const turns = new FairTurns(() => 0, setImmediate);
  const { values } = gather(
    connection(target, { context: context(), dial: net.dial, awake, turns, multicast: new Multicast(), ticks$: NEVER }),
  );
  const peer = net.to('a').shakeHands(55);
  peer.says({ command: 'inv', items: [{ type: 2, hash: 'ab'.repeat(32) }] });
  peer.bytesIn = 10;
  peer.bytesOut = 20;
  peer.close('connection-error');
  return values;
}

describe('what operators learn of a peer', () => {
  it('is that it came and that it went', () => {
    assert.deepEqual(
      life().flatMap((event) => peerEvents({ target, at: 7, monotonicAt: 0, event })),
      [
        {
          type: 'peer-connected',
          at: 7,
          peer: 'a:1',
          protected: true,
          userAgent: '/Dash Core:23.1.2/',
          height: 55,
          protocolVersion: 70_240,
        },
        {
          type: 'peer-lost',
          at: 7,
          peer: 'a:1',
          protected: true,
          code: 'connection-error',
          reason: 'a is gone',
          wasReady: true,
          bytesIn: 10,
          bytesOut: 20,
        },
      ],
    );
  });

  it('is marked for members of quorums, of which there may be hundreds', () => {
    const member = { ...target, protected: false, quorum: true } as const;
    const events = life().flatMap((event) => peerEvents({ target: member, at: 7, monotonicAt: 0, event }));
    assert.deepEqual(
      events.map(({ quorum }) => quorum),
      [true, true],
    );
  });
});
