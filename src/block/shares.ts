/** Whose share of the block reward an output of the coinbase is, from what dashd says must be paid at its height. */
import type { Payee, Share } from '../contracts/anatomy.js';

/** What a block of a height must pay besides its miner. */
export interface Required {
  readonly masternode: readonly string[];
  readonly superblock: readonly string[];
}

/** What `masternode winners` says where an address is not known. Source: Dash Core `src/rpc/masternode.cpp`. */
const NO_ADDRESS = new Set(['', 'Unknown', 'error']);

/**
 * @param winners dashd's text for the height, `address[, address …]`; undefined where it has none: no masternode is registered
 * @param isSuperblock of the height: then all but the first are taken for proposals, the reward of the masternode's operator included, if it has one
 */
export function requiredOf(winners: string | undefined, isSuperblock: boolean): Required {
  const addresses = (winners ?? '').split(',').map((address) => address.trim());
  const known = addresses.filter((address) => !NO_ADDRESS.has(address));
  return isSuperblock
    ? { masternode: known.slice(0, 1), superblock: known.slice(1) }
    : { masternode: known, superblock: [] };
}

/**
 * Names the share of each output with an address. What is left when all that is required was found is the miner's; nothing is guessed: where a
 * required address is missing, the others stay as they are.
 */
export function withShares(payees: readonly Payee[], { masternode, superblock }: Required): readonly Payee[] {
  const paid = new Set(payees.map(({ address }) => address));
  const isComplete = [...masternode, ...superblock].every((address) => paid.has(address));
  const shareOf = (address: string): Share | undefined => {
    if (masternode.includes(address)) return 'masternode';
    if (superblock.includes(address)) return 'superblock';
    return isComplete ? 'miner' : undefined;
  };
  return payees.map((payee) => {
    const share = payee.address === undefined ? undefined : shareOf(payee.address);
    return share === undefined ? payee : { ...payee, share };
  });
}
