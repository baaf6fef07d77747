import { MAX_ADDRESSES, type PeerAddress, type PeerNetwork } from './addr.js';
import { ipBytes, ipText, isV4Mapped } from './address.js';
import { COUNT_BYTES, type Codec } from './codec.js';
import { i2pDestination, i2pName, onionKey, onionName } from './hidden.js';
import { Malformed, type Reader } from './reader.js';
import type { Writer } from './writer.js';

/** BIP 155: nodes that the sender knows, on any network. */
export interface AddrV2 {
  readonly command: 'addrv2';
  readonly addresses: readonly PeerAddress[];
}

/** BIP 155: the maximum length of an address, future networks included. */
const MAX_ADDRESS_BYTES = 512;
/** Time 4, services 9, network 1, length 3, address, port 2. */
const ENTRY_BYTES = 19 + MAX_ADDRESS_BYTES;

interface Kind {
  readonly id: number;
  readonly network: Exclude<PeerNetwork, 'other'>;
  readonly length: number;
  toHost(bytes: Buffer): string;
  toBytes(host: string): Buffer | undefined;
  /** False for bytes of the right length that are not an address of this network. */
  holds(bytes: Buffer): boolean;
}

const always = () => true;

/** Id 3, Tor v2, no longer exists and is treated as unknown, as in Dash Core `netaddress.cpp`. */
const KINDS: readonly Kind[] = [
  { id: 1, network: 'ipv4', length: 4, toHost: ipText, toBytes: ipBytes, holds: always },
  { id: 2, network: 'ipv6', length: 16, toHost: ipText, toBytes: ipBytes, holds: (ip) => !isV4Mapped(ip) },
  { id: 4, network: 'torv3', length: 32, toHost: onionName, toBytes: onionKey, holds: always },
  { id: 5, network: 'i2p', length: 32, toHost: i2pName, toBytes: i2pDestination, holds: always },
  { id: 6, network: 'cjdns', length: 16, toHost: ipText, toBytes: ipBytes, holds: (ip) => ip[0] === 0xfc },
];

function readAddress(reader: Reader): PeerAddress {
  const time = reader.u32('addrv2.time');
  const services = reader.compactSize64('addrv2.services');
  const id = reader.u8('addrv2.network');
  const bytes = reader.varBytes('addrv2.address', MAX_ADDRESS_BYTES);
  const port = reader.u16be('addrv2.port');
  return { time, services, ...placeOf(id, bytes), port };
}

/** Unknown and invalid addresses become `other`, so that the entries after them can still be read. */
function placeOf(id: number, bytes: Buffer): Pick<PeerAddress, 'network' | 'host'> {
  const kind = KINDS.find((candidate) => candidate.id === id);
  if (kind !== undefined && bytes.length !== kind.length) {
    throw new Malformed(`addrv2.address: ${bytes.length} bytes, ${kind.network} has ${kind.length}`);
  }
  if (kind?.holds(bytes)) return { network: kind.network, host: kind.toHost(bytes) };
  return { network: 'other', host: Buffer.concat([Buffer.of(id), bytes]).toString('hex') };
}

function writeAddress(writer: Writer, address: PeerAddress): void {
  const { id, bytes } = bytesOf(address);
  writer.u32(address.time).compactSize64(address.services).u8(id).varBytes(bytes).u16be(address.port);
}

function bytesOf({ network, host }: PeerAddress): { id: number; bytes: Buffer } {
  if (network === 'other') {
    const both = Buffer.from(host, 'hex');
    return { id: both.readUInt8(0), bytes: both.subarray(1) };
  }
  const kind = KINDS.find((candidate) => candidate.network === network);
  const bytes = kind?.toBytes(host);
  if (kind === undefined || bytes?.length !== kind.length)
    throw new RangeError(`${host} is not an address of ${network}`);
  return { id: kind.id, bytes };
}

export const addrv2: Codec<AddrV2> = {
  command: 'addrv2',
  maxPayload: COUNT_BYTES + MAX_ADDRESSES * ENTRY_BYTES,
  decode: (reader) => ({ command: 'addrv2', addresses: reader.list('addrv2', MAX_ADDRESSES, readAddress) }),
  /** @throws RangeError when a host does not belong to its network */
  encode: (writer, message) => {
    writer.list(message.addresses, writeAddress);
  },
};
