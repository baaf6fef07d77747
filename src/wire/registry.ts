/**
 * Every message that blockcast sends or reads, in one table; types, decoder and tests are derived from it.
 *
 *   HANDSHAKE                                      we dial and send first
 *     us                         peer
 *      │── version ──────────────►│
 *      │◄───────────── version ───│
 *      │◄────────── sendaddrv2 ───│               only before verack
 *      │◄────────────── verack ───│
 *      │── sendaddrv2 ───────────►│
 *      │── verack ───────────────►│               ready
 *      │◄─ sendheaders, sendcmpct │
 *      │◄──────────────── mnauth ───│               from a masternode
 *      │── getaddr ──────────────►│               answered by addr or addrv2, once per connection
 *
 *   KEEP-ALIVE
 *      │── ping(n) ──────────────►│
 *      │◄───────────── pong(n) ───│               round-trip time
 *
 *   PUSH                                           unsolicited
 *      │── block ────────────────►│
 *      │── getheaders ───────────►│               from the block's parent
 *      │── ping(n) ──────────────►│
 *      │◄───────────── headers ───│               the block is in it: accepted
 *      │◄───────────── pong(n) ───│               answered in order: the block was processed
 *      │◄──────────────── inv ────│               after the pong: accepted as well
 *
 *   SERVE                                          recent blocks
 *      │◄─ getheaders, getdata ───│
 *      │── headers, block ───────►│               or notfound
 *
 *   LOCKS                                          of a block of the pool, unsolicited
 *      │── clsig, isdlock ───────►│               a peer's own are not read
 */
import { addr } from './addr.js';
import { addrv2 } from './addrv2.js';
import { block } from './block.js';
import { blocktxn } from './blocktxn.js';
import { clsig } from './clsig.js';
import { cmpctblock } from './cmpctblock.js';
import type { Codec } from './codec.js';
import { getaddr, sendaddrv2, sendheaders, verack } from './empty.js';
import { getblocktxn } from './getblocktxn.js';
import { getheaders } from './getheaders.js';
import { headers } from './headers.js';
import { getdata, inv, notfound } from './inventory.js';
import { isdlock } from './isdlock.js';
import { mnauth } from './mnauth.js';
import { ping } from './ping.js';
import { pong } from './pong.js';
import { sendcmpct } from './sendcmpct.js';
import { tx } from './tx.js';
import { version } from './version.js';

export const CODECS = [
  version,
  verack,
  mnauth,
  sendaddrv2,
  sendheaders,
  sendcmpct,
  ping,
  pong,
  getaddr,
  addr,
  addrv2,
  inv,
  getdata,
  notfound,
  block,
  cmpctblock,
  getblocktxn,
  blocktxn,
  tx,
  getheaders,
  headers,
  clsig,
  isdlock,
] as const;

type MessageOf<C> = C extends Codec<infer M> ? M : never;

/** Any message in the table. */
export type Message = MessageOf<(typeof CODECS)[number]>;
export type Command = Message['command'];

// A map, not an object: the command comes from a peer and may be `constructor`.
const BY_COMMAND: ReadonlyMap<string, Codec<Message>> = new Map(CODECS.map((codec) => [codec.command, codec]));

/** The codec of a command; `undefined` for a command that is not in the table. */
export function codecFor(command: Command): Codec<Message>;
export function codecFor(command: string): Codec<Message> | undefined;
export function codecFor(command: string): Codec<Message> | undefined {
  return BY_COMMAND.get(command);
}
