import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Publisher } from 'zeromq';
import { parseBlockEvent } from '../../src/delivery/block-event.js';
import { REFUSALS } from '../../src/messages/blocks.js';
import { SESSION } from '../../src/messages/peers.js';

const DOC = readFileSync('docs/events.md', 'utf8');
const blocks = (language: string) =>
  [...DOC.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map((match) => match[1] ?? '');

describe('docs/events.md', () => {
  test('has an example of each event, and they are ones', () => {
    const events = blocks('json').map((text) => parseBlockEvent(Buffer.from(text)));
    assert.deepEqual(
      events.map((event) => event?.type),
      [
        'received',
        'refused',
        'repeated',
        'stored',
        'proof',
        'verdict',
        'finality',
        'propagation',
        'locks',
        'locks-relayed',
      ],
    );
  });

  test('has in its examples codes that the relay emits, with their reasons', () => {
    const examples = blocks('json').map((text) => JSON.parse(text) as Record<string, unknown>);
    const refused = examples.filter(({ type }) => type === 'refused');
    for (const { code, reason } of refused) {
      const template = Object.entries(REFUSALS).find(([known]) => known === code)?.[1];
      assert.ok(template !== undefined, `${String(code)} is not a code of refused frames`);
      assert.match(String(reason), new RegExp(`^${template.replace(/\{\w+\}/g, '.+')}$`));
    }
    assert.ok(refused.length > 0);
    const failed = examples
      .flatMap((example) => [example, ...((example['peers'] ?? []) as Record<string, unknown>[])])
      .filter(({ status }) => status === 'failed');
    for (const { reason } of failed) assert.ok(Object.hasOwn(SESSION, String(reason)), String(reason));
    assert.ok(failed.length > 0);
  });

  test('describes every field that its examples have', () => {
    for (const text of blocks('json')) {
      for (const field of Object.keys(JSON.parse(text) as object)) assert.ok(DOC.includes(`\`${field}\``), field);
    }
  });

  test('has a client in Node that prints a verdict', async () => {
    const publisher = new Publisher({ linger: 0 });
    const joined = new Promise<void>((resolve) => publisher.events.on('handshake', () => resolve()));
    await publisher.bind('tcp://127.0.0.1:*');
    const script = (blocks('js')[0] ?? '').replace('tcp://127.0.0.1:28501', publisher.lastEndpoint ?? '');
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await joined;
    const printed = once(child.stdout, 'data');
    const verdict = blocks('json').find((text) => text.includes('"type": "verdict"')) ?? '';
    let line: string | undefined;
    void printed.then(([chunk]) => {
      line = String(chunk);
    });
    // The subscription follows the handshake at its own pace: publish until it is there.
    while (line === undefined) {
      await publisher.send(verdict.trim());
      await new Promise((resolve) => setImmediate(resolve));
    }
    child.kill();
    await once(child, 'exit');
    publisher.close();
    assert.match(line, /^00000000000000159aa1\w+ delivered 2 of 3 peers\n/);
  });
});
