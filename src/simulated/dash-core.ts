import { INV } from '../wire/inventory.js';

/**
 * Constants of Dash Core that its peers can observe. Sources: Dash Core 23.1.2 `version.h`, `net.h`, `net_processing.h/.cpp`,
 * `protocol.h`; for 24.0 its release notes, since its source was not available.
 */

/** What differs from one release of Dash Core to the next. */
export interface DashCoreRelease {
  /** Such as `23.1.2`. */
  readonly version: string;
  /** `version` and `protocolversion`; two nodes use the lower of theirs. */
  readonly protocolVersion: number;
  /** The highest inventory type that the release knows. */
  readonly lastInventoryType: number;
}

/** The last inventory type is MSG_PLATFORM_BAN. */
export const DASH_CORE_23: DashCoreRelease = { version: '23.1.2', protocolVersion: 70240, lastInventoryType: 33 };
/** Adds MSG_ASSET_UNLOCK. */
export const DASH_CORE_24: DashCoreRelease = {
  version: '24.0.3',
  protocolVersion: 70242,
  lastInventoryType: INV.assetUnlock,
};

/** The user agent in `version` (BIP 14) and the `subversion` of `getnetworkinfo`. */
export function userAgentOf({ version }: DashCoreRelease): string {
  return `/Dash Core:${version}/`;
}

/** The `version` of `getnetworkinfo`: 230102 for 23.1.2. */
export function clientVersionOf({ version }: DashCoreRelease): number {
  return version.split('.').reduce((number, part) => 100 * number + Number(part), 0);
}

export const MIN_PEER_VERSION = 70221;

export const SERVICE = {
  network: 1n,
  bloom: 1n << 2n,
  networkLimited: 1n << 10n,
  headersCompressed: 1n << 11n,
  p2pV2: 1n << 12n,
} as const;

/** Services of a node that is not a masternode. */
export const SERVICES =
  SERVICE.network | SERVICE.bloom | SERVICE.networkLimited | SERVICE.headersCompressed | SERVICE.p2pV2;
/** Services that a simulated node offers to the nodes it dials: the simulation has no compressed headers (DIP 25). */
export const SERVICES_TO_OTHERS = SERVICES & ~SERVICE.headersCompressed;

export const COMPACT_VERSION = 1n;
export const DISCOURAGEMENT_POINTS = 100;
export const MAX_HEADERS = 2000;
/** A `headers` message of at most this many headers may be an announcement. */
export const MAX_ANNOUNCED_HEADERS = 8;
/** A peer gets points for each such number of announcements that do not connect. */
export const MAX_UNCONNECTING_HEADERS = 10;
export const MAX_BLOCKS_IN_FLIGHT = 16;
/** `MAX_CMPCTBLOCK_DEPTH`: of a block further below the tip, the whole is sent. */
export const MAX_COMPACT_DEPTH = 5;
/** Peers that are asked for high-bandwidth compact blocks (BIP 152) at the same time. */
export const MAX_HIGH_BANDWIDTH = 3;
export const HEADERS_RESPONSE_MS = 2 * 60 * 1000;
export const PING_INTERVAL_MS = 2 * 60 * 1000;

export const MAX_ADDRESSES = 1000;
/** Percentage of the known addresses in an answer to `getaddr`. */
export const MAX_ADDRESS_SHARE = 23;
export const ADDRESSES_PER_SECOND = 0.1;
