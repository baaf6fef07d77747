import { scanTransactions } from '../block/scan.js';
import { HEADER_SIZE, hashHeader } from '../block/x11.js';
import type { NetAddress } from '../wire/address.js';
import { hashFromWire } from '../wire/reader.js';
import { type Chain, type ChainBlock, medianTime } from './chain.js';
import { CHAINLOCK_SIGNATURE_BYTES, chainLockOf } from './chain-lock.js';
import { MIN_BLOCK_BYTES } from './consensus-rules.js';
import { clientVersionOf, SERVICES, userAgentOf } from './dash-core.js';
import { lockMethods } from './lock-rpc.js';
import { Masternodes } from './masternodes.js';
import type { SimulatedNode } from './node.js';
import { quorumMethods } from './quorum-rpc.js';
import { RpcError, type RpcMethods } from './rpc-calls.js';

const RPC_INTERNAL_ERROR = -32603;
const RPC_MISC_ERROR = -1;
const RPC_TYPE_ERROR = -3;
const RPC_INVALID_ADDRESS_OR_KEY = -5;
const RPC_INVALID_PARAMETER = -8;
const RPC_DESERIALIZATION_ERROR = -22;

const REGTEST_DIFFICULTY = 4.656542373906925e-10;
const REGTEST_TARGET = '7fffff'.padEnd(64, '0');
const COIN = 100_000_000;
const REGTEST_REWARD = 500 * COIN;
const HASH_DIGITS = 64;
/** Dash Core 24.0 gives `address` and `service` only with `-deprecatedrpc=service`. Source: its release notes. */
const FIRST_WITHOUT_LEGACY_ADDRESSES = 240_000;

const NO_MASTERNODES = new Masternodes([]);

/**
 * The RPC methods that a pool or a relay calls, with the answers of dashd 23.1.2.
 * @param masternodes those of the network; none by default
 */
export function rpcMethods(node: SimulatedNode, masternodes: () => Masternodes = () => NO_MASTERNODES): RpcMethods {
  const { chain } = node;
  const hasLegacyAddresses = clientVersionOf(node.release) < FIRST_WITHOUT_LEGACY_ADDRESSES;
  return new Map<string, (params: readonly unknown[]) => unknown>([
    ...quorumMethods({ chain, masternodes, hasLegacyAddresses }),
    ['getbestblockhash', () => chain.tip.hash],
    ['getblockcount', () => chain.tip.height],
    ['getblockhash', ([height]) => blockAt(chain, asNumber(height)).hash],
    ['getblockheader', ([hash, verbose]) => getblockheader(chain, hash, verbose)],
    ['getblock', ([hash, verbosity]) => getblock(chain, hash, verbosity)],
    ['getchaintips', () => getchaintips(chain)],
    ['getbestchainlock', () => getbestchainlock(chain)],
    ['getblockchaininfo', () => getblockchaininfo(chain)],
    ['getnetworkinfo', () => getnetworkinfo(node)],
    ['getpeerinfo', () => getpeerinfo(node)],
    ['getblocktemplate', () => getblocktemplate(node)],
    ...lockMethods(node),
    ['submitblock', ([hex]) => submitblock(node, asString(hex, 'submitblock "hexdata" ( "dummy" )'))],
  ]);
}

/** Source: Dash Core `rpc/mining.cpp`. */
function submitblock(node: SimulatedNode, hex: string): string | null {
  const raw = Buffer.from(hex, 'hex');
  const scan = raw.length * 2 === hex.length && raw.length >= MIN_BLOCK_BYTES ? scanTransactions(raw) : undefined;
  if (scan?.ok !== true) throw new RpcError(RPC_DESERIALIZATION_ERROR, 'Block decode failed');
  if (!scan.coinbaseFirst) throw new RpcError(RPC_DESERIALIZATION_ERROR, 'Block does not start with a coinbase');
  // The header decides: Core does not check the body of a block again that it knows to be valid.
  const known = node.chain.get(hashHeader(raw.subarray(0, HEADER_SIZE)));
  if (known?.connected === true) return 'duplicate';
  if (known?.failed === true) return 'duplicate-invalid';
  const outcome = node.submit(raw);
  if (!outcome.accepted) return outcome.fault.reason;
  if (!outcome.isNew) return 'duplicate';
  return outcome.connected.includes(outcome.block) ? null : 'inconclusive';
}

function getblock(chain: Chain, hash: unknown, verbosity: unknown = 1): unknown {
  const block = blockOf(chain, hash);
  if (block.raw === undefined) throw new RpcError(RPC_MISC_ERROR, 'Block not found on disk');
  if (verbosity === 0 || verbosity === false) return block.raw.toString('hex');
  const scan = scanTransactions(block.raw);
  const txids = scan.ok ? scan.txids.map((txid) => hashFromWire(txid)) : [];
  return { ...describe(chain, block), size: block.raw.length, tx: txids };
}

function getblockheader(chain: Chain, hash: unknown, verbose: unknown = true): unknown {
  const block = blockOf(chain, hash);
  return verbose === false ? block.header.bytes.toString('hex') : describe(chain, block);
}

function describe(chain: Chain, block: ChainBlock): object {
  const { header, height } = block;
  const active = chain.isActive(block);
  const next = active ? chain.at(height + 1) : undefined;
  return {
    hash: block.hash,
    confirmations: active ? chain.tip.height - height + 1 : -1,
    height,
    version: header.version,
    versionHex: hex32(header.version),
    merkleroot: header.merkleRoot,
    time: header.time,
    mediantime: medianTime(block),
    nonce: header.nonce,
    bits: hex32(header.bits),
    difficulty: REGTEST_DIFFICULTY,
    chainwork: block.work.toString(16).padStart(HASH_DIGITS, '0'),
    nTx: block.transactions,
    ...(block.parent === undefined ? {} : { previousblockhash: block.parent.hash }),
    ...(next === undefined ? {} : { nextblockhash: next.hash }),
    chainlock: chain.isLocked(block),
  };
}

function getchaintips(chain: Chain): object[] {
  return chain.branches().map(({ tip, fork, status }) => ({
    height: tip.height,
    hash: tip.hash,
    difficulty: REGTEST_DIFFICULTY,
    chainwork: tip.work.toString(16).padStart(HASH_DIGITS, '0'),
    branchlen: tip.height - fork.height,
    forkpoint: fork.hash,
    status,
  }));
}

function getbestchainlock(chain: Chain): object {
  const { bestLocked } = chain;
  if (bestLocked === undefined) throw new RpcError(RPC_INTERNAL_ERROR, 'Unable to find any ChainLock');
  const hex = chainLockOf(bestLocked).toString('hex');
  const signature = hex.slice(-2 * CHAINLOCK_SIGNATURE_BYTES);
  return { blockhash: bestLocked.hash, height: bestLocked.height, signature, known_block: true, hex };
}

function getblockchaininfo(chain: Chain): object {
  const { tip } = chain;
  return {
    chain: 'regtest',
    blocks: tip.height,
    headers: chain.bestHeader.height,
    bestblockhash: tip.hash,
    difficulty: REGTEST_DIFFICULTY,
    time: tip.header.time,
    mediantime: medianTime(tip),
    verificationprogress: 1,
    initialblockdownload: chain.initialDownload,
    chainwork: tip.work.toString(16).padStart(HASH_DIGITS, '0'),
    pruned: false,
    warnings: '',
  };
}

function getnetworkinfo(node: SimulatedNode): object {
  const inbound = [...node.peers].filter((peer) => peer.inbound).length;
  return {
    version: clientVersionOf(node.release),
    buildversion: `v${node.release.version}`,
    subversion: userAgentOf(node.release),
    protocolversion: node.release.protocolVersion,
    localservices: SERVICES.toString(16).padStart(16, '0'),
    localrelay: true,
    timeoffset: 0,
    networkactive: true,
    connections: node.peers.size,
    connections_in: inbound,
    connections_out: node.peers.size - inbound,
    relayfee: 0.00001,
    incrementalfee: 0.00001,
    localaddresses: [],
    warnings: '',
  };
}

function getpeerinfo(node: SimulatedNode): object[] {
  return [...node.peers].map((peer) => ({
    id: peer.id,
    addr: peer.address,
    ...(peer.version === undefined ? {} : { addrlocal: formatLocal(peer.version.receiver) }),
    network: 'ipv4',
    services: (peer.version?.services ?? 0n).toString(16).padStart(16, '0'),
    relaytxes: peer.version?.relay ?? false,
    conntime: Math.floor(peer.connectedAt / 1000),
    timeoffset: 0,
    version: peer.version?.version ?? 0,
    subver: peer.version?.userAgent ?? '',
    inbound: peer.inbound,
    startingheight: peer.version?.height ?? -1,
    synced_headers: peer.bestKnown?.height ?? -1,
    synced_blocks: peer.bestKnown?.height ?? -1,
    bip152_hb_to: node.highBandwidth.has(peer),
    bip152_hb_from: peer.wantsCompactAtOnce,
    connection_type: peer.inbound ? 'inbound' : 'outbound-full-relay',
  }));
}

/** The node's own address, as the peer reported it in `version`. */
function formatLocal({ host, port }: NetAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function getblocktemplate(node: SimulatedNode): object {
  const template = node.chain.template();
  return {
    capabilities: ['proposal'],
    version: 0x2000_0000,
    rules: ['csv'],
    previousblockhash: template.parent,
    transactions: [],
    coinbasevalue: REGTEST_REWARD,
    target: REGTEST_TARGET,
    mintime: medianTime(node.chain.tip) + 1,
    mutable: ['time', 'transactions', 'prevblock'],
    noncerange: '00000000ffffffff',
    sizelimit: 2_000_000,
    curtime: template.time,
    bits: '207fffff',
    height: template.height,
    coinbase_payload: '',
  };
}

function blockAt(chain: Chain, height: number): ChainBlock {
  const block = chain.at(height);
  if (block === undefined) throw new RpcError(RPC_INVALID_PARAMETER, 'Block height out of range');
  return block;
}

function blockOf(chain: Chain, value: unknown): ChainBlock {
  const hash = asString(value, 'getblock "blockhash" ( verbosity )');
  if (hash.length !== HASH_DIGITS) {
    const message = `blockhash must be of length ${HASH_DIGITS} (not ${hash.length}, for '${hash}')`;
    throw new RpcError(RPC_INVALID_PARAMETER, message);
  }
  const block = chain.get(hash.toLowerCase());
  if (block === undefined) throw new RpcError(RPC_INVALID_ADDRESS_OR_KEY, 'Block not found');
  return block;
}

/** @param usage dashd's error message when the argument is missing: the first line of its help */
function asString(value: unknown, usage: string): string {
  if (typeof value === 'string') return value;
  if (value === undefined) throw new RpcError(RPC_MISC_ERROR, usage);
  throw new RpcError(RPC_TYPE_ERROR, `JSON value of type ${jsonType(value)} is not of expected type string`);
}

function asNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (value === undefined) throw new RpcError(RPC_MISC_ERROR, 'getblockhash height');
  throw new RpcError(RPC_TYPE_ERROR, `JSON value of type ${jsonType(value)} is not of expected type number`);
}

function jsonType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
