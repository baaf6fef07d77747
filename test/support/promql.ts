/** A reader of the part of PromQL that the rules and dashboards use, to compare their selectors with the exposed series. */
import type { Sample } from './exposition.js';

export interface Selector {
  readonly name: string;
  readonly matchers: readonly Matcher[];
}

interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** The series of blockcast that an expression selects: those named `blockcast_…`, and those that rules record as `job_instance:…`. */
export function selectorsOf(expression: string): Selector[] {
  return [...expression.matchAll(/\b(blockcast_\w+|job_instance:[\w:]+)(?:\{([^}]*)\})?/g)].map(([, name, within]) => ({
    name: name ?? '',
    matchers: [...(within ?? '').matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].map(([, label, operator, value]) => ({
      label: label ?? '',
      operator: operator as Matcher['operator'],
      value: value ?? '',
    })),
  }));
}

/** Whether a selector matches a sample, ignoring the labels that Prometheus adds. */
export function selects({ name, matchers }: Selector, sample: Sample): boolean {
  return name === sample.name && matchers.every((matcher) => isAdded(matcher.label) || fits(matcher, sample));
}

export function describeSelector({ name, matchers }: Selector): string {
  return `${name}{${matchers.map(({ label, operator, value }) => `${label}${operator}"${value}"`).join(',')}}`;
}

function isAdded(label: string): boolean {
  return label === 'job' || label === 'instance';
}

function fits({ label, operator, value }: Matcher, { labels }: Sample): boolean {
  const is = labels[label] ?? '';
  const same = operator.endsWith('~') ? new RegExp(`^(?:${value})$`).test(is) : is === value;
  return operator.startsWith('!') ? !same : same;
}
