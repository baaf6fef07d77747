import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { ipBytes, ipText, isV4Mapped } from '../../src/wire/address.js';
import { fromBase32, toBase32 } from '../../src/wire/base32.js';
import { i2pDestination, i2pName, onionKey, onionName } from '../../src/wire/hidden.js';
import { bytes } from './arbitraries.js';

describe('an IP address', () => {
  const TEXTS = [
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['2001000000000000000abcdef0000000', '2001::a:bcde:f000:0'],
    ['fe8000000000abcd0000000000000000', 'fe80:0:0:abcd::'],
    ['00000000000000000000ffff01020304', '1.2.3.4'],
    ['00000000000000000000fffe01020304', '::fffe:102:304'],
    ['01020304', '1.2.3.4'],
    ['ffffffff', '255.255.255.255'],
  ] as const;

  it('is written in its canonical form (RFC 5952)', () => {
    for (const [hex, text] of TEXTS) assert.equal(ipText(Buffer.from(hex, 'hex')), text);
  });

  it('is written as the library writes it, wherever its zeros are', () => {
    const group = fc.oneof(
      fc.constant([0, 0]),
      fc.tuple(fc.constant(0), fc.nat(255)),
      fc.tuple(fc.nat(255), fc.nat(255)),
    );
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const ip = Uint8Array.from(groups.flat());
        if (!isV4Mapped(ip)) assert.equal(ipText(ip), new ipaddr.IPv6([...ip]).toRFC5952String());
      }),
      { numRuns: 2_000 },
    );
  });

  it('is read from any form, save the shorthands of IPv4', () => {
    assert.equal(ipBytes('2001:DB8:0:0::1')?.toString('hex'), '20010db8000000000000000000000001');
    assert.equal(ipBytes('::ffff:1.2.3.4')?.toString('hex'), '00000000000000000000ffff01020304');
    assert.equal(ipBytes('1.2.3.4')?.toString('hex'), '01020304');
    for (const none of ['', '0x7f.1', '127.1', '1.2.3.4.5', '1.2.3.256', '2130706433', 'localhost', ':::', 'g::']) {
      assert.equal(ipBytes(none), undefined, none);
    }
  });

  it('comes back as it went', () => {
    fc.assert(
      fc.property(fc.oneof(bytes(4), bytes(16)), (ip) => {
        const text = ipText(ip);
        const back = ipBytes(text);
        assert.ok(back !== undefined && ip.subarray(-back.length).equals(back));
        assert.equal(ipText(back), text);
      }),
    );
  });
});

describe('base 32', () => {
  it('is as in RFC 4648, in lower case and without padding', () => {
    for (const [plain, text] of [
      ['', ''],
      ['f', 'my'],
      ['fo', 'mzxq'],
      ['foo', 'mzxw6'],
      ['foob', 'mzxw6yq'],
      ['fooba', 'mzxw6ytb'],
      ['foobar', 'mzxw6ytboi'],
    ] as const) {
      assert.equal(toBase32(Buffer.from(plain)), text);
      assert.equal(fromBase32(text)?.toString(), plain);
    }
  });

  it('has no other characters', () => {
    for (const wrong of ['m1', 'MY', 'm=', 'm y', 'mé']) assert.equal(fromBase32(wrong), undefined);
  });

  it('comes back as it went', () => {
    fc.assert(fc.property(bytes(0, 60), (raw) => assert.ok(fromBase32(toBase32(raw))?.equals(raw))));
  });
});

describe('a hidden host', () => {
  // Keys and names from Dash Core's net_tests.cpp.
  const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
  const KEY = Buffer.from('79bcc625184b05194975c28b66b66b0469f7f6556fb1ac3189a79b40dda32f1f', 'hex');
  const I2P = 'ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p';
  const DESTINATION = Buffer.from('a2894dabaec08c0051a481a6dac88b64f98232ae42d4b6fd2fa81952dfe36a87', 'hex');

  it('has the name Dash Core gives it', () => {
    assert.equal(onionName(KEY), ONION);
    assert.equal(i2pName(DESTINATION), I2P);
  });

  it('is found by its name', () => {
    assert.ok(onionKey(ONION)?.equals(KEY));
    assert.ok(i2pDestination(I2P)?.equals(DESTINATION));
  });

  it('is not found by a name with any character mistyped', () => {
    for (let i = 0; i < 56; i++) {
      const typo = ONION.charAt(i) === 'a' ? 'b' : 'a';
      assert.equal(onionKey(ONION.slice(0, i) + typo + ONION.slice(i + 1)), undefined, `at ${i}`);
    }
    for (const wrong of [I2P, '.onion', 'a.onion', ONION.toUpperCase(), `x${ONION}`]) {
      assert.equal(onionKey(wrong), undefined, wrong);
    }
    for (const wrong of [ONION, '.b32.i2p', `a${I2P}`, I2P.replace('dnkdq', 'dnkdr')]) {
      assert.equal(i2pDestination(wrong), undefined, wrong);
    }
  });
});
