/** What a plan of connections is made from, and what is in it: the vocabulary of select.ts and planner.ts, which make one. */
import type { BARRED, CONNECT, DISCONNECT, KEEP, UnfitCode } from '../messages/peers.js';
import { MINUTE_MS, type Random } from '../time.js';
import type { NetworkName } from '../wire/network.js';
import { type AddressFamily, isLocalNetwork, type PeerKey } from './address.js';
import type { FitnessLimits } from './fitness.js';
import type { CountryOf } from './occupancy.js';
import type { PeerRecord } from './record.js';
import type { Weights } from './score.js';

export interface SelectLimits {
  /** Slots, the protected peer not counted. */
  readonly max: number;
  /** Targets below which free slots are filled with the best at once. */
  readonly min: number;
  /** Points by which a candidate must exceed a connected peer to replace it. */
  readonly margin: number;
  /** Replacements in one plan. */
  readonly maxRotations: number;
  /** A connection younger than this (ms) is not replaced. */
  readonly settleMs: number;
  /** Slots for peers never tried before. */
  readonly exploration: number;
  /** For how long (ms) a peer counts as being tried. */
  readonly explorationMs: number;
  readonly perGroup: number;
  readonly perCountry: number;
  /** Limits of the caps, which rise when too few networks or countries are known. */
  readonly groupCeiling: number;
  readonly countryCeiling: number;
}

/**
 * The limits for a network. On regtest and devnet, where all peers may share one address, the ceilings are the maximum itself.
 */
export function selectLimits(network: NetworkName, given: Partial<SelectLimits> = {}): SelectLimits {
  const max = given.max ?? 20;
  const perGroup = given.perGroup ?? 2;
  const perCountry = given.perCountry ?? Math.max(1, Math.ceil(max * 0.4));
  const local = isLocalNetwork(network);
  return {
    max,
    min: Math.min(5, max),
    margin: 25,
    maxRotations: 4,
    settleMs: 2 * MINUTE_MS,
    exploration: 2,
    explorationMs: 30 * MINUTE_MS,
    perGroup,
    perCountry,
    groupCeiling: local ? max : Math.max(perGroup, Math.ceil(max / 4)),
    countryCeiling: local ? max : Math.max(perCountry, Math.ceil((max * 3) / 4)),
    ...given,
  };
}

/** An open connection, or one being opened. */
export interface OpenConnection {
  readonly key: PeerKey;
  /** When it was begun, ms since the epoch. */
  readonly connectedAt: number;
  /** It has finished its handshake. */
  readonly ready: boolean;
  /** True for the local dashd even where its record is missing. */
  readonly protected?: boolean;
}

/** What selection needs of the peer book. */
export interface BookView {
  get(key: PeerKey): PeerRecord | undefined;
  records(): Iterable<PeerRecord>;
}

export interface SelectInput {
  readonly book: BookView;
  readonly live: readonly OpenConnection[];
  /** ms since the epoch */
  readonly now: number;
  readonly random: Random;
  readonly limits: SelectLimits;
  readonly weights?: Weights;
  readonly fitness?: FitnessLimits;
  readonly tipHeight?: number;
  /** Peers that dashd is connected to itself. */
  readonly dashdPeers?: ReadonlySet<PeerKey>;
  /** ISO code of the country a host is in, if it is known. */
  readonly country?: CountryOf;
  /** What we can dial; onions need a proxy. */
  readonly families?: ReadonlySet<AddressFamily>;
}

export type ConnectCode = keyof typeof CONNECT;
export type DisconnectCode = keyof typeof DISCONNECT;
export type KeepCode = keyof typeof KEEP;
export type SkipCode = keyof typeof BARRED | Exclude<UnfitCode, 'behind'>;

export interface Reason<Code extends string> {
  readonly code: Code;
  /** For people; may name figures and peers. */
  readonly text: string;
}

export interface Planned<Code extends string> {
  readonly peer: PeerKey;
  /**
   * In a replacement, the other peer: the one that is replaced, or its replacement. The caller may delay the disconnect until the other's
   * handshake is done.
   */
  readonly other?: PeerKey;
  readonly reason: Reason<Code>;
}

export interface Plan {
  readonly connect: readonly Planned<ConnectCode>[];
  readonly disconnect: readonly Planned<DisconnectCode>[];
  readonly keep: readonly Planned<KeepCode>[];
  /** Live peers that count as broadcast targets, before the plan. */
  readonly targets: number;
  /** The number of candidates, and why other peers are none; some of these may be connected to as a last resort. */
  readonly candidates: number;
  readonly skipped: Readonly<Record<SkipCode, number>>;
}

/** Whether free slots should be refilled now rather than at the next refresh. */
export function needsRefill(targets: number, limits: SelectLimits): boolean {
  return targets < limits.min;
}
