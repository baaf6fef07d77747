/** Source: Dash Core 23.1.2 `src/chainparams.cpp`. All three differ only in time, bits and nonce. */
export const GENESIS_BLOCKS = [
  {
    network: 'mainnet',
    time: 1_390_095_618,
    bits: 0x1e0f_fff0,
    nonce: 28_917_698,
    hash: '00000ffd590b1485b3caadc19b22e6379c733355108f107a430458cdf3407ab6',
  },
  {
    network: 'testnet',
    time: 1_390_666_206,
    bits: 0x1e0f_fff0,
    nonce: 3_861_367_235,
    hash: '00000bafbc94add76cb75e2ec92894837288a481e5c005f6563d91623bf8bc2c',
  },
  {
    network: 'regtest',
    time: 1_417_713_337,
    bits: 0x207f_ffff,
    nonce: 1_096_447,
    hash: '000008ca1832a4baf228eb1553c03d3a2c8e02399550dd6ea8d65cec3ef23d2e',
  },
] as const;

export const GENESIS_MERKLE_ROOT = 'e0028eb9648db56b1ac77cf090b99048a8007e2bb64b68f092c03c7f56a662c7';

const HEADLINE = 'Wired 09/Jan/2014 The Grand Experiment Goes Live: Overstock.com Is Now Accepting Bitcoins';
const PUBLIC_KEY =
  '040184710fa689ad5023690c80f3a49c8f13f8d45b8c857fbcbc8bc4a8e4d3eb4b10f4d4604fa08dce601aaf0f470216fe1b51850b4acf21b179c45070ac7b03a9';

export const GENESIS_COINBASE = {
  script: Buffer.concat([Buffer.from('04ffff001d01044c59', 'hex'), Buffer.from(HEADLINE)]),
  value: 5_000_000_000n,
  outputScript: Buffer.from(`41${PUBLIC_KEY}ac`, 'hex'),
};
