import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from '../../src/config.js';
import { NETWORK_NAMES } from '../../src/wire/network.js';
import { documentAt, table } from './markdown.js';
import { HEADING, settingsRows } from './settings-table.js';

const DOCUMENT = documentAt('docs/configuration.md');

describe('docs/configuration.md', () => {
  test('has a row for every setting, as the table of settings has it', () => {
    assert.deepEqual(table(DOCUMENT, HEADING), settingsRows());
  });

  test('tells what follows from each network', () => {
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

  test('says that nothing reads the http settings as long as nothing does', () => {
    const read = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.startsWith('config'))
      .filter((name) =>
        /config\.http|\bhttp\.(host|port)\b|[{,]\s*http\s*[,}]/.test(readFileSync(join('src', name), 'utf8')),
      );
    assert.equal(DOCUMENT.text.includes('Nothing reads `http.host` and `http.port` yet'), read.length === 0);
  });
});
