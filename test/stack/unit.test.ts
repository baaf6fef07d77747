/** The systemd unit and what goes with it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { loadConfig } from '../../src/config/config.js';
import { read, unlessFound, VARIABLES, variables } from './support.js';

const PATH = 'config/systemd/blockcast.service';
const ENV_EXAMPLE = read('config/systemd/blockcast.env.example');
const SECRETS_EXAMPLE = read('config/systemd/secrets.conf.example');

/** Name → values, in the order they stand. */
function directives(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [, name = '', value = ''] of text.matchAll(/^([A-Za-z]+)=(.*)$/gm)) {
    found.set(name, [...(found.get(name) ?? []), value]);
  }
  return found;
}
/** What a comment offers counts as well. */
const offered = (text: string): string => text.replace(/^#(?=[A-Z]\w+=)/gm, '');

const UNIT = directives(read(PATH));
const one = (name: string): string => {
  const values = UNIT.get(name) ?? [];
  assert.equal(values.length, 1, name);
  return values[0] ?? '';
};
const environment = (texts: readonly string[]): Map<string, string> =>
  variables(texts.flatMap((text) => text.split(' ')).join('\n'));

describe('the unit', () => {
  test('gives blockcast the time to drain, starts it again for ever, and reloads it by SIGHUP', () => {
    assert.ok(Number(one('TimeoutStopSec')) >= 15);
    assert.equal(one('Restart'), 'always');
    assert.equal(one('StartLimitIntervalSec'), '0');
    assert.equal(one('ExecReload'), '/bin/kill -HUP $MAINPID');
    assert.ok(!UNIT.has('WatchdogSec'), 'nothing feeds a watchdog');
  });

  test('lets V8 make code, and libzmq set its threads', () => {
    assert.equal(one('MemoryDenyWriteExecute'), 'no');
    assert.equal(UNIT.get('SystemCallFilter')?.at(-1), 'sched_setscheduler');
    assert.equal(one('SystemCallErrorNumber'), 'EPERM');
  });

  test('has no rights, and a folder for its files', () => {
    assert.equal(one('DynamicUser'), 'yes');
    assert.equal(one('CapabilityBoundingSet'), '');
    assert.equal(one('NoNewPrivileges'), 'yes');
    assert.equal(one('ProtectSystem'), 'strict');
    assert.equal(one('WorkingDirectory'), `%S/${one('StateDirectory')}`);
  });

  test('sets variables that exist, and no secret', () => {
    for (const name of environment(UNIT.get('Environment') ?? []).keys()) {
      assert.ok(VARIABLES.has(name) || /^NODE_(ENV|OPTIONS)$/.test(name), name);
    }
  });

  test('reads the file that blockcast.env.example is to become', () => {
    const [, file = ''] = /^# (\S+?):/.exec(ENV_EXAMPLE) ?? [];
    assert.equal(one('EnvironmentFile'), `-${file}`);
  });

  test('is sound', { skip: unlessFound('systemd-analyze') }, () => {
    const reported = execFileSync('systemd-analyze', ['verify', '--man=no', PATH], { encoding: 'utf8', stdio: 'pipe' });
    assert.equal(reported, '');
  });

  test('is exposed to little', { skip: unlessFound('systemd-analyze') }, () => {
    execFileSync('systemd-analyze', ['security', '--offline=true', '--threshold=15', PATH], { stdio: 'pipe' });
  });
});

describe('the examples beside the unit', () => {
  const settings = variables(offered(ENV_EXAMPLE));
  const secrets = directives(offered(SECRETS_EXAMPLE));
  const credentials = environment(secrets.get('Environment') ?? []);

  test('name variables that exist', () => {
    for (const name of [...settings.keys(), ...credentials.keys()]) assert.ok(VARIABLES.has(name), name);
    assert.ok(settings.size > 3 && credentials.size > 3);
  });

  test('hand over each secret under the path that its variable names', () => {
    const ids = (secrets.get('LoadCredential') ?? []).map((value) => value.split(':')[0] ?? '');
    assert.deepEqual(
      [...credentials.values()],
      ids.map((id) => `%d/${id}`),
    );
    for (const name of credentials.keys()) assert.ok(name.endsWith('_FILE'), name);
    for (const name of settings.keys()) assert.ok(!/PASSWORD|SECRET|TOKEN/.test(name), name);
  });

  test('are with the unit a configuration, as they stand and with all they offer', () => {
    const unit = environment(UNIT.get('Environment') ?? []);
    const least = [variables(ENV_EXAMPLE), environment(directives(SECRETS_EXAMPLE).get('Environment') ?? [])];
    const most = [settings, credentials, new Map([['BLOCKCAST_ALERTS_TELEGRAM_CHAT', '42']])];
    for (const given of [least, most]) {
      const env = Object.fromEntries([unit, ...given].flatMap((map) => [...map]));
      const readFile = (path: string) => {
        if (path.endsWith('.yaml')) return 'network: testnet';
        return path.endsWith('webhook-url') ? 'https://alerts.example.org/hook\n' : 'secret\n';
      };
      const result = loadConfig({ options: {}, env, readFile, platform: 'linux' });
      assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.errors));
      assert.equal(result.config.dashd.rpc.user, 'blockcast');
      assert.equal(result.config.dashd.rpc.password, 'secret');
    }
  });
});
