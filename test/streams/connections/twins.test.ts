import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Subject } from 'rxjs';
import { NO_COMPACT_USE } from '../../../src/session/form.js';
import { markOf } from '../../../src/session/handshake.js';
import type { ConnectedPeer, PeerNews } from '../../../src/streams/connections/connections.js';
import { twins } from '../../../src/streams/connections/twins.js';
import { gather } from '../../support/gather.js';
import { START, Time } from '../../support/virtual-time.js';
import { answer, FakeRpc, rpcError, UNREACHABLE } from '../dashd/fake-rpc.js';

const OWN = '127.0.0.1:9999';

class Found {
  readonly time = new Time();
  readonly rpc = new FakeRpc(() => this.time.now);
  readonly live = new Map<string, ConnectedPeer>();
  readonly current$ = new Subject<void>();
  readonly configured = new Set<string>();
  private readonly news$ = new Subject<PeerNews>();
  private nonces = 0n;
  private readonly gathered = gather(
    twins({
      peerNews$: this.news$,
      live: this.live,
      own: OWN,
      current$: this.current$,
      rpc: this.rpc,
      isConfigured: (peer) => this.configured.has(peer),
      scheduler: this.time.scheduler,
    }),
  );

  /** @returns the nonce of the connection */
  ready(peer: string, endpoint?: string): bigint {
    this.nonces += 1n;
    const [host = '', port] = peer.split(':');
    const target = { peer, host, port: Number(port), protected: peer === OWN };
    const remote = { nonce: this.nonces, protocolVersion: 70_240, services: 1n, userAgent: '/x/', height: 7 };
    this.live.set(peer, { target, remote, endpoint, since: { at: START, monotonicAt: 0 }, compact: NO_COMPACT_USE });
    this.news$.next({ target, at: START, monotonicAt: 0, event: { type: 'ready', remote, endpoint } });
    return this.nonces;
  }

  get reported(): string[] {
    return this.gathered.values.map(({ peer, of, isOwn }) => `${peer} is ${isOwn ? 'our own' : 'a'} ${of}`);
  }

  stop(): void {
    this.gathered.stop();
    assert.equal(this.time.pending, 0);
  }
}

/** As dashd prints it: the address in RFC 5952's form. */
function entry(nonce: bigint, more: object = {}) {
  const { host, port } = markOf(nonce);
  const address = host.replaceAll(/(^|:)0+(?=[0-9a-f])/g, '$1').replace(/:0:0:0:/, '::');
  return { id: 1, addr: '172.17.0.1:51234', addrlocal: `[${address}]:${port}`, inbound: true, ...more };
}

describe('two connections to one endpoint', () => {
  it('are one node: the protected one counts, whichever came first', () => {
    for (const order of [
      [OWN, 'localhost:9999'],
      ['localhost:9999', OWN],
    ]) {
      const found = new Found();
      for (const peer of order) found.ready(peer, OWN);
      assert.deepEqual(found.reported, ['localhost:9999 is our own 127.0.0.1:9999']);
      found.stop();
    }
  });

  it('are one node of another too: the configured one counts, or else the older', () => {
    const found = new Found();
    found.configured.add('node.example:9999');
    found.ready('5.6.7.8:9999', '5.6.7.8:9999');
    found.ready('node.example:9999', '5.6.7.8:9999');
    found.ready('5.6.7.9:9999', '5.6.7.9:9999');
    found.ready('other.example:9999', '5.6.7.9:9999');
    assert.deepEqual(found.reported, ['5.6.7.8:9999 is a node.example:9999', 'other.example:9999 is a 5.6.7.9:9999']);
    found.stop();
  });

  it('are two where the system does not say where they end', () => {
    const found = new Found();
    found.ready(OWN);
    found.ready('localhost:9999');
    assert.deepEqual(found.reported, []);
    found.stop();
  });
});

describe('a connection that dashd shows as its own', () => {
  it('ends at our dashd, whatever address translation is in between', async () => {
    const found = new Found();
    found.ready(OWN, OWN);
    const twin = found.ready('203.0.113.7:9999', '203.0.113.7:9999');
    const other = found.ready('203.0.113.8:9999', '203.0.113.8:9999');
    found.rpc.replies.set('getpeerinfo', answer([7, null, entry(1n), entry(twin), entry(other, { inbound: false })]));
    await found.time.pass(200);
    assert.deepEqual(found.reported, ['203.0.113.7:9999 is our own 127.0.0.1:9999']);
    assert.deepEqual(found.rpc.times('getpeerinfo'), [100], 'one question for those that came together');
    found.stop();
  });

  it('is asked for again until dashd answers, and not when only dashd itself has connected', async () => {
    const found = new Found();
    found.ready(OWN, OWN);
    await found.time.pass(60_000);
    assert.deepEqual(found.rpc.calls, []);
    const twin = found.ready('203.0.113.7:9999');
    found.rpc.replies.set('getpeerinfo', UNREACHABLE);
    await found.time.pass(15_000);
    found.rpc.replies.set('getpeerinfo', answer([entry(twin)]));
    await found.time.pass(10_000);
    assert.deepEqual(found.reported, ['203.0.113.7:9999 is our own 127.0.0.1:9999']);
    assert.equal(found.rpc.times('getpeerinfo').length, 3);
    found.stop();
  });

  it('is none for an answer that cannot be read', async () => {
    for (const reply of [answer(null), answer({}), answer([{ inbound: true, addrlocal: 7 }]), rpcError(-1, 'x')]) {
      const found = new Found();
      found.rpc.replies.set('getpeerinfo', reply);
      found.ready('203.0.113.7:9999');
      await found.time.pass(1_000);
      assert.deepEqual(found.reported, []);
      found.stop();
    }
  });
});

describe('addresses that dashd names as its own', () => {
  it('are its own once it answers, and hourly, but for the one it is dialled at', async () => {
    const found = new Found();
    const localaddresses = [
      { address: '203.0.113.7', port: 9999, score: 1 },
      { address: '2001:DB8::7', port: 9999, score: 1 },
      { address: '127.0.0.1', port: 9999, score: 1 },
      { address: '?', port: 9999 },
      7,
    ];
    found.rpc.replies.set('getnetworkinfo', answer({ localaddresses }));
    found.current$.next();
    await found.time.pass(3_600_000);
    const reported = ['203.0.113.7:9999 is our own 127.0.0.1:9999', '[2001:db8::7]:9999 is our own 127.0.0.1:9999'];
    assert.deepEqual(found.reported, [...reported, ...reported]);
    found.stop();
  });
});
