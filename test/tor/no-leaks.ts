/** What leaves a machine whose relay has everything go through Tor: nothing. `npm run test:tor`. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type Seen, WANTED } from './in-namespace.js';

/** A network and a resolv.conf of its own, for a command. */
const inNamespace = (resolv: string, command: string): [string, readonly string[]] => [
  'unshare',
  ['--net', '--mount', 'sh', '-c', `mount --bind ${resolv} /etc/resolv.conf && ${command}`],
];

const folder = mkdtempSync(join(tmpdir(), 'blockcast-namespace-'));
const resolv = join(folder, 'resolv.conf');
writeFileSync(resolv, 'nameserver 127.0.0.1\n');
const [program, args] = inNamespace(resolv, 'ip link set lo up && nft list tables');
const skip = spawnSync(program, args).status === 0 ? false : 'needs root, unshare, ip and nft';

describe('a relay in a network where every address is ours, and so is the name server', { skip }, () => {
  const seen: Record<string, Seen> = {};
  before(async () => {
    const run = promisify(execFile);
    await Promise.all(
      ['off', 'all'].map(async (mode) => {
        const script = join('dist', 'test', 'tor', 'in-namespace.js');
        const { stdout } = await run(...inNamespace(resolv, `exec ${process.execPath} ${script} ${mode}`));
        seen[mode] = JSON.parse(stdout);
      }),
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is seen to ask for names and to dial, without Tor', (t) => {
    const { names = [], dials = [], packets = 0, proxied = [] } = seen['off'] ?? {};
    t.diagnostic(`asked the name server for ${names.join(', ')}; dialled ${dials.join(', ')}; ${packets} packets`);
    for (const host of [WANTED.name, WANTED.seed, WANTED.webhook, WANTED.telegram])
      assert.ok(names.includes(host), host);
    assert.ok(dials.includes(WANTED.peer));
    assert.ok(packets > 0);
    assert.deepEqual(proxied, []);
  });

  it('is not seen at all with Tor for everything: no name, no dial, not one packet; the proxy is asked for all of it', (t) => {
    const { names, dials, packets, proxied = [] } = seen['all'] ?? {};
    t.diagnostic(`asked the proxy for ${proxied.join(', ')}; ${packets} packets went elsewhere`);
    assert.deepEqual([names, dials, packets], [[], [], 0]);
    const wanted = [WANTED.peer, `${WANTED.name}:9999`, `${WANTED.webhook}:443`, `${WANTED.telegram}:443`];
    assert.deepEqual([...proxied].sort(), wanted.sort());
  });
});
