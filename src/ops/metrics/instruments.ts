/**
 * Wraps prom-client's instruments. Every counter series exists with 0 from the start, so that Prometheus sees its first increment. Values that
 * are not finite numbers are ignored instead of throwing.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export type Labels<Name extends string> = Readonly<Record<Name, string>>;

export interface Count<Name extends string = never> {
  add(labels: Labels<Name>, by?: number): void;
}

export interface Level<Name extends string = never> {
  /** `undefined` removes the series. */
  set(labels: Labels<Name>, value: number | undefined): void;
}

export interface Distribution<Name extends string = never> {
  observe(labels: Labels<Name>, value: number | undefined): void;
}

/** Each combination of the given label values. */
export function combinations<Name extends string>(values: Readonly<Record<Name, readonly string[]>>): Labels<Name>[] {
  return Object.entries<readonly string[]>(values).reduce<Record<string, string>[]>(
    (combined, [name, list]) => combined.flatMap((labels) => list.map((value) => ({ ...labels, [name]: value }))),
    [{}],
  ) as Labels<Name>[];
}

export function createInstruments(registry: Registry) {
  const registers = [registry];

  function counter<Name extends string>(name: string, help: string, series: readonly Labels<Name>[]): Count<Name> {
    const counter = new Counter<Name>({ name, help, labelNames: namesOf(series), registers });
    for (const labels of series) counter.inc(labels, 0);
    return {
      add(labels, by = 1) {
        if (Number.isFinite(by) && by > 0) counter.inc(labels, by);
      },
    };
  }

  /** @param series exist with 0 from the start; others exist once they are set */
  function gauge<Name extends string>(
    name: string,
    help: string,
    labelNames: readonly Name[],
    series: readonly Labels<Name>[] = [],
  ): Level<Name> {
    const gauge = new Gauge<Name>({ name, help, labelNames: [...labelNames], registers });
    if (labelNames.length === 0 && series.length === 0) gauge.remove({});
    for (const labels of series) gauge.set(labels, 0);
    return {
      set(labels, value) {
        if (value !== undefined && Number.isFinite(value)) gauge.set(labels, value);
        else gauge.remove(labels);
      },
    };
  }

  function histogram<Name extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    series: readonly Labels<Name>[],
  ): Distribution<Name> {
    const histogram = new Histogram<Name>({
      name,
      help,
      labelNames: namesOf(series),
      buckets: [...buckets],
      registers,
    });
    for (const labels of series) histogram.zero(labels);
    return {
      observe(labels, value) {
        if (value !== undefined && Number.isFinite(value) && value >= 0) histogram.observe(labels, value);
      },
    };
  }

  return { counter, gauge, histogram };
}

export type Instruments = ReturnType<typeof createInstruments>;

function namesOf<Name extends string>(series: readonly Labels<Name>[]): Name[] {
  return Object.keys(series[0] ?? {}) as Name[];
}
