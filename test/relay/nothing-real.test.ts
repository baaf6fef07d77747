/** A relay that is given all its ports touches nothing of the machine that it runs on: no clock, no timer, no chance, no file, no socket. */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import dns from 'node:dns';
import fs from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { test } from 'node:test';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { loadX11 } from '../../src/block/x11.js';
import { startLiveNetwork } from '../../src/simulation/live/start.js';
import { HOUR_MS, MINUTE_MS } from '../../src/time.js';

/** The driver of the simulator waits for promises with `setImmediate` of `node:timers/promises`. */
const FORBIDDEN: readonly (readonly [owner: object, names: readonly string[]])[] = [
  [globalThis, ['setTimeout', 'setInterval', 'setImmediate', 'fetch']],
  [timers, ['setTimeout', 'setInterval', 'setImmediate']],
  [timersPromises, ['setTimeout', 'setInterval']],
  [Date, ['now']],
  [performance, ['now']],
  [process, ['hrtime']],
  [Math, ['random']],
  [AbortSignal, ['timeout']],
  [crypto, ['randomBytes', 'randomFillSync', 'randomInt', 'randomUUID']],
  [fs, functionsOf(fs)],
  [fs.promises, functionsOf(fs.promises)],
  [net, ['connect', 'createConnection', 'createServer']],
  [http, ['request', 'get', 'createServer']],
  [dns, ['lookup']],
  [dns.promises, ['lookup', 'resolve4', 'resolve6']],
];

function functionsOf(owner: object): string[] {
  return Object.entries(owner).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
}

/** @param used is called with the name of what is used all the same @returns a function that restores all */
function forbid(used: (name: string) => void): () => void {
  const restore: (() => void)[] = [];
  const replace = (owner: object, name: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(owner, name);
    Object.defineProperty(owner, name, { value, configurable: true, writable: true });
    restore.push(() => {
      if (before === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, before);
    });
  };
  const refuse = (name: string): never => {
    used(name);
    throw new Error(`${name} is real`);
  };
  for (const [owner, names] of FORBIDDEN) {
    for (const name of names) replace(owner, name, () => refuse(name));
  }
  class DatedOnly extends Date {
    constructor(...given: readonly unknown[]) {
      if (given.length === 0) refuse('new Date');
      super(Number(given[0]));
    }
  }
  replace(globalThis, 'Date', DatedOnly);
  syncBuiltinESMExports();
  return () => {
    for (const undo of restore.reverse()) undo();
    syncBuiltinESMExports();
  };
}

test('a relay with virtual ports runs for an hour, delivers a block and stops without anything real', async () => {
  await loadX11();
  const used: string[] = [];
  const restore = forbid((name) => used.push(name));
  try {
    const network = await startLiveNetwork({ seed: 1, nodes: 3 });
    await network.connected(4);
    const { driver, pool, relay } = network;
    for (let minutes = 0; minutes < 60; minutes += 20) {
      pool.push(network.mine());
      await driver.run(20 * MINUTE_MS);
    }
    assert.ok(network.driver.engine.now >= HOUR_MS * 1_000);
    const verdicts = relay.records.filter(({ event }) => event.type === 'verdict' && event.outcome === 'delivered');
    assert.equal(new Set(verdicts.map(({ event }) => 'hash' in event && event.hash)).size, 3);
    await driver.settled(relay.stop(), MINUTE_MS);
  } finally {
    restore();
  }
  assert.deepEqual(used, []);
});

test('what is real is found when it is used', async () => {
  const used: string[] = [];
  const restore = forbid((name) => used.push(name));
  try {
    const { setTimeout: later } = await import('node:timers');
    assert.throws(() => later(() => undefined, 1), /setTimeout is real/);
    assert.throws(() => new Date(), /new Date is real/);
    assert.equal(new Date(0).getTime(), 0);
    assert.throws(() => crypto.randomBytes(1), /randomBytes is real/);
  } finally {
    restore();
  }
  assert.deepEqual(used, ['setTimeout', 'new Date', 'randomBytes']);
});
