/** Dash Core v23.1.2's figures that its peers can tell. Sources: `version.h`, `net.h`, `net_processing.h/.cpp`, `protocol.h`. */
export const PROTOCOL_VERSION = 70240;
export const MIN_PEER_VERSION = 70221;
export const USER_AGENT = '/Dash Core:23.1.2/';

export const SERVICE = {
  network: 1n,
  bloom: 1n << 2n,
  networkLimited: 1n << 10n,
  headersCompressed: 1n << 11n,
  p2pV2: 1n << 12n,
} as const;

/** What a plain node offers. */
export const SERVICES =
  SERVICE.network | SERVICE.bloom | SERVICE.networkLimited | SERVICE.headersCompressed | SERVICE.p2pV2;
/** What a simulated node offers those it dials: compressed headers (DIP 25) are not part of the simulation. */
export const SERVICES_TO_OTHERS = SERVICES & ~SERVICE.headersCompressed;

export const COMPACT_VERSION = 1n;
export const DISCOURAGEMENT_POINTS = 100;
export const MAX_HEADERS = 2000;
/** A `headers` message no longer than this may be an announcement. */
export const MAX_ANNOUNCED_HEADERS = 8;
/** So many announcements that do not connect, and there are points. */
export const MAX_UNCONNECTING_HEADERS = 10;
export const MAX_BLOCKS_IN_FLIGHT = 16;
/** Only so many peers are asked for compact blocks unasked. */
export const MAX_HIGH_BANDWIDTH = 3;
export const HEADERS_RESPONSE_MS = 2 * 60 * 1000;
export const PING_INTERVAL_MS = 2 * 60 * 1000;

export const MAX_ADDRESSES = 1000;
/** Percent of the known addresses that `getaddr` tells. */
export const MAX_ADDRESS_SHARE = 23;
export const ADDRESSES_PER_SECOND = 0.1;
