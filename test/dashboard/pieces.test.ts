import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { StatusReply } from '../../src/contracts/api.js';
import {
  blockName,
  countryName,
  formatAge,
  formatAgent,
  formatMs,
  formatRate,
  formatSize,
  formatTime,
  plain,
  splitPeer,
} from '../../src/dashboard/model/format.js';
import { notices, serviceLabels } from '../../src/dashboard/model/health.js';
import { outcomeLabel, rpcLabel, statusLabel } from '../../src/dashboard/model/labels.js';
import { layOut } from '../../src/dashboard/model/map-layout.js';
import { countCountries, placePeers } from '../../src/dashboard/model/places.js';
import { seriesOf } from '../../src/dashboard/model/series.js';
import { INITIAL } from '../../src/dashboard/model/state.js';
import { makeWorld } from '../../src/dashboard/world.js';
import { block, hash, listed, NOW, peer, peerProof, status } from './support.js';

describe('figures', () => {
  test('durations', () => {
    assert.deepEqual([0.04, 9.94, 84.4, 999.4, 1_240, 12_340, 61_000].map(formatMs), [
      '0.0 ms',
      '9.9 ms',
      '84 ms',
      '999 ms',
      '1.24 s',
      '12.3 s',
      '1 min 1 s',
    ]);
  });

  test('ages, in two units at most', () => {
    assert.deepEqual([-5, 0, 59_999, 61_000, 3_600_000, 90_061_000].map(formatAge), [
      '0 s',
      '0 s',
      '59 s',
      '1 min 1 s',
      '1 h',
      '1 d 1 h',
    ]);
  });

  test('a rate is a whole only when it is one', () => {
    assert.deepEqual([1, 0.9999, 0.975, 0, 2 / 3].map(formatRate), ['100 %', '99.9 %', '97.5 %', '0 %', '66.6 %']);
    fc.assert(fc.property(fc.double({ min: 0, max: 0.999_9, noNaN: true }), (rate) => formatRate(rate) !== '100 %'));
  });

  test('sizes, names and times', () => {
    assert.deepEqual([999, 1_500, 234_000, 1_990_000].map(formatSize), ['999 B', '1.5 kB', '234 kB', '1.99 MB']);
    assert.equal(blockName({ hash: hash(1), height: 2_389_417 }), '2,389,417');
    assert.equal(blockName({ hash: hash(0xabc) }), '…00000abc');
    assert.match(formatTime(NOW, NOW), /^\d\d:\d\d:\d\d$/);
    assert.match(formatTime(NOW - 9e8, NOW), /^\d+ \w+ \d{4}, \d\d:\d\d:\d\d$/);
  });

  test('hosts and ports, of IPv6 too', () => {
    assert.deepEqual(splitPeer('[2001:db8::8]:9999'), ['[2001:db8::8]', ':9999']);
    assert.deepEqual(splitPeer('nowhere'), ['nowhere', '']);
  });
});

describe('what strangers wrote', () => {
  test('is one line, without what steers or turns it, and not without end', () => {
    assert.equal(plain('a\u202eb\u0007c\nd'), 'a b c d');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
        const line = plain(text);
        assert.ok(line.length <= 161);
        assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  test('a user agent is shown without its slashes', () => {
    assert.equal(formatAgent('/Dash Core:23.1.2/'), 'Dash Core:23.1.2');
  });

  test('a country is one only by its code', () => {
    assert.equal(countryName('DE'), 'Germany');
    for (const no of [undefined, '<b>', 'de', 'ABC', 'ZZZ', '']) assert.equal(countryName(no), undefined);
  });

  test('reasons are cleaned', () => {
    assert.equal(statusLabel(peerProof('x', 'failed', { reason: 'no\nway' })), 'failed: no way');
    assert.equal(rpcLabel({ outcome: 'rejected', reason: 'bad\u202e', ms: 1 }).text, 'rejected: bad');
  });
});

test('a block without a verdict is on its way, or lost it', () => {
  assert.equal(outcomeLabel(undefined, true).text, 'on its way');
  assert.equal(outcomeLabel(undefined, false).tone, 'warn');
});

describe('notices', () => {
  const titles = (more: Partial<StatusReply>) =>
    notices({ ...INITIAL, status: status(more) }, NOW).map(({ tone, title }) => `${tone}: ${title}`);
  const down = (...names: readonly string[]) =>
    status().services.map((known) => (names.includes(known.service) ? { ...known, state: 'down' as const } : known));
  const few = { connected: 12, min: 8, max: 20, known: 40, dashd: true };

  test('none when all is well', () => {
    assert.deepEqual(titles({}), []);
  });

  test('distinguish dashd that is down from dashd that does not answer', () => {
    const services = down('dashd-rpc');
    assert.deepEqual(titles({ services }), ['bad: dashd does not answer on RPC']);
    assert.deepEqual(titles({ services, peers: { ...few, dashd: false } }), ['bad: The pool’s own dashd is down']);
    assert.deepEqual(titles({ peers: { ...few, dashd: false } }), ['warn: No P2P connection to the pool’s own dashd']);
  });

  test('distinguish no peers from few', () => {
    assert.deepEqual(titles({ peers: { ...few, connected: 1 } }), ['bad: No peer is connected']);
    assert.deepEqual(titles({ peers: { ...few, connected: 5 } }), ['warn: Fewer peers than wanted']);
    assert.deepEqual(titles({ peers: { ...few, connected: 2, min: 8, max: 2 } }), []);
  });

  test('the gravest comes first, and the relay’s own word is heard', () => {
    const all = titles({ services: down('dashd-feed'), ready: false, notReady: ['it stops'] });
    assert.deepEqual(all, ['bad: Not ready for a block', 'warn: dashd’s feed is silent']);
    assert.deepEqual(titles({ degraded: ['something else'] }), ['warn: Degraded']);
  });

  test('a refused frame is reported for a while', () => {
    const refused = {
      type: 'refused',
      at: NOW,
      source: 'pool',
      size: 3,
      code: 'truncated',
      reason: '3 bytes',
    } as const;
    const state = { ...INITIAL, status: status(), refused: { ...refused, sha256: '' } };
    assert.equal(notices(state, NOW + 1_000)[0]?.title, 'A frame from the pool was refused');
    assert.deepEqual(notices(state, NOW + 3_600_000), []);
  });
});

test('services in plain words: those that matter, and those that are down', () => {
  const known = { code: '', detail: '', faults: 0 };
  const words = serviceLabels(
    status({
      services: [
        { service: 'alerts', state: 'up', ...known },
        { service: 'history-file', state: 'down', ...known, detail: 'disk full' },
        { service: 'json-rpc-proxy', state: 'up', ...known },
        { service: 'dashd-feed', state: 'down', ...known },
      ],
    }),
  );
  assert.deepEqual(
    words.map(({ name, text, detail = '' }) => `${name} ${text} ${detail}`.trim()),
    [
      'dashd RPC not known yet',
      'dashd P2P connected',
      'dashd feed silent',
      'pool socket not known yet',
      'history file down disk full',
      'JSON-RPC proxy up',
    ],
  );
});

describe('the map', () => {
  const world = makeWorld();

  test('knows the countries, small ones too, and each is on it', () => {
    for (const code of ['DE', 'US', 'SG', 'HK', 'MT', 'LU']) assert.ok(world.countries[code], code);
    assert.ok(Object.keys(world.countries).length > 200);
    for (const [code, [x, y]] of Object.entries(world.countries)) {
      if (code === 'AQ') continue;
      assert.ok(x >= 0 && x <= world.width && y >= 0 && y <= world.height, code);
    }
    const [[gb], [de], [jp]] = [world.countries['GB'] ?? [], world.countries['DE'] ?? [], world.countries['JP'] ?? []];
    assert.ok(Number(gb) < Number(de) && Number(de) < Number(jp));
  });

  test('has land where land is', () => {
    const dots = [...world.land.matchAll(/M([\d.]+) ([\d.]+)h([\d.]+)/g)].map((run) => run.slice(1).map(Number));
    assert.equal(dots.map(([x, y, h]) => `M${x?.toFixed(1)} ${y?.toFixed(1)}h${h?.toFixed(1)}`).join(''), world.land);
    const isLand = ([x, y]: readonly number[]) =>
      dots.some(
        ([from = 0, row = 0, length = 0]) =>
          Math.abs(row - (y ?? 0)) <= world.pitch / 2 &&
          (x ?? 0) >= from - world.pitch &&
          (x ?? 0) <= from + length + world.pitch,
      );
    for (const code of ['DE', 'BR', 'AU', 'US', 'CN', 'ZA']) assert.ok(isLand(world.countries[code] ?? []), code);
    assert.ok(!isLand([90, 250]), 'the Pacific');
  });

  test('keeps peers of one country apart, at the same places each time', () => {
    const middles = { a: { x: 100, y: 100 }, b: { x: 104, y: 100 } };
    const crowd = fc.array(fc.constantFrom<'a' | 'b'>('a', 'b'), { minLength: 1, maxLength: 14 });
    fc.assert(
      fc.property(crowd, (items) => {
        const spots = layOut(items, (item) => middles[item], 12);
        assert.deepEqual(
          layOut(items, (item) => middles[item], 12),
          spots,
        );
        for (const [i, a] of spots.entries()) {
          assert.ok(Math.hypot(a.x - 102, a.y - 100) < 60);
          for (const b of spots.slice(i + 1)) assert.ok(Math.hypot(a.x - b.x, a.y - b.y) > 12 * 0.7);
        }
      }),
    );
  });

  test('counts who has the block, by country', () => {
    const peers = [peer('b:1', { country: 'DE' }), peer('a:1', { country: 'DE' }), peer('c:1', { country: '<b>' })];
    const race = new Map([['a:1', peerProof('a:1', 'acknowledged')]]);
    const placed = placePeers([...peers, peer('d:1', { state: 'connecting', country: 'FR' })], race);
    assert.deepEqual(
      placed.map((one) => [one.peer, one.status]),
      [
        ['a:1', 'acknowledged'],
        ['b:1', undefined],
        ['c:1', undefined],
      ],
    );
    assert.deepEqual(countCountries(placed), [{ code: 'DE', name: 'Germany', peers: 2, reached: 1 }]);
  });
});

test('charts have the blocks with a verdict, oldest first, the newest so many', () => {
  const reported = { peersReached: 3, peersTried: 4, firstMs: 1, medianMs: 2, lastMs: 3 };
  const blocks = [
    block(9),
    block(8, { verdict: listed(8, reported) }),
    block(7, { verdict: listed(7) }),
    block(6, { verdict: listed(6) }),
  ];
  const series = seriesOf(blocks, 2);
  assert.deepEqual(
    series.blocks.map(({ height }) => height),
    [7, 8],
  );
  assert.deepEqual(
    [series.first, series.median, series.last],
    [
      [null, 1],
      [null, 2],
      [null, 3],
    ],
  );
  assert.deepEqual(
    [series.index, series.reached, series.missed, series.tried],
    [
      [0, 1],
      [0, 3],
      [0, 1],
      [0, 4],
    ],
  );
});
