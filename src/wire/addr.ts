import { readEndpoint, writeEndpoint } from './address.js';
import { COUNT_BYTES, type Codec } from './codec.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

export type PeerNetwork = 'ipv4' | 'ipv6' | 'torv3' | 'i2p' | 'cjdns' | 'other';

/** A node in a peer's gossip. */
export interface PeerAddress {
  /** When the node was last seen, according to the sender: seconds since the Unix epoch. */
  readonly time: number;
  readonly services: bigint;
  readonly network: PeerNetwork;
  /** In the network's own notation; for `other`, the BIP 155 network id and the address bytes, in hex. */
  readonly host: string;
  readonly port: number;
}

/** The maximum number of addresses in one `addr` or `addrv2` (Dash Core `net_processing.cpp`: `MAX_ADDR_TO_SEND`). */
export const MAX_ADDRESSES = 1000;

/** Nodes that the sender knows; IP addresses only. */
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
