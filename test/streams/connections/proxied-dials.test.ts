import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionsUnderTest } from './support.js';

const names = (kind: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${n}.${kind}`);
const isProxied = ({ host }: { readonly host: string }): boolean => host.endsWith('.onion');

describe('dials through a proxy', () => {
  it('have a budget of their own: a proxy that never answers delays no direct dial, nor the other way round', () => {
    const under = new ConnectionsUnderTest(undefined, isProxied);
    under.wants(...names('onion', 20), ...names('direct', 20));
    const dialled = under.net.sockets.map(({ host }) => host).filter((host) => host !== 'dashd');
    assert.deepEqual(dialled, [...names('onion', 8), ...names('direct', 8)]);
    for (const host of names('direct', 8)) under.net.to(host).shakeHands();
    assert.deepEqual(
      under.live,
      names('direct', 8).map((host) => `${host}:1`),
    );
    assert.equal(under.net.dials('15.direct'), 1, 'the next ones');
    assert.equal(under.net.dials('8.onion'), 0);
    under.net.to('0.onion').close('dial-timeout');
    assert.equal(under.net.dials('8.onion'), 1);
  });

  it('may take longer than direct ones, as circuits do', () => {
    const under = new ConnectionsUnderTest(undefined, isProxied);
    under.wants('a.onion', 'a');
    const timeouts = ['dashd', 'a', 'a.onion'].map((host) => under.net.to(host).timeoutMs);
    assert.deepEqual(timeouts, [5_000, 5_000, 30_000]);
  });
});
