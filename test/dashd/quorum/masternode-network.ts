/**
 * Real masternodes on regtest: dashds without a wallet, registered by transactions of ours, whose quorums sign ChainLocks. In real time,
 * without mocktime: regtest starts a phase of the DKG as soon as its block is there. Facts: Dash Core `chainparams.cpp`
 * (CRegTestParams), `net.cpp` (ThreadOpenMasternodeConnections), `active/masternode.cpp`, `spork.h`.
 */
import { loadX11 } from '../../../src/block/x11.js';
import { ANYONE_CAN_SPEND } from '../../../src/simulated/build-coinbase.js';
import { type DashdProcess, startDashd } from '../../../src/simulated/dashd-process.js';
import { type Funding, fillerTransactions } from '../../../src/simulated/filler.js';
import { encodeTransaction, txidOf } from '../../../src/simulated/transaction.js';
import type { Hash } from '../../../src/wire/reader.js';
import { eventually } from '../../contract/node-under-test.js';
import {
  DKG_INTERVAL,
  type DkgStatus,
  isCommitted,
  isStageDone,
  LAST_STAGE,
  LLMQ_TEST,
  type QuorumKind,
} from './dkg.js';
import {
  CONSENSUS,
  finishSync,
  generateKey,
  masternodeArguments,
  mineFunds,
  type OperatorKey,
  register,
  spareFunds,
} from './registration.js';

/** Regtest's spork key, which Dash Core's chainparams.cpp states. */
const SPORK_KEY = 'cP4EKFyJsHT39LDqgdcB43Y3YXjNyjb5Fuas1GQSeAtjnZWmZEQK';
/** Of one transaction: a mempool takes at most 25 that spend each other. */
const FILLER_BYTES = 2_000;
/** Of quorums and ChainLocks. */
const SPORKS = ['SPORK_17_QUORUM_DKG_ENABLED', 'SPORK_19_CHAINLOCKS_ENABLED'];
/** A quorum signs for heights that are this far above the block with its commitment. Source: Dash Core `llmq/signing.h`. */
const SIGN_HEIGHT_OFFSET = 8;
/** The members of a quorum are chosen from the list of masternodes this many blocks below its first. Source: Dash Core `llmq/utils.cpp`. */
const MEMBERS_OFFSET = 8;

export interface Masternode {
  readonly node: DashdProcess;
  readonly proTxHash: Hash;
}

export class MasternodeNetwork {
  /** What the next transactions spend. */
  #funds: Funding;

  private constructor(
    /** The pool's own dashd, which is no masternode. */
    readonly dashd: DashdProcess,
    readonly masternodes: readonly Masternode[],
    funds: Funding,
  ) {
    this.#funds = funds;
  }

  /** Starts masternodes that are ready, and connected to the pool's dashd. @param count at least the 3 of a quorum */
  static async start(count: number): Promise<MasternodeNetwork> {
    await loadX11();
    const topics = ['rawblock', 'hashblock', 'hashchainlock'];
    const dashd = await startDashd({ arguments: [...CONSENSUS, `-sporkkey=${SPORK_KEY}`], zmq: { topics } });
    const keys: OperatorKey[] = [];
    while (keys.length < count) keys.push(await generateKey(dashd));
    await mineFunds(dashd, count);
    const masternodes = await Promise.all(
      keys.map(async (key, nth) => {
        const node = await startDashd({ arguments: [...CONSENSUS, ...masternodeArguments(key)] });
        return { node, proTxHash: await register(dashd, nth, node, key) };
      }),
    );
    const network = new MasternodeNetwork(dashd, masternodes, await spareFunds(dashd, count));
    await network.join();
    await Promise.all([dashd, ...network.nodes].map(finishSync));
    await network.mine(1 + MEMBERS_OFFSET);
    await Promise.all(network.nodes.map(untilReady));
    await network.turnOn(SPORKS);
    return network;
  }

  get nodes(): readonly DashdProcess[] {
    return this.masternodes.map(({ node }) => node);
  }

  /** Connects all masternodes to the pool's dashd, and waits until they have its chain. */
  async join(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.rpc('addnode', this.dashd.address, 'onetry')));
    await this.untilSameTip();
  }

  /** Disconnects all masternodes from the pool's dashd; they stay connected to each other. */
  async part(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.rpc('disconnectnode', this.dashd.address)));
  }

  /** The pool's dashd mines blocks, and all masternodes get them. @returns the hash of the last */
  async mine(count: number): Promise<Hash> {
    await this.dashd.generate(count);
    return this.untilSameTip();
  }

  /** Puts transactions of `bytes` in total in the mempools of all nodes, connected or not. @returns their ids */
  async fill(bytes: number): Promise<Hash[]> {
    return this.spread(this.transactions(bytes));
  }

  /** Splits the funds, and mines a block with that. @returns the outputs, for transactions that do not depend on each other */
  async split(count: number): Promise<Funding[]> {
    const { txid, index, value } = this.#funds;
    const share = value / BigInt(count + 1);
    const outputs = Array.from({ length: count + 1 }, () => ({ value: share, script: ANYONE_CAN_SPEND }));
    const raw = encodeTransaction({ version: 2, inputs: [{ txid, index, script: Buffer.alloc(0) }], outputs });
    await this.spread([raw]);
    await this.mine(1);
    this.#funds = { txid: txidOf(raw), index: count, value: share };
    return outputs.slice(1).map((_, at) => ({ txid: txidOf(raw), index: at, value: share }));
  }

  /** Transactions of `bytes` in total that no node has yet, each of which spends the one before. */
  transactions(bytes: number): Buffer[] {
    const transactions = fillerTransactions(bytes, FILLER_BYTES, this.#funds);
    const last = transactions.at(-1);
    if (last !== undefined) this.#funds = { ...this.#funds, txid: txidOf(last), index: 0 };
    return transactions;
  }

  /** Puts transactions in the mempools of all nodes. @returns their ids */
  async spread(transactions: readonly Buffer[]): Promise<Hash[]> {
    for (const raw of transactions) {
      await Promise.all(
        [this.dashd, ...this.nodes].map((node) => node.rpc('sendrawtransaction', raw.toString('hex'), 0)),
      );
    }
    return transactions.map(txidOf);
  }

  /**
   * Mines one cycle of the DKG, until its quorums sign.
   * @param kinds whose quorums are waited for
   * @returns the hash of the first
   */
  async mineQuorum(kinds: readonly QuorumKind[] = [LLMQ_TEST]): Promise<Hash> {
    const height = await this.dashd.rpc<number>('getblockcount');
    const first = await this.mine(DKG_INTERVAL - (height % DKG_INTERVAL));
    const bases = [first];
    const last = Math.max(...kinds.map(({ mining }) => mining));
    for (let stage = 0; stage <= last; stage += 1) {
      for (const kind of kinds) {
        for (const [index, base] of bases.slice(0, kind.perCycle).entries()) {
          await this.untilStageDone(kind, base, stage, stage - index);
        }
      }
      if (stage < last) bases.push(await this.mine(1));
    }
    await this.mine(1 + SIGN_HEIGHT_OFFSET);
    return first;
  }

  /** The hashes of the quorums that are active for the next block, the newest first. */
  async quorums(): Promise<Hash[]> {
    const height = await this.dashd.rpc<number>('getblockcount');
    const { [LLMQ_TEST.name]: quorums = [] } = await this.dashd.rpc<Record<string, Record<Hash, unknown>[]>>(
      'quorum',
      'listextended',
      height + 1 - SIGN_HEIGHT_OFFSET,
    );
    return quorums.flatMap((quorum) => Object.keys(quorum));
  }

  /** The proTxHashes of a quorum's members. */
  async membersOf(quorum: Hash): Promise<Hash[]> {
    const { members } = await this.dashd.rpc<{ members: { proTxHash: Hash }[] }>(
      'quorum',
      'info',
      LLMQ_TEST.type,
      quorum,
    );
    return members.map(({ proTxHash }) => proTxHash);
  }

  /** Those that are in an active quorum. */
  async members(): Promise<Masternode[]> {
    const members = (await Promise.all((await this.quorums()).map((quorum) => this.membersOf(quorum)))).flat();
    return this.masternodes.filter(({ proTxHash }) => members.includes(proTxHash));
  }

  /** A masternode that is a member of a quorum. @throws Error when there is none here */
  async memberOf(quorum: Hash): Promise<DashdProcess> {
    const members = await this.membersOf(quorum);
    const found = this.masternodes.find(({ proTxHash }) => members.includes(proTxHash));
    if (found === undefined) throw new Error(`no member of quorum ${quorum}`);
    return found.node;
  }

  /** Turns on what sporks turn on, such as `SPORK_2_INSTANTSEND_ENABLED`, at all nodes. @param value 0 for all of it */
  async turnOn(sporks: readonly string[], value = 0): Promise<void> {
    for (const spork of sporks) await this.dashd.rpc('sporkupdate', spork, value);
    const isActive = async (node: DashdProcess) => {
      const values = await node.rpc<Record<string, number>>('spork', 'show');
      return sporks.every((spork) => values[spork] === value) || undefined;
    };
    await Promise.all(this.nodes.map((node) => eventually(() => isActive(node), `the sporks ${sporks}`)));
  }

  async remove(): Promise<void> {
    await Promise.all([this.dashd, ...this.nodes].map((node) => node.remove()));
  }

  /** @param stage of the cycle @param own of the quorum that began at `base` */
  private async untilStageDone(kind: QuorumKind, base: Hash, stage: number, own: number): Promise<void> {
    const what = `stage ${own} of quorum ${base}, ${kind.name}`;
    if (stage === kind.mining) {
      await eventually(async () => (await isCommitted(kind, this.dashd, base)) || undefined, what);
    } else if (own < LAST_STAGE) {
      await eventually(async () => {
        const statuses = await Promise.all(this.nodes.map((node) => node.rpc<DkgStatus>('quorum', 'dkgstatus')));
        return isStageDone(kind, statuses, base, own) || undefined;
      }, what);
    }
  }

  private async untilSameTip(): Promise<Hash> {
    const tip = await this.dashd.rpc<Hash>('getbestblockhash');
    const isThere = async (node: DashdProcess) => (await node.rpc('getbestblockhash')) === tip || undefined;
    await Promise.all(this.nodes.map((node) => eventually(() => isThere(node), `the block ${tip}`)));
    return tip;
  }
}

function untilReady(node: DashdProcess): Promise<true> {
  return eventually(async () => {
    const { state } = await node.rpc<{ state: string }>('masternode', 'status');
    return state === 'READY' || undefined;
  }, 'a masternode to be ready');
}
