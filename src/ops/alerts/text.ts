/** Text for messages: durations, times, and foreign text made safe. */
import { COURSE } from '../../messages/alerts.js';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../time.js';
import { oneLine } from '../units.js';

const DAY_MS = 24 * HOUR_MS;

/** The two greatest units, such as `4 min 10 s`. */
export function formatDuration(ms: number): string {
  const units = [
    { name: 'd', ms: DAY_MS },
    { name: 'h', ms: HOUR_MS },
    { name: 'min', ms: MINUTE_MS },
    { name: 's', ms: SECOND_MS },
  ];
  const first = units.findIndex((unit) => ms >= unit.ms);
  if (first < 0) return COURSE['no-time'];
  let rest = ms;
  const parts = units.slice(first, first + 2).map((unit) => {
    const count = Math.floor(rest / unit.ms);
    rest -= count * unit.ms;
    return { count, name: unit.name };
  });
  return parts
    .filter(({ count }) => count > 0)
    .map(({ count, name }) => `${count} ${name}`)
    .join(' ');
}

/** @param at milliseconds since the Unix epoch */
export function formatTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Foreign text on one line and of bounded length, cut between characters. */
export function clean(text: string, max: number): string {
  // Bounds the work for a long text.
  return cut(oneLine(text.slice(0, 4 * max)), max);
}

/** At most `max` UTF-16 units, an ellipsis among them if anything is missing. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = max - 1;
  const splits = /[\uD800-\uDBFF]/.test(text.charAt(end - 1));
  return `${text.slice(0, splits ? end - 1 : end)}…`;
}
