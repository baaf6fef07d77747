/** The HTML report: one file without scripts and without links to other files, in the dashboard's style. */
import { formatCount, formatRate, formatSize, plural } from '../../dashboard/model/format.js';
import { MICROS_PER_MS } from '../engine.js';
import type { Scenario } from '../scenario.js';
import type { ContenderResult, StudyResult } from '../study/result.js';
import { chart, sample } from './chart.js';
import { formatRatio, formatTime, rowsOf } from './figures.js';
import { Html, html } from './markup.js';
import type { StudyReport } from './study-report.js';

/** Curves end where all have come as close as this to where they stay. */
const SETTLED = 0.005;
/** Of the signing quorum: 240 of 400 signatures make a ChainLock. Source: Dash Core, llmq/params.h, LLMQ_400_60. */
const THRESHOLD = 0.6;
const SIGNERS = 'share of the 400 signers; dotted: 240, a ChainLock';

/** What a reader sees besides the results. */
export interface PageOptions {
  /** The style sheet, as built. */
  readonly css: string;
  /** One line about each contender, by its name. */
  readonly contenders: ReadonlyMap<string, string>;
}

export function reportPage(report: StudyReport, { css, contenders }: PageOptions): string {
  const { plan, results, version } = report;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${plan.name} – blockcast simulate</title>
<style>${new Html(css)}</style>
</head>
<body>
<header class="head"><div class="brand">
<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><rect class="mark-ground" width="32" height="32" rx="8"/><path d="M16.5 10.2a5.8 5.8 0 0 1 0 11.6"/><path class="mark-far" d="M19.5 5.4a11 11 0 0 1 0 21.2"/><rect class="mark-block" x="6" y="11" width="10" height="10" rx="2"/></svg>
<h1>blockcast simulate</h1><span class="network">${plan.name}</span></div></header>
<main>
${introduction(report)}
${who(plan.contenders, contenders)}
${results.length > 1 ? overview(results) : ''}
${results.map(study)}
${assumptions(results)}
</main>
<footer class="foot"><span>blockcast ${version}</span><span>A simulation: read the ratios, not the milliseconds.</span></footer>
</body>
</html>
`.text;
}

function introduction({ plan, command, version }: StudyReport): Html {
  return html`<section class="card">
<div class="card-head"><h2>${plan.description === '' ? plan.name : plan.description}</h2></div>
<p>How long a block takes from the pool to the nodes that decide about it, and how many of them it wins against a competing block, for each way to send it.</p>
<dl class="facts">
<div><dt>Seed</dt><dd>${plan.seed}</dd></div>
<div><dt>Runs</dt><dd>${formatCount(plan.runs)} for each contender and scenario</dd></div>
<div><dt>Scenarios</dt><dd>${plural(plan.scenarios.length, 'scenario')}</dd></div>
<div><dt>Repeat</dt><dd><code>${command}</code> with blockcast ${version}</dd></div>
</dl>
</section>`;
}

function who(names: readonly string[], descriptions: ReadonlyMap<string, string>): Html {
  return html`<section class="card">
<div class="card-head"><h2>Contenders</h2></div>
<ul class="contenders">${names.map(
    (name, at) =>
      html`<li>${sample(at)}<span><b>${name}</b> <span class="aside">${descriptions.get(name) ?? ''}</span></span></li>`,
  )}</ul>
</section>`;
}

/** Ratios of all studies, one column each. */
function overview(results: readonly StudyResult[]): Html {
  const contenders = results[0]?.contenders ?? [];
  const [first] = contenders;
  const rows = contenders.map(
    ({ name }, at) =>
      html`<tr><th scope="row">${sample(at)}${name}</th>${results.map(({ contenders }) => {
        const summary = contenders[at]?.summary;
        return html`<td>${summary === undefined ? '' : at === 0 ? formatTime(summary.p50) : formatRatio(summary.meanRatioToFirst)}</td>`;
      })}</tr>`,
  );
  return html`<section class="card">
<div class="card-head"><h2>All scenarios</h2><span class="aside">${first?.name ?? ''}: median of t240; the others: ratio to it, smaller is faster</span></div>
<div class="scroll" role="region" tabindex="0" aria-label="All scenarios"><table>
<thead><tr><th scope="col">Contender</th>${results.map(
    ({ scenario }, at) =>
      html`<th scope="col"><a href="#study-${at + 1}">${formatSize(scenario.blockBytes)}<br><small>${scenario.latency}</small></a></th>`,
  )}</tr></thead>
<tbody>${rows}</tbody></table></div>
</section>`;
}

function study(result: StudyResult, at: number): Html {
  const { contenders, scenario } = result;
  return html`<section class="card study" id="study-${at + 1}">
<div class="card-head"><h2>${formatSize(scenario.blockBytes)} block, latency table ${scenario.latency}</h2></div>
${timesTable(result)}
<ul class="legend" aria-label="Lines of the charts">${contenders.map(({ name }, nth) => html`<li>${sample(nth)}${name}</li>`)}</ul>
<div class="charts">
${coverage(contenders, 'signers', 'Signers that have connected the block')}
${coverage(contenders, 'nodes', 'Nodes that have connected the block')}
${race(contenders)}
</div>
</section>`;
}

const HEADINGS = ['t240 p50', 't240 p90', 'Ratio', '95 % interval', 'Network 95 %', 'Connections', 'Sent'] as const;

function timesTable(result: StudyResult): Html {
  const rows = rowsOf(result).map(({ name, ...row }, at) => {
    const cells = [row.p50, row.p90, row.ratio, row.interval, row.network95, row.connections, row.sent];
    return html`<tr role="row"><th scope="row" role="rowheader">${sample(at)}${name}</th>${cells.map(
      (cell, column) => html`<td role="cell" data-label="${HEADINGS[column] ?? ''}">${cell === '' ? '–' : cell}</td>`,
    )}</tr>`;
  });
  return html`<table class="times" role="table">
<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Contender</th>${HEADINGS.map(
    (heading) => html`<th scope="col" role="columnheader">${heading}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">${rows}</tbody></table>`;
}

function coverage(contenders: readonly ContenderResult[], of: 'nodes' | 'signers', title: string): Html {
  const end = Math.max(0, ...contenders.map((contender) => settledAt(contender, of)));
  return chart({
    title,
    yTitle: of === 'signers' ? SIGNERS : 'share of all nodes',
    xTitle: 'ms since the start of the block',
    series: contenders.map(({ name, coverage }) => ({
      name,
      points: coverage.filter(({ at }) => at <= end).map((point) => ({ x: point.at / MICROS_PER_MS, y: point[of] })),
    })),
    ...(of === 'signers' && { mark: THRESHOLD }),
    dots: false,
  });
}

/** The first point in time after which the curve stays where it is. */
function settledAt({ coverage }: ContenderResult, of: 'nodes' | 'signers'): number {
  const last = coverage.at(-1)?.[of] ?? 0;
  return coverage.find((point) => last - point[of] <= SETTLED)?.at ?? 0;
}

function race(contenders: readonly ContenderResult[]): Html {
  return chart({
    title: 'Signers won against a competing block',
    yTitle: SIGNERS,
    xTitle: 'head start of the competing block, ms',
    series: contenders.map(({ name, race }) => ({
      name,
      points: race.map(({ headStart, share }) => ({ x: headStart / MICROS_PER_MS, y: share })),
    })),
    mark: THRESHOLD,
    dots: true,
  });
}

function assumptions(results: readonly StudyResult[]): Html {
  const [first] = results;
  if (first === undefined) return html``;
  return html`<section class="card"><div class="card-head"><h2>How to read this</h2></div>
<ul class="notes">${NOTES.map((note) => html`<li>${note}</li>`)}</ul>
<div class="card-head"><h2>Assumptions</h2></div>
<dl class="facts">${assumed(first.scenario).map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`)}</dl>
</section>`;
}

const NOTES = [
  't240 is the time from the start of the block until 240 of the 400 members of the signing quorum have connected it: so many signatures make a ChainLock. It includes the pool’s own first steps.',
  'Ratio is t240 divided by that of the first contender in the same run, as the mean of all runs. If the 95 % interval does not contain 1, the difference is more than chance.',
  'Network 95 % is the time until 95 % of all nodes have connected the block, median of the runs.',
  'Connections are those that the contender keeps besides the dashd’s own; sent is what leaves the pool’s host for one block, its dashd’s included.',
  'Each signer votes once per height, for the block that it connected first. With fewer than 240 votes neither block is locked.',
  'Nobody has published measured times of propagation on Dash. Latencies, bandwidths and the places of nodes are assumptions: read the ratios, not the milliseconds.',
];

function assumed({ network, pool, mempoolOverlap }: Scenario): [string, string][] {
  const { masternodes, others, offline } = network;
  return [
    [
      'Network',
      `${formatCount(masternodes)} masternodes and ${formatCount(others)} other nodes, ${offline === 0 ? 'all online' : `${formatRate(offline)} of them offline`}`,
    ],
    ['Pool', `in ${pool.region}, uplink ${pool.uplinkMbit} Mbit/s, shared by its relay and its dashd`],
    [
      'High bandwidth',
      pool.highBandwidth
        ? 'peers may have chosen the pool’s dashd as a high-bandwidth peer (BIP 152)'
        : 'no peer has chosen the pool’s dashd as a high-bandwidth peer (BIP 152)',
    ],
    ['Mempools', `a node has ${formatRate(mempoolOverlap)} of the block’s transactions`],
  ];
}
