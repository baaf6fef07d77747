/** Writes the table of settings into docs/configuration.md. The tests only compare. */
import { readFileSync, writeFileSync } from 'node:fs';
import { HEADING, settingsRows } from './settings-table.js';

const PATH = 'docs/configuration.md';
const BEGIN = '<!-- settings -->';
const END = '<!-- /settings -->';

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const table = [line(HEADING), line(HEADING.map(() => '---')), ...settingsRows().map(line)].join('\n');
const text = readFileSync(PATH, 'utf8');
const [before, rest] = text.split(BEGIN);
const after = rest?.split(END)[1];
if (before === undefined || after === undefined) throw new Error(`${PATH} has no ${BEGIN} … ${END}`);
writeFileSync(PATH, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
