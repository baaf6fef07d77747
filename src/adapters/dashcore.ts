/**
 * dashcore-lib as a reader of addresses and payloads. To load it takes 0.3 s and 30 MB: only the thread that reads blocks imports this file.
 * It knows Dash Core up to 23: what is newer is not readable, and nothing that matters may depend on it.
 */
import { createRequire } from 'node:module';

// Two folders of dashcore-lib instead of its index: its types do not have the payloads' parser, and half of the library is not needed.
const require = createRequire(import.meta.url);
const { parseBuffer } = require('@dashevo/dashcore-lib/lib/transaction/payload/payload') as {
  parseBuffer(type: number, payload: Buffer): unknown;
};
const Script = require('@dashevo/dashcore-lib/lib/script') as new (
  bytes: Buffer,
) => {
  isPublicKeyHashOut(): boolean;
  isScriptHashOut(): boolean;
  toAddress(network: 'mainnet' | 'testnet'): object;
};

/** @param isMain mainnet; all other networks have testnet's prefixes. Never `regtest`, whose look-up changes the shared testnet object */
export function dashcoreReader(isMain: boolean) {
  const network = isMain ? 'mainnet' : 'testnet';
  return {
    addressOf(script: Buffer): string | undefined {
      try {
        const parsed = new Script(script);
        // Without this check a script that looks like an input's would have an address as well.
        const isPaid = parsed.isPublicKeyHashOut() || parsed.isScriptHashOut();
        return isPaid ? String(parsed.toAddress(network)) : undefined;
      } catch {
        // The library throws at what is no script, in errors of many kinds; for us it is an output without an address.
        return undefined;
      }
    },
    canRead(type: number, payload: Buffer): boolean {
      try {
        parseBuffer(type, payload);
        return true;
      } catch {
        // Likewise: unknown types, newer versions and invalid fields are all "not readable".
        return false;
      }
    },
  };
}
