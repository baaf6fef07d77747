/** The kinds of hostile inputs: each makes an input from a seed and passes it to the production parser, which must not throw. */
import { readFileSync } from 'node:fs';
import { readAnswer } from '../../src/adapters/rpc.js';
import { maySubmit, readCalls } from '../../src/adapters/rpc-proxy/json-rpc-calls.js';
import { parseEndpoint } from '../../src/address/endpoint.js';
import { parseHostPort } from '../../src/address/host-port.js';
import { parseHttpUrl } from '../../src/address/http-url.js';
import { loadConfig } from '../../src/config/config.js';
import { parseBlockEvent } from '../../src/delivery/block-event.js';
import { readLookup, readSubmission } from '../../src/delivery/submission.js';
import { formatLine, HEADER, headerFault, parseLine } from '../../src/history/format.js';
import { formatHead, hashOfName, inChainOrder, MAX_HEAD_BYTES, parseEntry } from '../../src/history/spool-entry.js';
import { parseAddress } from '../../src/peers/address.js';
import { PeerBook } from '../../src/peers/book.js';
import { parse, serialise } from '../../src/peers/format.js';
import { selectLimits } from '../../src/peers/plan.js';
import { select } from '../../src/peers/select.js';
import { initialState, step, UNWANTED } from '../../src/session/step.js';
import type { SessionState } from '../../src/session/types.js';
import { Gatekeeper } from '../../src/streams/broadcast/gatekeeper.js';
import { practiceBlock } from '../../src/streams/broadcast/practice-block.js';
import { ChainTip } from '../../src/streams/broadcast/tip.js';
import { readChain } from '../../src/streams/dashd/chain-standing.js';
import { planFeed } from '../../src/streams/dashd/feed-endpoints.js';
import { type Announced, FrameDecoder, type Inbound } from '../../src/wire/decoder.js';
import { encodeFrame, FRAME_HEADER_BYTES, frameOf } from '../../src/wire/frame.js';
import { INV } from '../../src/wire/inventory.js';
import { NETWORKS } from '../../src/wire/network.js';
import { ZERO_HASH } from '../../src/wire/reader.js';
import type { Message } from '../../src/wire/registry.js';
import { blockRecord, verdictOf, hashOf as viewHash } from '../ops/http/support.js';
import { provenPeer, seeded } from '../peers/support.js';
import { block, compactBlock, context, Hand, hashOf } from '../session/support.js';
import { VECTORS } from '../wire/vectors.js';
import { cut, mutated, mutatedJson, mutatedText } from './mutate.js';
import type { Rng } from './random.js';

export interface Kind {
  readonly name: string;
  /** Its share of all inputs, relative to the others. */
  readonly share: number;
  /** Makes one input and parses it. @throws for a crash */
  run(rng: Rng): void;
}

const NETWORK = NETWORKS.regtest;
const { magic } = NETWORK;
const NOW = 1_794_000_000_000;
/** Every second one has a compact form. */
const BLOCKS = Array.from({ length: 5 }, (_, n) => (n % 2 === 0 ? compactBlock(n + 1, 4) : block(n + 1)));

/** `loadX11()` must have been awaited. */
export function kinds(): readonly Kind[] {
  return [
    messages(),
    poolFrames(),
    proxyBodies(),
    peerFiles(),
    histories(),
    configurations(),
    rpcAnswers(),
    addresses(),
    chainAnswers(),
    spoolFiles(),
  ];
}

/** Messages of each command, whole, mutated and in random splits, to a session with blocks in flight. */
function messages(): Kind {
  const payloads: (readonly [string, Buffer])[] = [...VECTORS.map(({ message }) => message), ...large()].map(
    (message) => [message.command, encodeFrame(magic, message).subarray(FRAME_HEADER_BYTES)],
  );
  const shared = context(BLOCKS);
  const hand = Hand.ready(BLOCKS);
  hand.hears({ command: 'sendcmpct', highBandwidth: false, version: 1n });
  for (const one of BLOCKS) hand.push(one);
  const ready = hand.state;
  return {
    name: 'messages',
    share: 60,
    run(rng) {
      const stream = Buffer.concat(Array.from({ length: 1 + rng.int(3) }, () => frame(rng.pick(payloads), rng)));
      let state: SessionState = rng.once(8) ? step(shared, initialState(0), { type: 'connected' }, 0)[0] : ready;
      const decoder = new FrameDecoder(magic, UNWANTED);
      const take = (inbound: Inbound | Announced): boolean => {
        const [next, outputs] = step(shared, state, { type: 'received', inbound }, hand.now);
        state = next;
        for (const output of outputs) if (output.type === 'send') encodeFrame(magic, output.message);
        return state.phase.name !== 'closed';
      };
      for (const chunk of cut(stream, rng)) {
        for (const inbound of decoder.read(chunk)) if (!take(inbound)) return;
      }
      step(shared, state, { type: 'tick' }, hand.now + 90_000);
    },
  };
}

function frame([command, payload]: readonly [string, Buffer], rng: Rng): Buffer {
  const sent = frameOf(magic, command, rng.once(6) ? payload : mutated(payload, rng));
  // Most have a valid checksum, or nothing would pass it.
  return rng.once(6) ? mutated(sent, rng) : sent;
}

/** Messages that are longer than the vectors. */
function large(): Message[] {
  const items = Array.from({ length: 40 }, (_, n) => ({ type: n % 3 === 0 ? INV.block : n, hash: hashOf(n % 7) }));
  return [
    { command: 'inv', items },
    { command: 'getdata', items },
    { command: 'headers', headers: BLOCKS.map(({ header }) => header) },
    ...BLOCKS.map(({ hash }) => ({ command: 'getblocktxn', hash, indexes: [0, 2, 3] }) as const),
    { command: 'getheaders', version: 1, locator: BLOCKS.map(({ hash }) => hash), stop: ZERO_HASH },
    ...[2n, 3n, 4n, 5n, 6n].map((nonce) => ({ command: 'pong', nonce }) as const),
  ];
}

/** What a pool PUSHes: raw and in hex, with and without a topic. */
function poolFrames(): Kind {
  const small = practiceBlock(ZERO_HASH, { transactions: 3, scriptBytes: 20 });
  const many = practiceBlock(ZERO_HASH, { transactions: 60, scriptBytes: 0 });
  const clock = { now: () => NOW, monotonic: () => 0 };
  return {
    name: 'pool frames',
    share: 10,
    run(rng) {
      const gate = new Gatekeeper(NETWORK, new ChainTip(), clock);
      const valid = rng.once(8) ? many : small;
      // Half of them keep the header: only its proof of work leads to the other checks.
      const changed = rng.once(2)
        ? Buffer.concat([valid.subarray(0, 80), mutated(valid.subarray(80), rng)])
        : mutated(valid, rng);
      const raw = rng.once(4) ? Buffer.from(changed.toString('hex')) : changed;
      const payload = rng.once(8) ? mutated(raw, rng) : raw;
      const topic = rng.once(3) ? [mutated(Buffer.from('rawblock'), rng)] : rng.once(3) ? [Buffer.from('block')] : [];
      gate.fromPool([...topic, payload, ...(rng.once(8) ? [payload] : [])]);
    },
  };
}

function proxyBodies(): Kind {
  const hex = practiceBlock(ZERO_HASH, { transactions: 1, scriptBytes: 20 }).toString('hex');
  const call = { jsonrpc: '1.0', id: 1, method: 'submitblock', params: [hex] };
  const valid = [
    call,
    [call, { method: 'getblocktemplate', params: [{}], id: 'a' }],
    { ...call, params: { hexdata: hex } },
  ];
  const texts = valid.map((one) => JSON.stringify(one));
  return {
    name: 'proxy bodies',
    share: 14,
    run(rng) {
      const text = rng.once(3)
        ? JSON.stringify(mutatedJson(rng.pick(valid), rng) ?? null)
        : mutatedText(rng.pick(texts), rng);
      const bytes = Buffer.from(text);
      const body = rng.once(4) ? mutated(bytes, rng) : bytes;
      maySubmit(body);
      readCalls(body);
    },
  };
}

function peerFiles(): Kind {
  const records = Array.from({ length: 4 }, (_, n) => provenPeer(`192.0.${n}.1:9999`));
  const ours = [...serialise(records, NOW, '127.0.0.1:9999')].join('');
  const theirs = readFileSync('test/vectors/peers/p2pool-dash.json', 'utf8');
  const values: readonly unknown[] = [ours, theirs].map((text) => JSON.parse(text));
  return {
    name: 'peer files',
    share: 3,
    run(rng) {
      const text = rng.once(2)
        ? JSON.stringify(mutatedJson(rng.pick(values), rng) ?? null)
        : mutatedText(rng.pick([ours, theirs]), rng);
      const parsed = parse(text);
      if (!parsed.ok) return;
      const book = new PeerBook('mainnet', seeded(1));
      book.restore(parsed.records, NOW);
      select({ book, live: [], now: NOW, random: seeded(2), limits: selectLimits('mainnet') });
      for (const chunk of serialise([...book.records()], NOW, parsed.localDashd)) Buffer.byteLength(chunk);
    },
  };
}

/** Lines of the history file; the block events that `submit` receives have the same form. */
function histories(): Kind {
  const lines = [
    HEADER,
    formatLine({ type: 'verdict', at: NOW, ...verdictOf(3) }),
    formatLine({ type: 'finality', at: NOW, hash: viewHash(3), state: 'orphaned', by: blockRecord(4).hash }),
    formatLine({ type: 'received', at: NOW, hash: viewHash(3), source: 'pool', size: 300, height: 3 }),
  ];
  const values: readonly unknown[] = lines.map((line) => JSON.parse(line));
  return {
    name: 'history lines',
    share: 4,
    run(rng) {
      const line = rng.once(2)
        ? JSON.stringify(mutatedJson(rng.pick(values), rng) ?? null)
        : mutatedText(rng.pick(lines), rng);
      headerFault(line);
      parseLine(line);
      parseBlockEvent(line);
    },
  };
}

function configurations(): Kind {
  const files = ['mainnet', 'regtest', 'testnet'].map((name) => readFileSync(`config/${name}.yaml`, 'utf8'));
  const json =
    '{"network":"regtest","peers":["a:1","[::1]:2"],"dashd":{"rpc":{"user":"a","password":"b"}},"http":{"port":80}}';
  return {
    name: 'configurations',
    share: 0.1,
    run(rng) {
      const text = mutatedText(rng.pick([...files, json]), rng);
      const path = rng.pick(['a.yaml', 'a.json', 'a.json5']);
      loadConfig({
        options: { config: path, peers: mutatedText('node.example.org:9999,[::1]:2', rng) },
        env: { BLOCKCAST_HTTP_PORT: mutatedText('8080', rng), BLOCKCAST_DASHD_ZMQ_URL: mutatedText('tcp://h:1', rng) },
        readFile: () => text,
        platform: 'linux',
      });
    },
  };
}

function rpcAnswers(): Kind {
  const valid: readonly unknown[] = [
    { result: null, error: null, id: 1 },
    { result: 'duplicate-inconclusive', error: null, id: 1 },
    { result: null, error: { code: -22, message: 'Block decode failed' }, id: 1 },
    { result: { confirmations: 3, hash: viewHash(1), height: 3, nextblockhash: viewHash(2) }, error: null, id: 1 },
  ];
  return {
    name: 'RPC answers',
    share: 6,
    run(rng) {
      const value = rng.pick(valid);
      const text = rng.once(2)
        ? JSON.stringify(mutatedJson(value, rng) ?? null)
        : mutatedText(JSON.stringify(value), rng);
      const answer = readAnswer(rng.pick([200, 200, 401, 403, 404, 500, 503, 0, 999]), text);
      readSubmission(answer);
      readLookup(answer);
    },
  };
}

function addresses(): Kind {
  const valid = ['192.0.2.1:9999', '[2001:db8::1]:9999', 'node.example.org:9999', `${'a'.repeat(55)}d.onion:9999`];
  return {
    name: 'addresses',
    share: 4,
    run(rng) {
      const text = mutatedText(rng.pick(valid), rng);
      parseAddress(text);
      parseHostPort(text);
      parseEndpoint(mutatedText(rng.pick(['tcp://*:28332', 'tcp://[::1%lo]:1', 'ipc:///a/b']), rng));
      parseHttpUrl(mutatedText(rng.pick(['http://u:p<@h_a.:1/a', 'https://[::1]:9998']), rng));
    },
  };
}

/** What dashd says of its chain and of its feed (`getblockchaininfo`, `getzmqnotifications`). */
function chainAnswers(): Kind {
  const info = {
    chain: 'devnet-a',
    blocks: 100,
    headers: 110,
    bestblockhash: viewHash(1),
    initialblockdownload: false,
    time: 1_794_000_000,
    softforks: { v24: { type: 'bip9', active: false, bip9: { status: 'started', activation_height: 2_580_480 } } },
  };
  const topics = ['rawblock', 'hashblock', 'hashchainlock'].map((topic) => ({
    type: `pub${topic}`,
    address: 'tcp://*:28332',
    hwm: 1_000,
  }));
  return {
    name: 'chain answers',
    share: 4,
    run(rng) {
      readChain({ ok: true, result: mutatedJson(info, rng) }, { network: 'devnet', devnet: 'a' });
      planFeed({ ok: true, result: mutatedJson(topics, rng) }, 'tcp://dash_core:28332');
    },
  };
}

function spoolFiles(): Kind {
  const entries = [1, 2, 3].map((n) => ({
    hash: viewHash(n),
    previous: viewHash(n - 1),
    at: NOW - n,
    size: 300,
    height: n,
  }));
  const files = entries.map((entry) => ({
    entry,
    bytes: Buffer.concat([formatHead(entry), Buffer.alloc(entry.size)]),
  }));
  return {
    name: 'spool files',
    share: 4,
    run(rng) {
      const { entry, bytes } = rng.pick(files);
      const file = mutated(bytes, rng);
      const hash = hashOfName(mutatedText(`${entry.hash}.block`, rng)) ?? entry.hash;
      const parsed = parseEntry(hash, file.subarray(0, MAX_HEAD_BYTES), file.length);
      if (parsed.ok) inChainOrder([parsed.entry, ...entries]);
    },
  };
}
