/** The parameters of each Dash network. Source: Dash Core `src/chainparams.cpp`. */
export interface Network {
  readonly name: NetworkName;
  /** The first four bytes of every message. */
  readonly magic: Buffer;
  readonly p2pPort: number;
  readonly rpcPort: number;
  /** DNS names whose addresses are peers (DNS seeds). */
  readonly dnsSeeds: readonly string[];
  /** The highest (easiest) target that a header may claim, as a 256-bit integer. */
  readonly powLimit: bigint;
  /** The highest target expected of a block when no recent block is known. */
  readonly easiestExpected: bigint;
  /** Whether a late block may have an easier target. Source: `fPowAllowMinDifficultyBlocks`. */
  readonly easesLateBlocks: boolean;
}

export const NETWORK_NAMES = ['mainnet', 'testnet', 'devnet', 'regtest'] as const;
export type NetworkName = (typeof NETWORK_NAMES)[number];

const TWENTY_ZERO_BITS = (1n << 236n) - 1n;
const ONE_ZERO_BIT = (1n << 255n) - 1n;
/**
 * The target of one block per 2^52 hashes. Up to height 2,429,859 a block of mainnet took 2^58 hashes on average, in recent years
 * more. Source: `nMinimumChainWork`.
 */
const MAINNET_EXPECTED = 1n << 204n;

export const NETWORKS: Readonly<Record<NetworkName, Network>> = {
  mainnet: {
    name: 'mainnet',
    magic: Buffer.from('bf0c6bbd', 'hex'),
    p2pPort: 9999,
    rpcPort: 9998,
    dnsSeeds: ['dnsseed.dash.org'],
    powLimit: TWENTY_ZERO_BITS,
    easiestExpected: MAINNET_EXPECTED,
    easesLateBlocks: false,
  },
  testnet: {
    name: 'testnet',
    magic: Buffer.from('cee2caff', 'hex'),
    p2pPort: 19999,
    rpcPort: 19998,
    dnsSeeds: ['testnet-seed.dashdot.io'],
    powLimit: TWENTY_ZERO_BITS,
    easiestExpected: TWENTY_ZERO_BITS,
    easesLateBlocks: true,
  },
  devnet: {
    name: 'devnet',
    magic: Buffer.from('e2caffce', 'hex'),
    p2pPort: 19799,
    rpcPort: 19798,
    dnsSeeds: [],
    powLimit: ONE_ZERO_BIT,
    easiestExpected: ONE_ZERO_BIT,
    easesLateBlocks: true,
  },
  regtest: {
    name: 'regtest',
    magic: Buffer.from('fcc1b7dc', 'hex'),
    p2pPort: 19899,
    rpcPort: 19898,
    dnsSeeds: [],
    powLimit: ONE_ZERO_BIT,
    easiestExpected: ONE_ZERO_BIT,
    easesLateBlocks: true,
  },
};
