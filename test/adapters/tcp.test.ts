import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { dial, type TcpConnection } from '../../src/adapters/tcp.js';
import { toAddress } from '../../src/peers/address.js';

const LONG_MS = 30_000;
const MIB = 1024 * 1024;

/** A connection of ours, with everything it reported, and a way to wait for more. */
class Dialled {
  readonly reported: string[] = [];
  readonly received: Buffer[] = [];
  readonly connection: TcpConnection;
  private wake: () => void = () => undefined;

  constructor(port: number, { timeoutMs = LONG_MS, host = '127.0.0.1' } = {}) {
    this.connection = dial({ host, port }, timeoutMs, {
      connected: () => this.emit('connected'),
      data: (chunk) => {
        this.received.push(chunk);
        this.emit('data');
      },
      closed: (code, detail) => this.emit(`closed: ${code}: ${detail}`),
    });
    open.push(this.connection);
  }

  emit(what: string): void {
    // How the bytes were cut is the kernel's affair.
    if (what !== 'data' || this.reported.at(-1) !== 'data') this.reported.push(what);
    this.wake();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  get ended(): string | undefined {
    return this.reported.find((what) => what.startsWith('closed'));
  }
}

const open: TcpConnection[] = [];

/** Two turns of the event loop: what the other side has sent in this process, and what is due by then, has happened. */
async function aRoundTrip(server: Server): Promise<void> {
  const { port } = server.address() as AddressInfo;
  const probe = new Dialled(port);
  await probe.until(() => probe.reported.includes('connected'));
  probe.connection.destroy();
}

/** Waits until a connection is over, be it by a reset, which `once` would take for a failure. */
function gone(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

describe('a TCP connection', () => {
  let server: Server;
  let port: number;
  const accepted: Socket[] = [];
  let onAccept: ((socket: Socket) => void) | undefined;

  before(async () => {
    server = createServer({ pauseOnConnect: true }, (socket) => {
      socket.on('error', () => undefined);
      accepted.push(socket);
      onAccept?.(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  afterEach(() => {
    onAccept = undefined;
    for (const socket of accepted.splice(0)) socket.destroy();
    for (const connection of open.splice(0)) connection.destroy();
  });
  after(() => new Promise((resolve) => server.close(resolve)));

  /** Both ends of a connection. */
  async function connected(): Promise<[Dialled, Socket]> {
    const theirs = new Promise<Socket>((resolve) => {
      onAccept = resolve;
    });
    const ours = new Dialled(port);
    await ours.until(() => ours.reported.includes('connected'));
    return [ours, await theirs];
  }

  for (const host of ['localhost', 'localhost.', 'LOCALHOST.']) {
    it(`is made to ${host}, though only /etc/hosts may know it`, async () => {
      const address = toAddress(host, port);
      assert.ok(address);
      const dialled = new Dialled(address.port, { host: address.host });
      await dialled.until(() => dialled.reported.length > 0);
      assert.equal(dialled.reported[0], 'connected');
    });
  }

  it('to a name that nobody knows is reported as unreachable, with a dot or without', async () => {
    for (const host of ['nobody.invalid', 'nobody.invalid.']) {
      const dialled = new Dialled(port, { host });
      await dialled.until(() => dialled.ended !== undefined);
      assert.match(dialled.ended ?? '', /^closed: unreachable/);
    }
  });

  it('carries bytes both ways, in order, and counts them', async () => {
    const [ours, theirs] = await connected();
    const heard: Buffer[] = [];
    theirs.on('data', (chunk) => {
      heard.push(chunk);
      ours.emit('data');
    });
    theirs.resume();
    const taken: string[] = [];
    ours.connection.write([Buffer.from('ab'), Buffer.from('c')], () => taken.push('first'));
    ours.connection.write([Buffer.from('de')], () => taken.push('second'));
    theirs.write('xyz');
    await ours.until(() => Buffer.concat(heard).length === 5 && Buffer.concat(ours.received).length === 3);
    assert.deepEqual([Buffer.concat(heard).toString(), Buffer.concat(ours.received).toString()], ['abcde', 'xyz']);
    assert.deepEqual(taken, ['first', 'second']);
    const { bytesIn, bytesOut, backlog } = ours.connection;
    assert.deepEqual([bytesIn, bytesOut, backlog], [3, 5, 0]);
  });

  it('takes what is written before it is made, and sends it then', async () => {
    const heard = new Promise<string>((resolve) => {
      onAccept = (socket) => {
        socket.once('data', (chunk) => resolve(chunk.toString()));
        socket.resume();
      };
    });
    const ours = new Dialled(port);
    let taken = false;
    ours.connection.write([Buffer.from('early')], () => {
      taken = true;
    });
    assert.deepEqual([ours.connection.backlog, ours.connection.bytesOut, taken], [5, 0, false]);
    assert.equal(await heard, 'early');
    assert.deepEqual([taken, ours.connection.backlog, ours.connection.bytesOut], [true, 0, 5]);
  });

  it('reports that bytes were taken only when the kernel has the last of them', async () => {
    const [ours, theirs] = await connected();
    // More than the buffers of both ends hold together.
    const block = Buffer.alloc(64 * MIB, 7);
    const taken: string[] = [];
    ours.connection.write([block, Buffer.from('!')], () => {
      taken.push('block');
      ours.emit('taken');
    });
    ours.connection.write([Buffer.from('?')], () => taken.push('more'));
    await aRoundTrip(server);
    assert.deepEqual(taken, []);
    assert.ok(ours.connection.backlog > 0);
    assert.ok(ours.connection.bytesOut < block.length);
    let heard = 0;
    theirs.on('data', (chunk) => {
      heard += chunk.length;
      ours.emit('progress');
    });
    theirs.resume();
    await ours.until(() => heard === block.length + 2);
    assert.deepEqual(taken, ['block', 'more']);
    assert.deepEqual([ours.connection.backlog, ours.connection.bytesOut], [0, block.length + 2]);
  });

  it('that is refused is reported once, and takes no write', async () => {
    const free = createServer();
    free.listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port: unused } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const ours = new Dialled(unused);
    ours.connection.write([Buffer.from('x')], () => ours.emit('taken'));
    await ours.until(() => ours.ended !== undefined);
    ours.connection.write([Buffer.from('y')], () => ours.emit('taken'));
    await aRoundTrip(server);
    assert.deepEqual(ours.reported, [`closed: unreachable: connect ECONNREFUSED 127.0.0.1:${unused}`]);
    assert.deepEqual([ours.connection.bytesIn, ours.connection.bytesOut], [0, 0]);
  });

  /** A server that leaves a dial without an answer: its backlog is full, and it accepts nobody. */
  async function blackHole(): Promise<{ readonly port: number; close(): Promise<unknown> }> {
    const worker = new Worker(NEVER_ACCEPTS, { eval: true });
    const [full] = (await once(worker, 'message')) as [number];
    // A backlog of one has room for two.
    const fillers = [new Dialled(full), new Dialled(full)];
    await Promise.all(fillers.map((one) => one.until(() => one.reported.includes('connected'))));
    return { port: full, close: () => worker.terminate() };
  }

  it('is given up when it cannot be made in time', async () => {
    const hole = await blackHole();
    const ours = new Dialled(hole.port, { timeoutMs: 200 });
    ours.connection.write([Buffer.from('x')], () => ours.emit('taken'));
    await ours.until(() => ours.ended !== undefined);
    await hole.close();
    assert.deepEqual(ours.reported, ['closed: dial-timeout: no connection within 0.2 s']);
    assert.equal(ours.connection.bytesOut, 0);
  });

  it('has no time limit once it is made', async () => {
    const hole = await blackHole();
    const brief = new Dialled(port, { timeoutMs: 50 });
    await brief.until(() => brief.reported.includes('connected'));
    // By the time that this one is given up, the other would have been.
    const later = new Dialled(hole.port, { timeoutMs: 150 });
    await later.until(() => later.ended !== undefined);
    await hole.close();
    assert.deepEqual(brief.reported, ['connected']);
  });

  it('that the peer ends is closed by it, after all that it sent', async () => {
    const [ours, theirs] = await connected();
    theirs.end('last words');
    await ours.until(() => ours.ended !== undefined);
    assert.deepEqual(ours.reported, ['connected', 'data', 'closed: closed-by-peer: the peer closed the connection']);
    assert.equal(Buffer.concat(ours.received).toString(), 'last words');
  });

  it('that is reset in the middle of a write fails, and what was not taken is not reported as taken', async () => {
    const [ours, theirs] = await connected();
    ours.connection.write([Buffer.alloc(64 * MIB)], () => ours.emit('taken'));
    await aRoundTrip(server);
    theirs.resetAndDestroy();
    await ours.until(() => ours.ended !== undefined);
    await aRoundTrip(server);
    assert.match(ours.ended ?? '', /^closed: connection-error: (read ECONNRESET|write (EPIPE|ECONNRESET))$/);
    assert.deepEqual(ours.reported, ['connected', ours.ended]);
    assert.ok(ours.connection.bytesOut < 64 * MIB);
  });

  it('reports nothing any more once we have destroyed it, whatever was under way', async () => {
    const [ours, theirs] = await connected();
    theirs.write('x'.repeat(MIB));
    await ours.until(() => ours.received.length > 0);
    // Some of these the kernel has taken, and would report in a later turn.
    ours.connection.write([Buffer.from('small')], () => ours.emit('taken'));
    ours.connection.write([Buffer.alloc(64 * MIB)], () => ours.emit('taken'));
    ours.connection.destroy();
    const reported = [...ours.reported];
    const { length } = ours.received;
    ours.connection.write([Buffer.from('late')], () => ours.emit('taken'));
    ours.connection.destroy();
    theirs.resume();
    await gone(theirs);
    await aRoundTrip(server);
    assert.deepEqual([ours.reported, ours.received.length], [reported, length]);
  });

  it('that is destroyed while it connects reports nothing', async () => {
    const ours = new Dialled(port);
    ours.connection.destroy();
    await aRoundTrip(server);
    assert.deepEqual(ours.reported, []);
  });

  it('may be destroyed by whoever gets its report', async () => {
    const seen: string[] = [];
    const theirs = new Promise<Socket>((resolve) => {
      onAccept = resolve;
    });
    const ours = dial({ host: '127.0.0.1', port }, LONG_MS, {
      connected: () => seen.push('connected'),
      data: () => {
        seen.push('data');
        ours.destroy();
      },
      closed: () => seen.push('closed'),
    });
    const peer = await theirs;
    peer.write('x');
    peer.resume();
    await once(peer, 'close');
    await aRoundTrip(server);
    assert.deepEqual(seen, ['connected', 'data']);
  });

  it('sends small writes at once, without waiting for earlier ones to be acknowledged', async () => {
    const [ours, theirs] = await connected();
    let heard = 0;
    // Who answers only what is complete acknowledges its beginning late: in 40 ms, on Linux.
    theirs.on('data', ({ length }) => {
      heard += length;
      if (heard % 2 === 0) theirs.write('!');
    });
    theirs.resume();
    const begun = performance.now();
    for (let i = 1; i <= 50; i += 1) {
      ours.connection.write([Buffer.from('a')]);
      ours.connection.write([Buffer.from('b')]);
      await ours.until(() => Buffer.concat(ours.received).length === i);
    }
    const perPair = (performance.now() - begun) / 50;
    assert.ok(perPair < 20, `${perPair.toFixed(1)} ms for a pair of writes`);
  });
});

/** Listens, and never accepts: its thread stands still. */
const NEVER_ACCEPTS = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });
`;
