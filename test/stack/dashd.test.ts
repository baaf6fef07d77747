/** What the stack and the documents say to a dashd, said to a real one. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type DashdProcess, findDashd, startDashd } from '../../src/simulated/dashd-process.js';
import { describeWithDashd } from '../dashd/describe-with-dashd.js';
import { codeBlocks, documentAt, inlineCode } from '../docs/markdown.js';
import { composeWith, read, serviceOf } from './support.js';

/** Where it listens and keeps its files is the test's own; a topic gets a port that is free. */
const PLACES = /^-(conf|chain|port|rpcport|rpcbind|rpcallowip|rpccookiefile|nodebuglogfile|printtoconsole)\b/;

function portable(flags: readonly string[]): string[] {
  return flags
    .filter((flag) => flag.startsWith('-') && !PLACES.test(flag))
    .map((flag) => flag.replace(/^(-zmqpub\w+)=.*/, '$1=tcp://127.0.0.1:*'));
}

describeWithDashd('a real dashd', () => {
  const folder = mkdtempSync(join(tmpdir(), 'blockcast-stack-'));
  const cookie = join(folder, '.cookie');
  const conf = join(folder, 'dash.conf');
  let dashd: DashdProcess;

  const [command = ''] = codeBlocks(documentAt('docs/operations.md'), 'sh').filter((code) => code.includes('rpcauth='));
  const [rpcauth = '', password = ''] = execFileSync('sh', ['-c', command], { encoding: 'utf8' }).trim().split('\n');

  before(async () => {
    writeFileSync(conf, `${rpcauth}\n`);
    const { command: flags } = serviceOf(composeWith(new Map()), 'dashd');
    const lines = [...read('config/dash.conf.example').matchAll(/^(\w+=.*)$/gm)].map(([, line]) => `-${line}`);
    dashd = await startDashd({ arguments: [`-conf=${conf}`, ...portable(flags), ...portable(lines)] });
  });
  after(async () => {
    await dashd.remove();
    rmSync(folder, { recursive: true });
  });

  test('knows every flag of the compose file and every line of dash.conf.example, and publishes the topics', async () => {
    const reported = await dashd.rpc<{ type: string }[]>('getzmqnotifications');
    const topics = new Set(reported.map(({ type }) => type));
    assert.deepEqual([...topics].sort(), ['pubhashblock', 'pubrawblock', 'pubrawchainlocksig']);
  });

  test('has each setting of dash.conf that the documents name', () => {
    const help = execFileSync(findDashd() ?? 'dashd', ['-help-debug'], { encoding: 'utf8' });
    const named = ['docs/operations.md', 'docs/pools.md'].flatMap((path) =>
      inlineCode(documentAt(path)).flatMap(
        (code) => /^((?:zmqpub|rpc|white|max)\w+|listen)(=|$)/.exec(code)?.[1] ?? [],
      ),
    );
    assert.ok(new Set(named).size > 8);
    for (const name of named) assert.match(help, new RegExp(`^ +-${name}\\b`, 'm'), name);
  });

  test('keeps its cookie from everybody but its own user, and cannot be configured otherwise', async () => {
    assert.equal(statSync(dashd.cookieFile).mode & 0o777, 0o600);
    await assert.rejects(
      startDashd({ arguments: [`-rpccookiefile=${cookie}`, '-rpccookieperms=group'] }),
      /rpccookieperms/,
    );
  });

  test('accepts the password made by the command of docs/operations.md', async () => {
    const ask = async (secret: string) => {
      const response = await fetch(dashd.rpcUrl, {
        method: 'POST',
        body: JSON.stringify({ id: 1, method: 'getblockcount', params: [] }),
        headers: { authorization: `Basic ${Buffer.from(`blockcast:${secret}`).toString('base64')}` },
      });
      return response.status;
    };
    assert.equal(await ask(password), 200);
    assert.equal(await ask(`${password}x`), 401);
  });
});
