import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NEVER } from 'rxjs';
import type { SocksDeps, SocksOutcome, SocksProxy } from '../../src/adapters/socks.js';
import { loadConfig } from '../../src/config/config.js';
import type { ServiceEvent } from '../../src/contracts/events.js';
import { systemPorts } from '../../src/relay/ports.js';
import { Scope } from '../../src/relay/scope.js';
import { openTor } from '../../src/relay/tor.js';
import { connectionTable } from '../../src/streams/connections/connections.js';
import type { Dial } from '../../src/streams/ports.js';
import { seeded } from '../peers/support.js';
import { Time } from '../support/virtual-time.js';

const ONION = { host: `${'a'.repeat(55)}d.onion`, port: 9_999 };
const PEER = { host: '203.0.113.7', port: 9_999 };
const NAME = { host: 'node.example', port: 9_999 };
const DASHD = { host: '127.0.0.1', port: 9_999 };

/** Tor as a relay opens it, over ports that note what is asked of them. */
class Opened {
  readonly time = new Time();
  readonly scope = new Scope();
  readonly events: string[] = [];
  readonly direct: string[] = [];
  readonly proxied: string[] = [];
  readonly users: string[] = [];
  readonly probes: ((outcome: SocksOutcome) => void)[] = [];
  dialled: (outcome: SocksOutcome) => void = () => assert.fail('nothing was dialled through the proxy');
  readonly proxies = new Set<string>();
  readonly tor;

  constructor(mode: string, seed = 1) {
    const loaded = loadConfig({
      options: { 'tor-mode': mode },
      env: { HOME: '/nonexistent' },
      readFile: () => '',
      platform: 'linux',
    });
    assert.ok(loaded.ok);
    const noted =
      (list: string[], onDial = (): unknown => undefined): Dial =>
      ({ host }) => {
        list.push(host);
        onDial();
        return NO_SOCKET;
      };
    const { clock, scheduler } = this.time;
    const ports = {
      ...systemPorts,
      dial: noted(this.direct),
      resolveSeed: async () => [],
      clock,
      scheduler,
      random: seeded(seed),
      socksDial: (proxy: SocksProxy, { credentials, onOutcome }: SocksDeps) => {
        this.proxies.add(`${proxy.host}:${proxy.port}`);
        this.dialled = onOutcome;
        return noted(this.proxied, () => {
          const { user, password } = credentials();
          this.users.push(`${user}/${password}`);
        });
      },
      probeSocks: (_proxy: SocksProxy, { onOutcome }: SocksDeps) => {
        this.probes.push(onOutcome);
        return () => undefined;
      },
    };
    const emit = (event: unknown): void => {
      const { state, code } = event as ServiceEvent;
      this.events.push(`${state} ${code}`);
    };
    const context = { ...ports, config: loaded.config, emit, userAgent: '', events$: NEVER, pending: new Set<never>() };
    this.tor = openTor(context, connectionTable(), this.scope);
  }

  /** Dials each. @returns which way each went */
  ways(...targets: readonly { readonly host: string; readonly port: number }[]): string[] {
    const handlers = { connected: () => undefined, data: () => undefined, closed: () => undefined };
    return targets.map((target) => {
      const before = this.proxied.length;
      this.tor.dial(target, 1, handlers);
      return this.proxied.length > before ? 'tor' : 'direct';
    });
  }
}

const NO_SOCKET = {
  write: () => undefined,
  backlog: 0,
  bytesIn: 0,
  bytesOut: 0,
  pause: () => undefined,
  resume: () => undefined,
  destroy: () => undefined,
};

describe('tor.mode', () => {
  it('off leaves everything as it is, and asks no proxy', () => {
    const { tor, probes } = new Opened('off');
    assert.deepEqual([tor.isProxied, tor.families, probes.length], [undefined, undefined, 0]);
    assert.notEqual(tor.resolveSeed, undefined);
    assert.deepEqual([`${ONION.host}:1`, '203.0.113.7:1'].map(tor.isDialable), [false, true]);
  });

  it('onion sends onion addresses through Tor, and the rest directly', () => {
    const opened = new Opened('onion');
    assert.deepEqual(opened.ways(ONION, PEER, NAME, DASHD), ['tor', 'direct', 'direct', 'direct']);
    assert.notEqual(opened.tor.resolveSeed, undefined);
    assert.equal(opened.tor.families?.has('onion'), true);
    assert.deepEqual([...opened.proxies], ['127.0.0.1:9050']);
  });

  it("all sends everything through Tor but the pool's own dashd, and asks no name server", () => {
    const opened = new Opened('all');
    const local = { host: '127.0.0.1', port: 19_999 };
    assert.deepEqual(opened.ways(ONION, PEER, NAME, local, DASHD), ['tor', 'tor', 'tor', 'tor', 'direct']);
    assert.equal(opened.tor.resolveSeed, undefined);
  });
});

describe('the circuits of peers', () => {
  it('are kept apart: each connection has a user of its own, also to a peer that was connected before', () => {
    const opened = new Opened('all');
    opened.ways(ONION, PEER, ONION);
    assert.equal(new Set(opened.users).size, 3);
    for (const user of opened.users) assert.match(user, /^([0-9a-f]{16}-\d+)\/\1$/);
  });

  it('are kept apart from those of another relay, and of a start before', () => {
    const [one, other] = [new Opened('all', 1), new Opened('all', 2)];
    one.ways(PEER);
    other.ways(PEER);
    assert.notDeepEqual(one.users, other.users);
  });
});

describe('the SOCKS port', () => {
  const GONE = { type: 'failed', code: 'proxy-unreachable', detail: '' } as const;

  it('is asked at the start, and every 10 s while it does not accept us', async () => {
    const { probes, events, time } = new Opened('onion');
    assert.equal(probes.length, 1);
    probes[0]?.(GONE);
    await time.pass(9_999);
    assert.equal(probes.length, 1);
    await time.pass(1);
    assert.equal(probes.length, 2);
    probes[1]?.({ type: 'opened' });
    await time.pass(600_000);
    assert.deepEqual([probes.length, events], [2, ['down proxy-unreachable', 'up up']]);
  });

  it('is asked again when a dial finds it gone, once for any number of dials', async () => {
    const opened = new Opened('onion');
    opened.probes[0]?.({ type: 'opened' });
    for (let dial = 0; dial < 5; dial += 1) opened.dialled(GONE);
    await opened.time.pass(10_000);
    assert.deepEqual([opened.probes.length, opened.events], [2, ['up up', 'down proxy-unreachable']]);
  });

  it('is not asked any more once the relay has stopped', async () => {
    const opened = new Opened('onion');
    opened.probes[0]?.(GONE);
    assert.deepEqual(await opened.scope.close(), []);
    await opened.time.pass(60_000);
    assert.equal(opened.probes.length, 1);
  });
});
