import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FrameDecoder, type Inbound } from '../../src/wire/decoder.js';
import { encodeFrame, frameOf } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import { CODECS, codecFor, type Message } from '../../src/wire/registry.js';
import { anyMessage, MESSAGES } from './arbitraries.js';
import { payloadOf, VECTORS } from './vectors.js';

const MAGIC = NETWORKS.regtest.magic;

function decodePayload(command: string, payload: Buffer): Inbound[] {
  return new FrameDecoder(MAGIC).push(frameOf(MAGIC, command, payload));
}

/** The one message in what came in; fails when it is anything else. */
function only(inbound: Inbound[]): Message {
  const [first] = inbound;
  assert.equal(inbound.length, 1);
  assert.ok(first?.kind === 'message', `not a message: ${first?.kind}`);
  return first.message;
}

describe('the registry', () => {
  it('has a vector that is encoded and decoded for every codec', () => {
    const covered = new Set(
      VECTORS.filter((vector) => vector.encodes !== false).map((vector) => vector.message.command),
    );
    assert.deepEqual(
      CODECS.map((codec) => codec.command).filter((command) => !covered.has(command)),
      [],
    );
  });

  it('has one codec a command', () => {
    assert.equal(new Set(CODECS.map((codec) => codec.command)).size, CODECS.length);
  });

  it('finds a codec by its command, and nothing by the names every object has', () => {
    for (const codec of CODECS) assert.equal(codecFor(codec.command), codec);
    for (const name of ['', 'constructor', '__proto__', 'toString', 'Version', 'version ']) {
      assert.equal(codecFor(name), undefined);
    }
  });
});

for (const vector of VECTORS) {
  const payload = payloadOf(vector);
  const { command } = vector.message;

  describe(vector.name, () => {
    it('is decoded from these very bytes', () => {
      assert.deepEqual(decodePayload(command, payload), [
        { kind: 'message', message: vector.message, size: 24 + payload.length },
      ]);
    });

    if (vector.encodes !== false) {
      it('is encoded to these very bytes', () => {
        assert.equal(encodeFrame(MAGIC, vector.message).subarray(24).toString('hex'), payload.toString('hex'));
      });
    }

    it('is malformed wherever it is cut short', () => {
      for (let length = 0; length < payload.length; length++) {
        const [inbound] = decodePayload(command, payload.subarray(0, length));
        if (vector.mayEndAt?.(length)) {
          assert.equal(inbound?.kind, 'message', `${length} bytes`);
        } else {
          assert.ok(inbound?.kind === 'fault', `${length} bytes`);
          assert.equal(inbound.fault.code, 'malformed');
          assert.equal(inbound.fault.fatal, false);
          assert.ok(inbound.fault.detail.startsWith(`${command}.`), inbound.fault.detail);
        }
      }
    });

    it('is the same at every split of its frame', () => {
      const frame = Buffer.concat([
        frameOf(MAGIC, command, payload),
        encodeFrame(MAGIC, { command: 'ping', nonce: 7n }),
      ]);
      const whole = new FrameDecoder(MAGIC).push(frame);
      assert.equal(whole.length, 2);
      for (let at = 0; at <= frame.length; at++) {
        const decoder = new FrameDecoder(MAGIC);
        const parts = [...decoder.push(frame.subarray(0, at)), ...decoder.push(frame.subarray(at))];
        assert.deepEqual(parts, whole, `split at ${at}`);
      }
    });

    // The others have no last field, or (version.test.ts) one that may be missing.
    if (vector.mayEndAt === undefined && command !== 'version') {
      it('tolerates bytes behind its last field', () => {
        const longer = Buffer.concat([payload, Buffer.from('appended')]);
        assert.deepEqual(only(decodePayload(command, longer)), vector.message);
      });
    }
  });
}

describe('any message', () => {
  for (const codec of CODECS) {
    it(`comes back as it went: ${codec.command}`, () => {
      const messages: fc.Arbitrary<Message> = MESSAGES[codec.command];
      fc.assert(
        fc.property(messages, (message) => {
          const frame = encodeFrame(MAGIC, message);
          const back = only(new FrameDecoder(MAGIC).push(frame));
          assert.deepEqual(back, message);
          assert.ok(encodeFrame(MAGIC, back).equals(frame));
        }),
        { numRuns: 60 },
      );
    });
  }

  it('stays within the limit its codec states', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        assert.ok(encodeFrame(MAGIC, message).length - 24 <= codecFor(message.command).maxPayload);
      }),
    );
  });
});
