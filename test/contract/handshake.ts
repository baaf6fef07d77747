import assert from 'node:assert/strict';
import { it } from 'node:test';
import { encodeFrame, frameOf } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import type { NodeUnderTest } from './node-under-test.js';
import { TestPeer, versionMessage } from './test-peer.js';

const { magic } = NETWORKS.regtest;

/** How a node greets whoever dials it, and whom it hangs up on. */
export function handshakeContract(node: () => NodeUnderTest): void {
  it('speaks when spoken to: version, sendaddrv2, verack, then its wishes and a ping', async () => {
    const peer = await TestPeer.dial(node());
    peer.send(versionMessage());
    const version = await peer.next('version');
    assert.equal(version.version, 70240);
    assert.equal(version.userAgent, '/Dash Core:23.1.2/');
    assert.equal(version.services, 0x1c05n);
    assert.equal(version.relay, true);
    assert.equal(version.masternode, false);
    await peer.next('verack');
    assert.deepEqual(peer.commands(), ['version', 'sendaddrv2', 'verack']);
    peer.send({ command: 'verack' });
    await peer.next('ping');
    assert.deepEqual(peer.commands().slice(3), ['sendheaders', 'sendcmpct', 'senddsq', 'ping']);
    assert.deepEqual(peer.all('sendcmpct'), [{ command: 'sendcmpct', highBandwidth: false, version: 1n }]);
    await peer.hangUp();
  });

  it('asks for compressed headers instead where the peer offers them, and for headers where it has a chain', async () => {
    const peer = await TestPeer.dial(node());
    peer.send(versionMessage({ services: 1n << 11n }));
    await peer.next('verack');
    peer.send({ command: 'verack' });
    await peer.nextUnknown('sendheaders2');
    await peer.hangUp();
    const full = await TestPeer.ready(node(), { version: { services: 1n } });
    const { locator } = await full.next('getheaders');
    assert.ok(locator.length >= 1);
    assert.equal(full.all('sendheaders').length, 1);
    await full.hangUp();
  });

  it('takes anything but version for the beginning of an encrypted connection, and answers with a key', async () => {
    const peer = await TestPeer.dial(node());
    peer.send({ command: 'ping', nonce: 1n });
    await peer.nextFault('wrong-magic');
    assert.deepEqual(peer.commands(), []);
    await peer.hangUp();
  });

  it("drops another network's version", async () => {
    const peer = await TestPeer.dial(node(), NETWORKS.mainnet.magic);
    peer.send(versionMessage());
    await peer.hungUp();
    assert.deepEqual(peer.commands(), []);
  });

  it('hears little before verack', async () => {
    const peer = await TestPeer.dial(node());
    peer.send(versionMessage(), { command: 'ping', nonce: 2n }, { command: 'getaddr' });
    peer.send({ command: 'verack' }, { command: 'ping', nonce: 3n });
    await peer.next('pong');
    assert.deepEqual(peer.all('pong'), [{ command: 'pong', nonce: 3n }]);
    await peer.hangUp();
  });

  it('ignores a second version and a second verack', async () => {
    const peer = await TestPeer.ready(node());
    peer.send(versionMessage(), { command: 'verack' });
    await peer.sync();
    assert.equal(peer.all('version').length, 1);
    assert.equal(peer.commands().filter((command) => command === 'senddsq').length, 1);
    await peer.hangUp();
  });

  it('returns the nonce of each ping, in order', async () => {
    const peer = await TestPeer.ready(node());
    peer.send({ command: 'ping', nonce: 5n }, { command: 'ping', nonce: 2n ** 64n - 1n });
    await peer.next('pong', (pong) => pong.nonce === 2n ** 64n - 1n);
    assert.deepEqual(
      peer.all('pong').map(({ nonce }) => nonce),
      [5n, 2n ** 64n - 1n],
    );
    await peer.hangUp();
  });

  it('drops versions below 70221, without an answer', async () => {
    const old = await TestPeer.dial(node());
    old.send(versionMessage({ version: 70220 }));
    await old.hungUp();
    assert.deepEqual(old.commands(), []);
    const oldest = await TestPeer.ready(node(), { version: { version: 70221 } });
    await oldest.sync();
    await oldest.hangUp();
  });

  it('drops who claims to be a masternode', async () => {
    const peer = await TestPeer.dial(node());
    peer.send(versionMessage({ masternode: true }));
    await peer.hungUp();
    assert.deepEqual(peer.commands(), []);
  });

  it('drops who sends sendaddrv2 after verack', async () => {
    const peer = await TestPeer.ready(node());
    peer.send({ command: 'sendaddrv2' });
    await peer.hungUp();
  });

  it('drops another network', async () => {
    const peer = await TestPeer.ready(node());
    peer.write(encodeFrame(NETWORKS.mainnet.magic, { command: 'ping', nonce: 1n }));
    await peer.hungUp();
  });

  it('drops who claims more than 3 MiB, and waits for who claims exactly that', async () => {
    const claim = (bytes: number) => {
      const header = frameOf(magic, 'block', Buffer.alloc(0));
      header.writeUInt32LE(bytes, 16);
      return header;
    };
    const most = await TestPeer.ready(node());
    most.write(claim(3 * 1024 * 1024));
    const more = await TestPeer.ready(node());
    more.write(claim(3 * 1024 * 1024 + 1));
    await more.hungUp();
    assert.equal(most.closed, false);
    await most.hangUp();
  });

  it('passes over a message whose checksum is wrong, one it does not know, and one it cannot read', async () => {
    const peer = await TestPeer.ready(node());
    const broken = encodeFrame(magic, { command: 'ping', nonce: 4n });
    broken.writeUInt8(broken.readUInt8(20) ^ 1, 20);
    peer.write(broken);
    peer.write(frameOf(magic, 'nonsense', Buffer.alloc(99)));
    peer.write(frameOf(magic, 'headers', Buffer.of(5)));
    await peer.sync();
    assert.equal(peer.all('pong').length, 1);
    await peer.hangUp();
  });
}
