import { answer, type FakeRpc, rpcError } from '../dashd/fake-rpc.js';

export function hash(number: number): string {
  return number.toString(16).padStart(64, '0');
}

/** A member as dashd 23 gives it. */
export function memberEntry(n: number, service: unknown = `77.0.${n >> 8}.${n & 255}:9999`): object {
  return { proTxHash: hash(n), service, addresses: { core_p2p: [service] }, pubKeyOperator: 'ab', valid: true };
}

/** `quorum listextended`, with the other types that a node has. */
export function listOf(type: string, hashes: readonly string[]): object {
  const entry = (one: string) => ({ [one]: { creationHeight: 1, minedBlockHash: one, numValidMembers: 1 } });
  return { llmq_100_67: [entry(hash(99))], [type]: hashes.map(entry) };
}

export interface QuorumDashd {
  readonly height: number;
  /** The ChainLock type. */
  readonly type?: string;
  /** The active quorums as of a height, the newest first. */
  active(height: number): readonly string[];
  /** By quorum. */
  readonly members: Readonly<Record<string, readonly object[]>>;
}

/** Gives the RPC the answers of a dashd about its quorums. */
export function quorumRpc(rpc: FakeRpc, { height, type = 'llmq_400_60', active, members }: QuorumDashd): void {
  rpc.replies.set('getblockheader', answer({ height }));
  rpc.replies.set('masternodelist', answer({}));
  rpc.replies.set('quorum', (what, first, second) => {
    if (what === 'listextended') return answer(listOf(type, active(Number(first))));
    const found = members[String(second)];
    return found === undefined ? rpcError(-8, 'quorum not found') : answer({ members: found });
  });
}
