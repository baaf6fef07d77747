import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SessionFaultCode } from '../../../src/session/types.js';
import { isAlone } from '../../../src/streams/connections/isolation.js';
import { TorWatch } from '../../../src/streams/connections/tor-watch.js';

const PROXY = '127.0.0.1:9050';
const OPENED = { type: 'opened' } as const;
const failed = (code: SessionFaultCode) => ({ type: 'failed', code, detail: 'x' }) as const;
const REFUSED = failed('proxy-unreachable');
const NO_HOST = failed('tor-onion');

class Watched {
  readonly told: string[] = [];
  isInUse = false;
  readonly watch = new TorWatch({
    proxy: PROXY,
    isInUse: () => this.isInUse,
    report: (state, code, detail) => ({ type: 'service', at: 0, service: 'tor', state, code, detail }),
    emit: ({ state, code }) => this.told.push(`${state} ${code}`),
  });
}

describe('Tor, as a service', () => {
  it('is up once its port accepts us, and told so once', () => {
    const { watch, told } = new Watched();
    watch.onProbe(OPENED);
    watch.onDial(OPENED);
    watch.onDial(NO_HOST);
    assert.deepEqual(told, ['up up']);
    assert.equal(watch.isGone, false);
  });

  it('is down when its port does not accept us, once for each cause, and up when it does again', () => {
    const { watch, told } = new Watched();
    watch.onProbe(REFUSED);
    watch.onDial(REFUSED);
    assert.equal(watch.isGone, true);
    watch.onDial(failed('proxy-auth'));
    watch.onProbe(OPENED);
    assert.equal(watch.isGone, false);
    assert.deepEqual(told, ['down proxy-unreachable', 'down proxy-auth', 'up up']);
  });

  it('whose port refuses one peer accepts us', () => {
    const { watch, told } = new Watched();
    watch.onDial(REFUSED);
    watch.onDial(NO_HOST);
    assert.deepEqual(told, ['down proxy-unreachable', 'up up']);
  });

  it('is down when eight dials in a row reach nothing, until one does: a probe does not know', () => {
    const { watch, told } = new Watched();
    watch.onProbe(OPENED);
    for (let dial = 1; dial < 8; dial += 1) watch.onDial(NO_HOST);
    assert.deepEqual(told, ['up up']);
    watch.onDial(failed('dial-timeout'));
    watch.onProbe(OPENED);
    assert.equal(watch.isGone, false, 'its port accepts us');
    assert.deepEqual(told, ['up up', 'down no-circuit']);
    watch.onDial(OPENED);
    assert.deepEqual(told, ['up up', 'down no-circuit', 'up up']);
  });

  it('is not down for peers that are gone while one is connected through it', () => {
    const watched = new Watched();
    watched.isInUse = true;
    for (let dial = 0; dial < 20; dial += 1) watched.watch.onDial(NO_HOST);
    assert.deepEqual(watched.told, []);
  });
});

describe('a peer that cannot be reached', () => {
  const at = (host: string, isOwn = false) => ({ target: { host, port: 1, protected: isOwn } });
  const isProxied = ({ host }: { readonly host: string }) => host.endsWith('.onion');

  it('is alone when no other is connected over the same way: through Tor, or directly', () => {
    assert.equal(isAlone(at('a.onion').target, [at('1.2.3.4')], isProxied), true);
    assert.equal(isAlone(at('a.onion').target, [at('b.onion')], isProxied), false);
    assert.equal(isAlone(at('1.2.3.5').target, [at('b.onion')], isProxied), true);
    assert.equal(isAlone(at('1.2.3.5').target, [at('1.2.3.4')], isProxied), false);
  });

  it("is alone beside the pool's own dashd", () => {
    assert.equal(isAlone(at('1.2.3.5').target, [at('127.0.0.1', true)]), true);
    assert.equal(isAlone(at('1.2.3.5').target, [at('1.2.3.4')]), false);
  });
});
