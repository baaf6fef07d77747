/** The part of dashd's RPC that a relay needs, in a process of its own: accepts every block, knows the tip, has each transaction locked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { hashHeader, loadX11 } from '../src/block/x11.js';
import { emit, planOf } from './child.js';
import type { FromRpc, RpcPlan } from './process-messages.js';

const HEADER_HEX = 160;
const NOT_FOUND = { code: -5, message: 'Block not found' };

/** As on mainnet: quorums wait for InstantSend locks. */
const SPORKS = { SPORK_2_INSTANTSEND_ENABLED: true, SPORK_3_INSTANTSEND_BLOCK_FILTERING: true };
/** As long as that of a transaction with two inputs. */
const LOCK = '00'.repeat(1 + 1 + 2 * 36 + 32 + 32 + 96);

const { tip } = planOf<RpcPlan>();
/** Tips by URL path: each relay has its own, otherwise it would learn of blocks that other relays submit. */
const tips = new Map<string | undefined, string>();

async function read(request: IncomingMessage): Promise<{ body: Buffer; at: bigint }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const at = process.hrtime.bigint();
  return { body: Buffer.concat(chunks), at };
}

function answer(path: string | undefined, body: Buffer, at: bigint): { result: unknown; error: unknown } {
  const { method, params } = JSON.parse(body.toString());
  switch (method) {
    case 'submitblock':
      tips.set(path, hashHeader(Buffer.from(params[0].slice(0, HEADER_HEX), 'hex')));
      emit<FromRpc>({ type: 'submitted', at });
      return { result: null, error: null };
    case 'getbestblockhash':
      return { result: tips.get(path) ?? tip, error: null };
    case 'getblockchaininfo':
      return { result: { chain: 'regtest', bestblockhash: tips.get(path) ?? tip }, error: null };
    case 'spork':
      return { result: SPORKS, error: null };
    case 'getrawmempool':
      return { result: [], error: null };
    case 'getislocks':
      return { result: params[0].map((txid: string) => ({ txid, hex: LOCK })), error: null };
    default:
      return { result: null, error: NOT_FOUND };
  }
}

await loadX11();
const server = createServer(async (request, response) => {
  const { body, at } = await read(request);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(answer(request.url, body, at)));
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
emit<FromRpc>({ type: 'listening', port: address.port });
