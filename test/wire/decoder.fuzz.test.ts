import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FrameDecoder } from '../../src/wire/decoder.js';
import { encodeFrame, FRAME_HEADER_BYTES, frameOf } from '../../src/wire/frame.js';
import { NETWORKS } from '../../src/wire/network.js';
import { CODECS } from '../../src/wire/registry.js';
import { anyMessage, bytes, cutAt, cuts } from './arbitraries.js';
import { type Outcome, outcomeOf, readAll } from './model.js';

const MAGIC = NETWORKS.regtest.magic;
const PING = encodeFrame(MAGIC, { command: 'ping', nonce: 1n });

function decodeIn(chunks: readonly Buffer[]): Outcome[] {
  const decoder = new FrameDecoder(MAGIC);
  return chunks.flatMap((chunk) => decoder.push(chunk)).map(outcomeOf);
}

const COMMANDS = CODECS.map((codec) => codec.command);

/** A message, a known command over any payload, an unknown one, or a payload under the wrong checksum. */
const frame = fc.oneof(
  { weight: 3, arbitrary: anyMessage.map((message) => encodeFrame(MAGIC, message)) },
  fc
    .tuple(fc.constantFrom(...COMMANDS, 'qsigshare', 'cmpctblock'), bytes(0, 250))
    .map(([command, payload]) => frameOf(MAGIC, command, payload)),
  anyMessage.map((message) => {
    const bad = encodeFrame(MAGIC, message);
    bad.writeUInt8(bad.readUInt8(21) ^ 0x55, 21);
    return bad;
  }),
);

/** One way to spoil a stream at a place. */
const mutation = fc.record({
  place: fc.nat(),
  remove: fc.nat({ max: 30 }),
  insert: fc.oneof(bytes(0, 4), bytes(24), fc.constant(PING)),
});

function mutate(stream: Buffer, mutations: readonly { place: number; remove: number; insert: Buffer }[]): Buffer {
  return mutations.reduce((bytes, { place, remove, insert }) => {
    const at = place % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
  }, stream);
}

// The seed is fixed where a test asserts what its cases reach; the others explore.
const SEED = 20_261_122;

describe('the decoder under fuzz', () => {
  it('makes of random bytes what the model makes of them', () => {
    fc.assert(
      fc.property(bytes(0, 300), cuts, fc.boolean(), (noise, places, behindMagic) => {
        const stream = behindMagic ? Buffer.concat([MAGIC, noise]) : noise;
        assert.deepEqual(decodeIn(cutAt(stream, places)), readAll(MAGIC, stream).outcomes);
      }),
      { numRuns: 1000 },
    );
  });

  it('makes of any payload under any command, cut anywhere, what the model makes of it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...COMMANDS), bytes(0, 400), cuts, (command, payload, places) => {
        const stream = frameOf(MAGIC, command, payload);
        assert.deepEqual(decodeIn(cutAt(stream, places)), readAll(MAGIC, stream).outcomes);
      }),
      { numRuns: 2000 },
    );
  });

  it('makes of spoiled streams what the model makes of them, and meets every kind of fault on the way', () => {
    const met = new Set<string>();
    fc.assert(
      fc.property(
        fc.array(frame, { minLength: 1, maxLength: 5 }),
        fc.array(mutation, { maxLength: 3 }),
        cuts,
        (frames, mutations, places) => {
          const stream = mutate(Buffer.concat(frames), mutations);
          const outcomes = decodeIn(cutAt(stream, places));
          assert.deepEqual(outcomes, readAll(MAGIC, stream).outcomes);
          for (const outcome of outcomes) met.add(outcome.kind === 'fault' ? outcome.code : outcome.kind);
        },
      ),
      { numRuns: 1500, seed: SEED },
    );
    assert.deepEqual([...met].sort(), [
      'bad-checksum',
      'bad-command',
      'malformed',
      'message',
      'oversized',
      'unknown',
      'wrong-magic',
    ]);
  });

  it('loses no byte: what it reports adds up to what it was given', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), fc.nat({ max: 20 }), cuts, (frames, tail, places) => {
        const stream = Buffer.concat([...frames, PING.subarray(0, tail)]);
        const outcomes = decodeIn(cutAt(stream, places));
        // One thing a frame, in its order; those that have a size have the frame's.
        assert.equal(outcomes.length, frames.length);
        outcomes.forEach((outcome, i) => {
          if (outcome.kind !== 'fault') assert.equal(outcome.size, frames[i]?.length);
          else assert.equal(outcome.fatal, false);
        });
        assert.equal(readAll(MAGIC, stream).consumed, stream.length - tail);
        assert.ok(tail < FRAME_HEADER_BYTES);
      }),
      { numRuns: 500 },
    );
  });
});
