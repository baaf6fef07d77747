import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '../../src/config/config.js';
import { NETWORK_NAMES } from '../../src/wire/network.js';
import { documentAt, table } from './markdown.js';
import { HEADING, settingsRows } from './settings-table.js';

const DOCUMENT = documentAt('docs/configuration.md');

describe('docs/configuration.md', () => {
  test('has a row for every setting, equal to the table of settings', () => {
    assert.deepEqual(table(DOCUMENT, HEADING), settingsRows());
  });

  test('has the defaults of each network', () => {
    const heading = ['Network', 'RPC port', 'P2P port', "Cookie, in Dash Core's data directory", 'Peer file'];
    const expected = NETWORK_NAMES.map((network) => {
      const result = loadConfig({
        options: { network },
        env: { HOME: '/home/pool' },
        platform: 'linux',
        readFile: () => '',
      });
      assert.ok(result.ok);
      const { dashd, broadcast } = result.config;
      const cookie = dashd.rpc.cookieFile?.replace('/home/pool/.dashcore/', '');
      return [
        `\`${network}\``,
        new URL(dashd.rpc.url).port,
        String(dashd.p2p.port),
        `\`${cookie}\``,
        `\`${broadcast.peerDb}\``,
      ];
    });
    assert.deepEqual(table(DOCUMENT, heading), expected);
  });
});
