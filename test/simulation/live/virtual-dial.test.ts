/** The relay's sockets in virtual time, against the contract of streams/ports.ts that adapters/tcp.ts keeps. One way on loopback takes 50 µs. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Engine } from '../../../src/simulation/engine.js';
import { Processor } from '../../../src/simulation/live/processor.js';
import type { TcpEnd } from '../../../src/simulation/live/tcp-connection.js';
import { VirtualClock } from '../../../src/simulation/live/virtual-clock.js';
import { virtualDial } from '../../../src/simulation/live/virtual-dial.js';
import { VirtualProcess } from '../../../src/simulation/live/virtual-process.js';
import { VirtualTcp } from '../../../src/simulation/live/virtual-tcp.js';
import type { PeerSocket } from '../../../src/streams/ports.js';
import { exactTransport, HOST } from './exact-transport.js';

const ONE_WAY = 50;
const PORT = 9_999;
const TIMEOUT_MS = 5_000;
const MIB = 1024 * 1024;

/** A machine with a server, and one elsewhere. */
function setUp() {
  const engine = new Engine();
  const transport = exactTransport(engine);
  const tcp = new VirtualTcp({ engine, transport });
  const [machine, elsewhere] = ['1.1.0.1', '1.2.0.1'].map((ip) => tcp.addMachine(transport.addHost(HOST), ip));
  assert.ok(machine && elsewhere);
  const process = new VirtualProcess(engine, new VirtualClock(engine), () => undefined);
  const dial = virtualDial({ engine, tcp, machine, process });
  const accepted: TcpEnd[] = [];
  const stopListening = tcp.listen(machine, PORT, (end) => accepted.push(end));
  const seen: string[] = [];
  const connect = (host = '127.0.0.1', port = PORT): PeerSocket =>
    dial({ host, port }, TIMEOUT_MS, {
      connected: () => seen.push(`${engine.now} connected`),
      data: (chunk) => seen.push(`${engine.now} ${chunk.toString()}`),
      closed: (code) => seen.push(`${engine.now} ${code}`),
    });
  /** A connection that stands, and the server's end of it. */
  const established = (): { readonly socket: PeerSocket; readonly server: TcpEnd } => {
    const socket = connect();
    engine.run();
    const server = accepted.at(-1);
    assert.ok(server);
    seen.length = 0;
    return { socket, server };
  };
  return { engine, transport, tcp, machine, elsewhere, process, accepted, stopListening, seen, connect, established };
}

/** What is read at one end, by its time. */
function readAt({ engine }: { readonly engine: Engine }, end: TcpEnd): string[] {
  const read: string[] = [];
  end.attach({
    data: (chunk) => read.push(`${engine.now} ${chunk.length}`),
    closed: (how) => read.push(`${engine.now} ${how}`),
  });
  return read;
}

describe('dialling', () => {
  test('connects after one round trip', () => {
    const { engine, seen, connect } = setUp();
    const socket = connect();
    assert.equal(socket.endpoint, undefined);
    engine.run();
    assert.deepEqual(seen, [`${2 * ONE_WAY} connected`]);
    assert.equal(socket.endpoint, `127.0.0.1:${PORT}`);
  });

  test('takes the round trip to the other machine, and is known to it by the address of ours', () => {
    const { engine, tcp, transport, machine, elsewhere, seen, connect } = setUp();
    let remote = '';
    tcp.listen(elsewhere, PORT, (_end, from) => {
      remote = from;
    });
    connect(elsewhere.ip);
    engine.run();
    // Two access lines of 5 ms and half of 40 ms, each way; a packet leaves in no less than a microsecond.
    assert.equal(transport.roundTrip(machine.host, elsewhere.host), 60_000);
    assert.deepEqual(seen, ['60002 connected']);
    assert.match(remote, /^1\.1\.0\.1:\d+$/);
  });

  test('is refused where nobody listens: unreachable', () => {
    const { engine, stopListening, seen, connect } = setUp();
    stopListening();
    connect();
    engine.run();
    assert.deepEqual(seen, [`${2 * ONE_WAY} unreachable`]);
  });

  test('gives up after the timeout where nobody is, or the path is cut: dial-timeout', () => {
    const { engine, transport, machine, elsewhere, seen, connect } = setUp();
    transport.cut(machine.host, elsewhere.host);
    for (const ip of [elsewhere.ip, '9.9.9.9']) connect(ip);
    engine.run();
    assert.deepEqual(seen, Array(2).fill(`${TIMEOUT_MS * 1_000} dial-timeout`));
  });

  test('calls nobody once it was destroyed, and leaves no connection', () => {
    const { engine, accepted, seen, connect } = setUp();
    connect().destroy();
    engine.run();
    assert.deepEqual([seen, accepted.length], [[], 0]);
  });
});

describe('a connection', () => {
  test('carries writes in order; they are taken in the next turn, and counted then', () => {
    const network = setUp();
    const { engine, established } = network;
    const { socket, server } = established();
    const read = readAt(network, server);
    const from = engine.now;
    let taken = 0;
    socket.write([Buffer.alloc(10), Buffer.alloc(20)], () => {
      taken = engine.now;
    });
    socket.write([Buffer.alloc(30)]);
    assert.deepEqual([taken, socket.bytesOut, socket.backlog], [0, 0, 0]);
    engine.run();
    const at = from + ONE_WAY;
    assert.deepEqual(read, [`${at} 10`, `${at} 20`, `${at} 30`]);
    assert.deepEqual([taken, socket.bytesOut, server.bytesIn], [from, 60, 60]);
  });

  test('holds 4 MiB for an end that does not read; what is written beyond is the backlog', () => {
    const network = setUp();
    const { engine, established } = network;
    const { socket, server } = established();
    const read = readAt(network, server);
    server.pause();
    let taken = 0;
    for (let write = 0; write < 6; write += 1) socket.write([Buffer.alloc(MIB)], () => taken++);
    engine.run();
    assert.deepEqual([taken, socket.backlog, read.length], [4, 2 * MIB, 0]);
    server.resume();
    engine.run();
    assert.deepEqual([taken, socket.backlog, read.length], [6, 0, 6]);
  });

  test('gives nothing to a paused socket before it is resumed, its end included', () => {
    const { engine, established, seen } = setUp();
    const { socket, server } = established();
    socket.pause();
    server.write([Buffer.from('hello')]);
    server.end();
    engine.run();
    assert.deepEqual(seen, []);
    const from = engine.now;
    socket.resume();
    engine.run();
    assert.deepEqual(seen, [`${from} hello`, `${from} closed-by-peer`]);
  });

  test('ends with closed-by-peer behind the last byte, with connection-error after a reset', () => {
    for (const [how, code] of [
      ['fin', 'closed-by-peer'],
      ['reset', 'connection-error'],
    ] as const) {
      const { engine, established, seen } = setUp();
      const { socket, server } = established();
      const from = engine.now;
      server.write([Buffer.from('last')]);
      server.end(how);
      engine.run();
      assert.deepEqual(seen, [`${from + ONE_WAY} last`, `${from + ONE_WAY} ${code}`]);
      assert.equal(socket.endpoint, undefined);
    }
  });

  test('that was destroyed still carries what the kernel had taken, and tells the other end', () => {
    const network = setUp();
    const { engine, established, seen } = network;
    const { socket, server } = established();
    const read = readAt(network, server);
    const from = engine.now;
    socket.write([Buffer.alloc(5)]);
    socket.destroy();
    socket.write([Buffer.alloc(7)]);
    engine.run();
    assert.deepEqual(read, [`${from + ONE_WAY} 5`, `${from + ONE_WAY} fin`]);
    assert.deepEqual(seen, []);
  });

  test('of a process that is killed is closed by the system, and calls nobody', () => {
    const network = setUp();
    const { engine, process, established, seen } = network;
    const { server } = established();
    const read = readAt(network, server);
    server.write([Buffer.from('too late')]);
    const from = engine.now;
    process.kill();
    engine.run();
    assert.deepEqual([seen, read], [[], [`${from + ONE_WAY} fin`]]);
  });

  test('of a processor that takes time leaves write by write, and is closed behind the last', () => {
    const { engine, tcp, machine, process, accepted } = setUp();
    const processor = new Processor(engine, { startUp: 400, write: 20 });
    const dial = virtualDial({ engine, tcp, machine, process, processor });
    const handlers = { connected: () => undefined, data: () => undefined, closed: () => undefined };
    const sockets = [1, 2].map(() => dial({ host: '127.0.0.1', port: PORT }, TIMEOUT_MS, handlers));
    engine.run();
    const reads = accepted.map((server) => readAt({ engine }, server));
    const from = engine.now;
    for (const socket of sockets) socket.write([Buffer.alloc(5)]);
    for (const socket of sockets) socket.destroy();
    engine.run();
    const at = [400, 420].map((after) => from + after + ONE_WAY);
    const end = from + 440 + ONE_WAY;
    assert.deepEqual(
      reads,
      at.map((time) => [`${time} 5`, `${end} fin`]),
    );
  });
});
