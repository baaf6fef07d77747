/** Formats figures and foreign text. */

/** A duration from the ledger. @param value milliseconds */
export function formatMs(value: number): string {
  if (value < 10) return `${value.toFixed(1)} ms`;
  if (value < 1_000) return `${Math.round(value)} ms`;
  if (value < 60_000) return `${(value / 1_000).toFixed(value < 10_000 ? 2 : 1)} s`;
  return formatAge(value);
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** How long something lasts or is ago, in its two largest units. @param ms milliseconds; less than none counts as none */
export function formatAge(ms: number): string {
  let rest = Math.max(0, Math.floor(ms / 1_000));
  const parts: string[] = [];
  for (const [name, seconds] of UNITS) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0) parts.push(`${count} ${name}`);
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}

/** A share; never rounded up to the whole, which it is not. @param rate between 0 and 1 */
export function formatRate(rate: number): string {
  const percent = Math.floor(rate * 1_000 + 1e-9) / 10;
  return `${Number.isInteger(percent) ? percent : percent.toFixed(1)} %`;
}

/** @param bytes in kB of 1000 bytes */
export function formatSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(bytes < 100_000 ? 1 : 0)} kB`;
  return `${(bytes / 1_000_000).toFixed(2)} MB`;
}

const COUNT = new Intl.NumberFormat('en');

export function formatCount(value: number): string {
  return COUNT.format(value);
}

/** `1 block`, `2 blocks`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DATE = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** The time of day, with the date unless it is that of `now`. @param at milliseconds since the epoch */
export function formatTime(at: number, now: number): string {
  const date = DATE.format(at);
  return date === DATE.format(now) ? TIME.format(at) : `${date}, ${TIME.format(at)}`;
}

/** The end of a hash: its beginning is zeros, as every block's is. */
export function shortHash(hash: string): string {
  return `…${hash.slice(-8)}`;
}

/** A block's name: its height if known, else the end of its hash. */
export function blockName({ hash, height }: { readonly hash: string; readonly height?: number }): string {
  return height === undefined ? shortHash(hash) : formatCount(height);
}

const MAX_FOREIGN = 160;

/** Foreign text on one line: without control and bidirectional characters, and of bounded length. */
export function plain(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return line.length > MAX_FOREIGN ? `${line.slice(0, MAX_FOREIGN)}…` : line;
}

/** A user agent without the slashes that BIP 14 puts around it. */
export function formatAgent(userAgent: string): string {
  return plain(userAgent).replace(/^\/|\/$/g, '');
}

/** Splits `host:port`, so that host and port can be styled separately. */
export function splitPeer(peer: string): readonly [host: string, port: string] {
  const name = plain(peer);
  const colon = name.lastIndexOf(':');
  return colon === -1 ? [name, ''] : [name.slice(0, colon), name.slice(colon)];
}

const COUNTRIES = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });

/** A country's English name. @returns undefined for what is no ISO 3166-1 alpha-2 code */
export function countryName(code: string | undefined): string | undefined {
  return code !== undefined && /^[A-Z]{2}$/.test(code) ? COUNTRIES.of(code) : undefined;
}
