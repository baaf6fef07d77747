/**
 * Asks dashd which ChainLock quorums are active and who their members are. Members are asked for once for each quorum, and kept as long as it
 * is active; their present addresses come from the list of masternodes, since a quorum's own answer has those of the day it was formed.
 *
 * Cost: three small calls for each tip (a header, two lists of quorums); for each new quorum (mainnet: one in 12 hours) its members, 200 KB;
 * the list of masternodes, 2 MB, once an hour at most.
 */
import { lastValueFrom, type SchedulerLike } from 'rxjs';
import { z } from 'zod';
import { HashText } from '../../contracts/hash.js';
import type { RpcFailure } from '../../contracts/rpc.js';
import { isRoutable, keyOf, type PeerAddress, portStanding } from '../../peers/address.js';
import { type ActiveQuorums, type Member, type Quorum, signingHeight } from '../../quorum/active-quorums.js';
import type { ChainLockType } from '../../quorum/chain-lock-types.js';
import { type Clock, HOUR_MS } from '../../time.js';
import type { NetworkName } from '../../wire/network.js';
import type { Hash } from '../../wire/reader.js';
import { masternodesIn, Place, placeOf, readEach } from '../dashd/masternodes.js';
import { inSlices } from '../operators/in-slices.js';
import type { Rpc } from '../ports.js';

export type Reading =
  | {
      readonly state: 'active';
      readonly active: ActiveQuorums;
      /** Those that are active for the next block, and those that will be in a few blocks. */
      readonly known: readonly Quorum[];
    }
  | { readonly state: 'none' }
  | { readonly state: 'not-understood'; readonly method: string }
  | { readonly state: 'refused'; readonly method: string; readonly detail: string }
  /** No answer, which others report. */
  | { readonly state: 'unanswered' };

export interface AskQuorumsDeps {
  readonly rpc: Pick<Rpc, 'call'>;
  readonly network: NetworkName;
  readonly chainLock: ChainLockType;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly scheduler: SchedulerLike;
}

/** More than any network has active at once (testnet: 24), and than any quorum has members (400). */
const MAX_QUORUMS = 64;
const MAX_MEMBERS = 1_000;
const ADDRESSES_EVERY_MS = HOUR_MS;

const Header = z.object({ height: z.number().int().nonnegative() });
/** By the name of a type, the newest first; each entry is an object with the hash as its only key. */
const Lists = z.record(z.string(), z.unknown());
const List = z.array(z.record(HashText, z.unknown())).max(MAX_QUORUMS);
const Info = z.object({ members: z.array(z.unknown()).max(MAX_MEMBERS) });
const ListedMember = Place.extend({ proTxHash: HashText, valid: z.boolean().optional().catch(undefined) });

type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reading: Reading };

/** Core `rpc/protocol.h`: RPC_METHOD_NOT_FOUND. Such a dashd has no quorums. */
const METHOD_NOT_FOUND = -32601;
/** RPC_INVALID_ADDRESS_OR_KEY: no such block. RPC_INVALID_PARAMETER: no such height or quorum. */
const NOT_FOUND = -5;
const INVALID_PARAMETER = -8;

export class AskQuorums {
  /** By quorum hash; with the address of a member as its quorum has it. */
  private members = new Map<Hash, readonly Member[]>();
  /** By masternode. */
  private addresses: ReadonlyMap<Hash, string> = new Map();
  /** The members as listed, with those addresses: the same object from tip to tip while nothing changes. */
  private resolved = new WeakMap<readonly Member[], readonly Member[]>();
  private addressesAt: number | undefined;

  constructor(private readonly deps: AskQuorumsDeps) {}

  /** Never rejects. */
  async read(tip: Hash): Promise<Reading> {
    const { chainLock } = this.deps;
    const header = await this.ask(Header, 'getblockheader', tip);
    if (!header.ok) return header.reading;
    const { height } = header.value;
    const [active, coming] = [await this.hashes(signingHeight(height)), await this.hashes(height)];
    if (!active.ok) return active.reading;
    if (!coming.ok) return coming.reading;
    const known = [...new Set([...active.value, ...coming.value])];
    if (known.length === 0) return { state: 'none' };
    const fault = await this.learnMembers(known);
    if (fault !== undefined) return fault;
    await this.learnAddresses();
    const quorum = (hash: Hash): Quorum => ({ hash, type: chainLock.type, members: this.membersOf(hash) });
    return {
      state: 'active',
      active: { tip, height, type: chainLock.type, quorums: active.value.map(quorum) },
      known: known.map(quorum),
    };
  }

  /** The hashes of the quorums that are active as of a height, the newest first. */
  private async hashes(height: number): Promise<Result<readonly Hash[]>> {
    if (height < 0) return { ok: true, value: [] };
    const lists = await this.ask(Lists, 'quorum', 'listextended', height);
    if (!lists.ok) return lists;
    const list = List.safeParse(lists.value[this.deps.chainLock.name] ?? []);
    return list.success
      ? { ok: true, value: list.data.flatMap((entry) => Object.keys(entry)) }
      : { ok: false, reading: { state: 'not-understood', method: nameOf('quorum', ['listextended']) } };
  }

  /** Asks for the members of quorums that are new, and forgets those of quorums that are gone. @returns what went wrong */
  private async learnMembers(hashes: readonly Hash[]): Promise<Reading | undefined> {
    const learned = new Map<Hash, readonly Member[]>();
    for (const hash of hashes) {
      const kept = this.members.get(hash);
      const members = kept === undefined ? await this.membersFromDashd(hash) : { ok: true as const, value: kept };
      if (!members.ok) return members.reading;
      learned.set(hash, members.value);
    }
    this.members = learned;
    return undefined;
  }

  private async membersFromDashd(hash: Hash): Promise<Result<readonly Member[]>> {
    const info = await this.ask(Info, 'quorum', 'info', this.deps.chainLock.type, hash);
    if (!info.ok) return info;
    const { members } = info.value;
    const listed = await this.inSlices(() =>
      readEach(members, ListedMember, ({ valid = true, proTxHash: masternode, ...where }) => {
        const peer = this.dialable(placeOf(where));
        return { valid, member: { masternode, ...(peer !== undefined && { peer }) } satisfies Member };
      }),
    );
    if (members.length > 0 && listed.length === 0) {
      return { ok: false, reading: { state: 'not-understood', method: nameOf('quorum', ['info']) } };
    }
    // One that took no part in the key generation has no share of the key, so it cannot sign.
    return { ok: true, value: listed.filter(({ valid }) => valid).map(({ member }) => member) };
  }

  private async learnAddresses(): Promise<void> {
    const now = this.deps.clock.monotonic();
    if (this.addressesAt !== undefined && now - this.addressesAt < ADDRESSES_EVERY_MS) return;
    this.addressesAt = now;
    const answer = await this.deps.rpc.call('masternodelist', ['json']);
    const masternodes = answer.ok ? await this.inSlices(() => masternodesIn(answer.result)) : undefined;
    // Without the list, the addresses of the quorums themselves are used; it is asked for again in an hour.
    if (masternodes === undefined) return;
    const members = new Set([...this.members.values()].flatMap((all) => all.map(({ masternode }) => masternode)));
    const addresses = new Map<Hash, string>();
    for (const { proTxHash, place } of masternodes) {
      const peer = proTxHash !== undefined && members.has(proTxHash) ? this.dialable(place) : undefined;
      if (proTxHash !== undefined && peer !== undefined) addresses.set(proTxHash, peer);
    }
    this.addresses = addresses;
    this.resolved = new WeakMap();
  }

  /** Reads a long answer while the event loop does other work. */
  private inSlices<T>(begin: () => Generator<unknown, T>): Promise<T> {
    return lastValueFrom(inSlices(begin, this.deps));
  }

  private membersOf(hash: Hash): readonly Member[] {
    const listed = this.members.get(hash) ?? [];
    const known = this.resolved.get(listed);
    if (known !== undefined) return known;
    const members = listed.map((member) => {
      const peer = this.addresses.get(member.masternode);
      return peer === undefined || peer === member.peer ? member : { ...member, peer };
    });
    this.resolved.set(listed, members);
    return members;
  }

  /** @returns undefined for an address at which no masternode can be, whatever dashd says */
  private dialable(address: PeerAddress | undefined): string | undefined {
    const { network } = this.deps;
    if (address === undefined || !isRoutable(address, network)) return undefined;
    return portStanding(address.port, network) === 'foreign' ? undefined : keyOf(address);
  }

  private async ask<T>(schema: z.ZodType<T>, method: string, ...params: readonly unknown[]): Promise<Result<T>> {
    const answer = await this.deps.rpc.call(method, params);
    const called = nameOf(method, params);
    if (!answer.ok) return { ok: false, reading: unanswered(called, answer) };
    const parsed = schema.safeParse(answer.result);
    if (parsed.success) return { ok: true, value: parsed.data };
    return { ok: false, reading: { state: 'not-understood', method: called } };
  }
}

/** As dashd's help calls it. */
function nameOf(method: string, params: readonly unknown[]): string {
  return method === 'quorum' ? `${method} ${String(params[0])}` : method;
}

function unanswered(method: string, { code, rpcCode, detail }: RpcFailure): Reading {
  if (rpcCode === METHOD_NOT_FOUND) return { state: 'none' };
  // Of a block or quorum that dashd does not have: a block of ours that is on its way to it, or was rejected; a reorganisation.
  if (rpcCode === NOT_FOUND || rpcCode === INVALID_PARAMETER) return { state: 'unanswered' };
  // dashd answers, but not this call: its `rpcwhitelist` may lack it.
  return code === 'forbidden' || code === 'rpc-error' ? { state: 'refused', method, detail } : { state: 'unanswered' };
}
