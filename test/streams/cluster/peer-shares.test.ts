import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PeerShares } from '../../../src/streams/cluster/peer-shares.js';
import type { ConnectedPeer, ConnectionSlot } from '../../../src/streams/connections/connections.js';

const NONE_KEPT = { max: 0, least: 0 };

/** A relay that is connected to these peers, 10 ms away each. */
function sharesOf(
  peers: readonly string[],
  onDrop: (peer: string) => unknown = () => undefined,
  least = 0,
  roundTripOf = () => 10,
): PeerShares {
  const since = { at: 0, monotonicAt: 0 };
  const target = (peer: string) => ({
    peer,
    host: peer,
    port: 1,
    protected: peer === 'dashd',
    ...(peer === 'w' && { witness: true as const }),
  });
  const slots = new Map(peers.map((peer): [string, ConnectionSlot] => [peer, { target: target(peer), since }]));
  const live = new Map<string, ConnectedPeer>();
  for (const peer of peers) live.set(peer, { target: target(peer), since } as ConnectedPeer);
  return new PeerShares({
    relay: 'eu',
    table: { slots, live },
    roundTripOf,
    drop: (peer) => {
      onDrop(peer);
      slots.delete(peer);
    },
    limits: { book: { max: 0, least }, quorum: NONE_KEPT },
    freed: () => undefined,
  });
}

describe('the peers of a relay in a cluster', () => {
  it('are left to a nearer relay by the time that they are hung up on: nobody dials them again in between', () => {
    const seen: boolean[] = [];
    const shares = sharesOf(['x', 'y'], (peer) => seen.push(shares.has(peer, 'book')));
    shares.tell();
    shares.review(new Map([['us', new Map([['x', 1]])]]));
    assert.deepEqual(seen, [true]);
    assert.deepEqual([shares.has('x', 'book'), shares.has('y', 'book')], [true, false]);
  });

  it('are free again when the other relay is gone', () => {
    const shares = sharesOf(['x']);
    shares.tell();
    shares.review(new Map([['us', new Map([['x', 1]])]]));
    assert.equal(shares.has('x', 'book'), true);
    shares.review(new Map());
    assert.equal(shares.has('x', 'book'), false);
  });

  it('are told to the others without the own dashd and the witnesses', () => {
    assert.deepEqual([...sharesOf(['dashd', 'w', 'x']).tell()], [['x', 10]]);
  });

  it('are told as the nearest where it keeps them in any case: then the others give them up', () => {
    const shares = sharesOf(['x', 'y'], undefined, 2);
    shares.review(new Map([['us', new Map([['x', 1]])]]));
    assert.deepEqual(
      [...shares.tell()],
      [
        ['x', 0],
        ['y', 0],
      ],
    );
  });

  it('are judged by what it told of them, as the others do: not by what it has measured since', () => {
    let ms = 10;
    const dropped: string[] = [];
    const shares = sharesOf(
      ['x'],
      (peer) => dropped.push(peer),
      0,
      () => ms,
    );
    shares.review(new Map([['us', new Map([['x', 1]])]]));
    assert.deepEqual(dropped, [], 'the others know nothing of it yet');
    shares.tell();
    ms = 0.1;
    shares.review(new Map([['us', new Map([['x', 1]])]]));
    assert.deepEqual(dropped, ['x']);
  });
});
