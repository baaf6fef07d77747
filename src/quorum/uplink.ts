/**
 * How fast the relay's uplink is, from pushes that are measured anyway: a block is written to many peers at once, each answers the ping
 * behind it, and the answers of those written later are late by the time that the bytes before theirs took. Pure.
 *
 * The estimate is the slope of that lateness over the bytes written before (Theil and Sen: the median of the slopes of all pairs, which
 * slow peers do not move). A push that the uplink carries in less time than the answers scatter, or than this process may need to read them,
 * proves nothing but that: the uplink counts as not limited.
 *
 * Cost: pairs of at most {@link MAX_SAMPLES} samples, about 2 ms, after a block.
 */

/** One peer's answer to a push. */
export interface UplinkSample {
  /** Bytes written to peers up to and with this one. */
  readonly bytes: number;
  /** From the first write of the push to the answer, less the peer's usual round trip, milliseconds. */
  readonly lateMs: number;
}

/** Fewer say nothing. */
const MIN_SAMPLES = 8;
const MAX_SAMPLES = 128;
/** What a push must have taken on the uplink at least, milliseconds. */
const MIN_SPENT_MS = 25;
/** Of our own time a sample may have waited for those before it, milliseconds: a few times what it takes to process an answer. */
const OWN_MS = 0.4;
/** Pushes that are remembered, and those of them that have to show a limit: a line, or this machine, may be busy for a moment. */
const MAX_PUSHES = 5;
const MIN_LIMITED = 3;
/** The plan takes the uplink for so much faster than measured, and uses 80 % of that: a push shows no higher speed than its pace, so a faster line would not show. */
export const HEADROOM = 1.5;

/** What a push shows: the speed of a limited uplink, or that the uplink is faster than `atLeast`; bytes per second. */
export type UplinkReading = { readonly speed: number } | { readonly atLeast: number };

/** @returns undefined when there are too few samples */
export function readUplink(samples: readonly UplinkSample[]): UplinkReading | undefined {
  if (samples.length < MIN_SAMPLES) return undefined;
  const some = thinned(samples.toSorted((a, b) => a.bytes - b.bytes));
  const slope = median(slopesOf(some));
  if (slope === undefined) return undefined;
  const bytes = (some.at(-1)?.bytes ?? 0) - (some[0]?.bytes ?? 0);
  const residuals = some.map((one) => one.lateMs - slope * one.bytes);
  const middle = median(residuals) ?? 0;
  const scatterMs = median(residuals.map((one) => Math.abs(one - middle))) ?? 0;
  const visibleMs = Math.max(MIN_SPENT_MS, 2 * scatterMs, OWN_MS * samples.length);
  return slope * bytes < visibleMs ? { atLeast: (bytes / visibleMs) * 1000 } : { speed: 1000 / slope };
}

/** At most {@link MAX_SAMPLES}, evenly. */
function thinned(samples: readonly UplinkSample[]): readonly UplinkSample[] {
  const step = Math.ceil(samples.length / MAX_SAMPLES);
  return samples.filter((_, at) => at % step === 0);
}

function slopesOf(samples: readonly UplinkSample[]): number[] {
  const slopes: number[] = [];
  for (const [at, a] of samples.entries())
    for (const b of samples.slice(at + 1)) {
      if (b.bytes > a.bytes) slopes.push((b.lateMs - a.lateMs) / (b.bytes - a.bytes));
    }
  return slopes;
}

/** The upper one of an even number. */
function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** The estimate over the last pushes. */
export class UplinkEstimate {
  /** Bytes per second, the oldest first; infinite for a push that was carried faster than those before it allow. */
  private speeds: readonly number[] = [];

  /** Bytes per second to plan with; undefined while the uplink does not show a limit. */
  get bytesPerSecond(): number | undefined {
    const limited = this.speeds.filter((speed) => speed < Infinity);
    const middle = median(this.speeds);
    if (limited.length < MIN_LIMITED || middle === undefined || middle === Infinity) return undefined;
    return middle * HEADROOM;
  }

  /** Takes the answers to a push into account. A small push that shows no limit says nothing against others that did. */
  note(samples: readonly UplinkSample[]): void {
    const reading = readUplink(samples);
    if (reading === undefined) return;
    const known = median(this.speeds);
    if ('speed' in reading) this.add(reading.speed);
    else if (known !== undefined && reading.atLeast > known) this.add(Infinity);
  }

  private add(speed: number): void {
    this.speeds = [...this.speeds, speed].slice(-MAX_PUSHES);
  }
}
