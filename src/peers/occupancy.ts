import type { PeerRecord } from './record.js';

/** In which country a peer is, as far as it is known. The port distinguishes the nodes of a test that share one address. */
export type CountryOf = (host: string, port: number) => string | undefined;

/** How many of the chosen are in each group and country. */
export class Occupancy {
  readonly #groups = new Map<string, number>();
  readonly #countries = new Map<string, number>();
  readonly #countryOf = new Map<string, string | undefined>();

  constructor(private readonly lookUp: CountryOf | undefined) {}

  add(record: PeerRecord, by: 1 | -1): void {
    this.#groups.set(record.group, this.group(record.group) + by);
    const country = this.countryOf(record);
    if (country !== undefined) this.#countries.set(country, this.country(country) + by);
  }

  group(group: string): number {
    return this.#groups.get(group) ?? 0;
  }

  country(country: string): number {
    return this.#countries.get(country) ?? 0;
  }

  countryOf(record: PeerRecord): string | undefined {
    if (this.lookUp === undefined) return undefined;
    if (this.#countryOf.has(record.key)) return this.#countryOf.get(record.key);
    const country = this.lookUp(record.host, record.port);
    this.#countryOf.set(record.key, country);
    return country;
  }

  fits(record: PeerRecord, perGroup: number, perCountry: number): boolean {
    if (this.group(record.group) >= perGroup) return false;
    const country = this.countryOf(record);
    return country === undefined || this.country(country) < perCountry;
  }
}
