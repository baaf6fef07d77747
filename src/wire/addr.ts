import { readEndpoint, writeEndpoint } from './address.js';
import { COUNT_BYTES, type Codec } from './codec.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

export type PeerNetwork = 'ipv4' | 'ipv6' | 'torv3' | 'i2p' | 'cjdns' | 'other';

/** A node someone told us of. */
export interface PeerAddress {
  /** When it was last seen, by whoever says so: seconds since the Unix epoch. */
  readonly time: number;
  readonly services: bigint;
  readonly network: PeerNetwork;
  /** In the network's own notation; for `other`, hex of the BIP 155 network id and the address bytes behind it. */
  readonly host: string;
  readonly port: number;
}

/** The most addresses one `addr` or `addrv2` may hold (Dash Core `net_processing.cpp`: `MAX_ADDR_TO_SEND`). */
export const MAX_ADDRESSES = 1000;

/** Nodes the sender knows of; IP only. */
export interface Addr {
  readonly command: 'addr';
  readonly addresses: readonly PeerAddress[];
}

const ENTRY_BYTES = 30;

function readAddress(reader: Reader): PeerAddress {
  const time = reader.u32('addr.time');
  const services = reader.u64('addr.services');
  const { host, port } = readEndpoint(reader, 'addr');
  return { time, services, network: host.includes(':') ? 'ipv6' : 'ipv4', host, port };
}

function writeAddress(writer: Writer, address: PeerAddress): void {
  writeEndpoint(writer.u32(address.time).u64(address.services), address);
}

export const addr: Codec<Addr> = {
  command: 'addr',
  maxPayload: COUNT_BYTES + MAX_ADDRESSES * ENTRY_BYTES,
  decode: (reader) => ({ command: 'addr', addresses: reader.list('addr', MAX_ADDRESSES, readAddress) }),
  encode: (writer, message) => {
    writer.list(message.addresses, writeAddress);
  },
};
