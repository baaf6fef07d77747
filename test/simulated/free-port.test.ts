import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import { freePort } from '../../src/simulated/free-port.js';

describe('a free port', () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  it('differs for those who ask at the same time', async () => {
    const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
    assert.equal(new Set(ports).size, ports.length, ports.join(' '));
  });

  it('is given to no other process, though it is not bound', async () => {
    const mine = await Promise.all(Array.from({ length: 60 }, () => freePort()));
    const others = await Promise.all(Array.from({ length: 3 }, () => portsOfAnother(60)));
    const all = [mine, ...others].flat();
    assert.equal(new Set(all).size, all.length);
  });

  /** Ports that another process was given. It lives on. */
  async function portsOfAnother(count: number): Promise<number[]> {
    const module = JSON.stringify(new URL('../../src/simulated/free-port.js', import.meta.url).href);
    const code = `
      const { freePort } = await import(${module});
      const ports = [];
      while (ports.length < ${count}) ports.push(await freePort());
      console.log(JSON.stringify(ports));
      setInterval(() => undefined, 60_000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const [output] = await once(child.stdout, 'data');
    return JSON.parse(String(output));
  }
});
