/** What `blockcast simulate --list` prints. */
import { textTable } from '../../common/text-table.js';
import type { Catalogue } from '../scenario-schema.js';
import { DEFAULT_SCENARIO } from '../shipped.js';

/** @param scenarios their names, with one line about each */
export function listing(scenarios: ReadonlyMap<string, string>, { contenders, latencies }: Catalogue): string {
  const regions = [...latencies].map(([name, names]) => [name, `regions: ${names.join(', ')}`] as const);
  return [
    section('Scenarios:', [...scenarios]),
    section('Contenders:', [...contenders]),
    section('Latency tables:', regions),
    `Without a name, the scenario is ${DEFAULT_SCENARIO}.\n`,
  ].join('\n');
}

function section(heading: string, rows: readonly (readonly string[])[]): string {
  const lines = textTable(rows, new Set([0, 1])).map((line) => `  ${line}\n`);
  return `${heading}\n${lines.join('')}`;
}
