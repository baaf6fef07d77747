/** The country in which an address is registered, from a table on disk, without network access. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ipaddr from 'ipaddr.js';
import type { CountryResponse, Reader } from 'maxmind';
import { fill } from '../messages/fill.js';
import { PEERS } from '../messages/peers.js';
import { errorCode } from './system-error.js';

export type Countries =
  | {
      readonly ok: true;
      /** @returns ISO 3166-1 alpha-2, such as `DE`; `undefined` if the table has none, as for names, onions and private networks */
      readonly lookUp: (host: string, port: number) => string | undefined;
    }
  | { readonly ok: false; readonly detail: string };

/** The bundled table has only the country, in a field of its own. */
type Row = CountryResponse & { readonly country_code?: string };

const COUNTRY = /^[A-Z]{2}$/;
/** The largest known table has an eighth of this size. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Reads a table in MaxMind's DB format (its specification, version 2.0), whole, into memory: about 8 MB for the bundled one. Never throws:
 * without a table, there are no caps per country and no map.
 * @param path another table than the bundled one
 */
export async function openCountries(path?: string): Promise<Countries> {
  const file =
    path ?? fileURLToPath(import.meta.resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'));
  try {
    const bytes = await readFile(file);
    if (bytes.length > MAX_BYTES) return fault(file, fill(PEERS['table-too-large'], { max: MAX_BYTES }));
    const maxmind = await import('maxmind');
    const reader = new maxmind.Reader<Row>(bytes);
    return { ok: true, lookUp: (host) => (ipaddr.isValid(host) ? codeOf(reader, host) : undefined) };
  } catch (error) {
    return fault(file, error instanceof Error && 'code' in error ? errorCode(error) : PEERS['not-a-table']);
  }
}

function fault(file: string, reason: string): Countries & { readonly ok: false } {
  return { ok: false, detail: fill(PEERS['no-countries'], { file, reason }) };
}

/** A corrupt table may contain any code, or fail in the middle of a search. */
function codeOf(reader: Reader<Row>, host: string): string | undefined {
  let row: Row | null;
  try {
    row = reader.get(host);
  } catch {
    return undefined;
  }
  const code: unknown = row?.country_code ?? row?.country?.iso_code;
  return typeof code === 'string' && COUNTRY.test(code) ? code : undefined;
}
