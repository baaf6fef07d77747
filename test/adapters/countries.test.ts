import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openCountries } from '../../src/adapters/countries.js';

const folder = mkdtempSync(join(tmpdir(), 'blockcast-countries-'));
after(() => rmSync(folder, { recursive: true }));

describe('countries', () => {
  test('are known from the bundled table, for both kinds of IP address', async () => {
    const countries = await openCountries();
    assert.ok(countries.ok);
    assert.equal(countries.lookUp('8.8.8.8', 9999), 'US');
    assert.equal(countries.lookUp('2001:660::1', 9999), 'FR');
  });

  test('are unknown for what is no public address', async () => {
    const countries = await openCountries();
    assert.ok(countries.ok);
    for (const host of ['127.0.0.1', '10.0.0.1', '::1', 'localhost', `${'a'.repeat(55)}d.onion`, '', 'not a host']) {
      assert.equal(countries.lookUp(host, 9999), undefined, host);
    }
  });

  test('without a table are a fault that says what to do', async () => {
    const missing = await openCountries(join(folder, 'nowhere.mmdb'));
    assert.ok(!missing.ok);
    assert.match(missing.detail, /nowhere\.mmdb: ENOENT; .*broadcast\.countryDb$/);
    assert.match((await openCountries(folder)).ok ? '' : 'refused', /refused/);
  });

  test('of a file that is no table, or half of one, are a fault or unknown, never a crash', async () => {
    const text = join(folder, 'text.mmdb');
    writeFileSync(text, 'these are not the countries');
    const countries = await openCountries(text);
    assert.ok(!countries.ok);
    assert.match(countries.detail, /it is not a table in MMDB format/);
  });
});
