/** The RPC methods by which a relay learns of masternodes and quorums. Source: Dash Core `rpc/quorums.cpp`, `rpc/masternode.cpp`. */
import type { Hash } from '../wire/reader.js';
import type { Chain } from './chain.js';
import type { Masternode, Masternodes, SimulatedQuorum } from './masternodes.js';
import { RpcError, type RpcMethods } from './rpc-calls.js';

/** What a dashd knows of masternodes. */
export interface MasternodeSource {
  readonly chain: Chain;
  /** Read for each call. */
  readonly masternodes: () => Masternodes;
  /** False from Dash Core 24 on: `address` and `service` are left out, only `addresses` is given. */
  readonly hasLegacyAddresses: boolean;
}

const RPC_MISC_ERROR = -1;
const RPC_INVALID_PARAMETER = -8;
const HASH_DIGITS = 64;
/** The types of regtest besides the one that signs ChainLocks; the simulation has no quorums of them. */
const OTHER_TYPES = ['llmq_test_instantsend', 'llmq_test_dip0024', 'llmq_test_platform'];
const MODES: ReadonlySet<unknown> = new Set(['json', 'recent']);
/** Bytes of a BLS public key. */
const KEY_BYTES = 48;

export function quorumMethods(source: MasternodeSource): RpcMethods {
  const commands: Readonly<Record<string, (params: readonly unknown[]) => unknown>> = {
    list: ([count]) => list(source, count),
    listextended: ([height]) => listExtended(source, height),
    info: ([type, hash]) => info(source, type, hash),
  };
  return new Map<string, (params: readonly unknown[]) => unknown>([
    [
      'quorum',
      ([command, ...params]) => {
        if (command === undefined) throw new RpcError(RPC_MISC_ERROR, 'quorum "command"');
        const run = new Map(Object.entries(commands)).get(String(command));
        if (run === undefined) throw new RpcError(RPC_INVALID_PARAMETER, 'Must be a valid command');
        return run(params);
      },
    ],
    ['masternodelist', ([mode = 'json']) => masternodeList(source, mode)],
  ]);
}

function list({ chain, masternodes }: MasternodeSource, count: unknown): object {
  const all = masternodes();
  const limit = count === undefined || Number(count) === -1 ? all.rules.active : Number(count);
  const hashes = all.activeAt(chain, chain.tip.height).map(({ base }) => base.hash);
  return { [all.rules.name]: hashes.slice(0, limit), ...noneOfOtherTypes() };
}

function listExtended({ chain, masternodes }: MasternodeSource, height: unknown = chain.tip.height): object {
  const at = Number(height);
  if (!(at >= 0 && at <= chain.tip.height)) throw new RpcError(RPC_INVALID_PARAMETER, 'Block height out of range');
  const all = masternodes();
  return {
    [all.rules.name]: all.activeAt(chain, at).map(({ base, mined, members }) => ({
      [base.hash]: {
        creationHeight: base.height,
        minedBlockHash: mined.hash,
        numValidMembers: members.length,
        healthRatio: '1.00',
      },
    })),
    ...noneOfOtherTypes(),
  };
}

function noneOfOtherTypes(): Record<string, never[]> {
  return Object.fromEntries(OTHER_TYPES.map((name) => [name, []]));
}

function info(source: MasternodeSource, type: unknown, hash: unknown): object {
  const all = source.masternodes();
  if (Number(type) !== all.rules.type) throw new RpcError(RPC_INVALID_PARAMETER, 'invalid LLMQ type');
  const text = String(hash);
  if (text.length !== HASH_DIGITS) {
    const message = `quorumHash must be of length ${HASH_DIGITS} (not ${text.length}, for '${text}')`;
    throw new RpcError(RPC_INVALID_PARAMETER, message);
  }
  const quorum = all.find(source.chain, text.toLowerCase());
  if (quorum === undefined) throw new RpcError(RPC_INVALID_PARAMETER, 'quorum not found');
  return describe(source, quorum, all.rules.name);
}

function describe(
  { hasLegacyAddresses }: MasternodeSource,
  { base, mined, members }: SimulatedQuorum,
  type: string,
): object {
  return {
    height: base.height,
    type,
    quorumHash: base.hash,
    quorumIndex: 0,
    minedBlock: mined.hash,
    members: members.map(({ proTxHash, address }) => ({
      proTxHash,
      ...(hasLegacyAddresses && { service: address }),
      addresses: { core_p2p: [address] },
      pubKeyOperator: keyOf(proTxHash),
      valid: true,
    })),
    quorumPublicKey: keyOf(base.hash),
  };
}

function masternodeList(source: MasternodeSource, mode: unknown): object {
  if (!MODES.has(mode)) throw new RpcError(RPC_INVALID_PARAMETER, `strMode ${mode} not found`);
  const entries = source.masternodes().list.map((one) => [`${one.proTxHash}-1`, entryOf(one, source)]);
  return Object.fromEntries(entries);
}

function entryOf({ proTxHash, address, banned }: Masternode, { hasLegacyAddresses }: MasternodeSource): object {
  return {
    proTxHash,
    ...(hasLegacyAddresses && { address }),
    addresses: { core_p2p: [address] },
    payee: 'UNKNOWN',
    status: banned ? 'POSE_BANNED' : 'ENABLED',
    type: 'Regular',
    pospenaltyscore: 0,
    consecutivePayments: 0,
    lastpaidtime: 0,
    lastpaidblock: 0,
    collateraladdress: 'UNKNOWN',
    pubkeyoperator: keyOf(proTxHash),
  };
}

/** Has the size of a key, and differs from one to the next. */
function keyOf(hash: Hash): string {
  return hash.repeat(2).slice(0, 2 * KEY_BYTES);
}
