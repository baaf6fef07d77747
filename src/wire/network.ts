/** What tells one Dash network from another on the wire. Source: Dash Core `src/chainparams.cpp`. */
export interface Network {
  readonly name: NetworkName;
  /** The four bytes that open every message. */
  readonly magic: Buffer;
  readonly p2pPort: number;
  readonly rpcPort: number;
  /** Host names whose addresses are peers. */
  readonly dnsSeeds: readonly string[];
  /** The easiest target a header may claim, as a 256-bit integer. */
  readonly powLimit: bigint;
}

export const NETWORK_NAMES = ['mainnet', 'testnet', 'devnet', 'regtest'] as const;
export type NetworkName = (typeof NETWORK_NAMES)[number];

const TWENTY_ZERO_BITS = (1n << 236n) - 1n;
const ONE_ZERO_BIT = (1n << 255n) - 1n;

export const NETWORKS: Readonly<Record<NetworkName, Network>> = {
  mainnet: {
    name: 'mainnet',
    magic: Buffer.from('bf0c6bbd', 'hex'),
    p2pPort: 9999,
    rpcPort: 9998,
    dnsSeeds: ['dnsseed.dash.org'],
    powLimit: TWENTY_ZERO_BITS,
  },
  testnet: {
    name: 'testnet',
    magic: Buffer.from('cee2caff', 'hex'),
    p2pPort: 19999,
    rpcPort: 19998,
    dnsSeeds: ['testnet-seed.dashdot.io'],
    powLimit: TWENTY_ZERO_BITS,
  },
  devnet: {
    name: 'devnet',
    magic: Buffer.from('e2caffce', 'hex'),
    p2pPort: 19799,
    rpcPort: 19798,
    dnsSeeds: [],
    powLimit: ONE_ZERO_BIT,
  },
  regtest: {
    name: 'regtest',
    magic: Buffer.from('fcc1b7dc', 'hex'),
    p2pPort: 19899,
    rpcPort: 19898,
    dnsSeeds: [],
    powLimit: ONE_ZERO_BIT,
  },
};
