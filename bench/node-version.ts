import { PROTOCOL_VERSION } from '../src/session/limits.js';
import type { Version } from '../src/wire/version.js';

const NODE_NETWORK = 1n;
const NOWHERE = { services: 0n, host: '127.0.0.1', port: 0 } as const;
let nonce = 0n;

/** The `version` message of a node with an empty chain. */
export function nodeVersion(): Version {
  nonce += 1n;
  return {
    command: 'version',
    version: PROTOCOL_VERSION,
    services: NODE_NETWORK,
    time: BigInt(Math.floor(performance.timeOrigin / 1000)),
    receiver: NOWHERE,
    sender: NOWHERE,
    nonce,
    userAgent: '/sink:1.0.0/',
    height: 0,
    relay: true,
    mnauthChallenge: Buffer.alloc(32),
    masternode: false,
  };
}
