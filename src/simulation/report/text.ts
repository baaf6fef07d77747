/** The tables that `blockcast simulate` prints. */
import { textTable } from '../../common/text-table.js';
import { formatRate } from '../../dashboard/model/format.js';
import { MICROS_PER_MS } from '../engine.js';
import type { StudyResult } from '../study/result.js';
import { rowsOf, shareAt, titleOf } from './figures.js';
import type { StudyReport } from './study-report.js';

const LEGEND = [
  't240: from the start of the block until 240 of the 400 signers have connected it. ratio: mean of the runs, with its 95 % interval.',
  'network 95 %: until 95 % of all nodes have connected it, median. cost: connections held for this, and bytes sent for one block.',
];

export function reportText({ plan, results, command }: StudyReport): string {
  const [first = ''] = plan.contenders;
  const { name, description, seed, runs } = plan;
  const heading = `${name}: ${description === '' ? 'a study' : description} (seed ${seed}, runs ${runs})`;
  const studies = results.flatMap((result) => [
    '',
    titleOf(result.scenario),
    ...timesOf(result, first),
    ...racesOf(result),
  ]);
  return [heading, ...studies, '', ...LEGEND, `Again: ${command}`, ''].join('\n');
}

function timesOf(result: StudyResult, first: string): string[] {
  const head = ['contender', 't240 p50', 'p90', `ratio to ${first}`, '', 'network 95 %', 'connections', 'sent'];
  const rows = rowsOf(result).map(({ name, p50, p90, ratio, interval, network95, connections, sent }) => [
    name,
    p50,
    p90,
    ratio,
    interval === '' ? '' : `(${interval})`,
    network95,
    connections,
    sent,
  ]);
  return indented(textTable([head, ...rows], new Set([0, 4])));
}

function racesOf({ contenders, scenario }: StudyResult): string[] {
  const { headStartsMs } = scenario.rival;
  const rows = contenders.map((contender) => [
    contender.name,
    ...headStartsMs.map((ms) => {
      const share = shareAt(contender, ms * MICROS_PER_MS);
      return share === undefined ? '' : formatRate(share);
    }),
  ]);
  const head = ['signers won, by the head start of a rival', ...headStartsMs.map((ms) => `${ms} ms`)];
  return ['', ...indented(textTable([head, ...rows], new Set([0])))];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
