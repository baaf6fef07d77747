/** docs/messages.md as a whole, made of the tables from which the log lines are made. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, EXIT_MEANINGS } from '../../src/cli/context.js';
import { SERVICE_NAMES, SERVICES } from '../../src/contracts/services.js';
import { CONDITIONS } from '../../src/ops/alerts/conditions.js';
import { EVENT_MESSAGES } from '../../src/ops/messages/events.js';
import type { Message } from '../../src/ops/messages/message.js';
import { PROGRAM_MESSAGES } from '../../src/ops/messages/program.js';
import { SERVICE_LINE, SERVICE_MESSAGES } from '../../src/ops/messages/services.js';

export const PATH = 'docs/messages.md';

const escaped = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

/** A table with columns as wide as their widest cell. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map(escaped));
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const [first = [], ...others] = cells;
  return [line(first), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...others.map(line)].join('\n');
}

function messages(entries: Readonly<Record<string, Message>>): string {
  return table(
    ['Code', 'Level', 'Text', 'What to do'],
    Object.entries(entries).map(([code, { level, text, action = 'Nothing.' }]) => [
      `\`${code}\``,
      level,
      `\`${text}\``,
      action,
    ]),
  );
}

function services(): string {
  return SERVICES.filter((service) => Object.keys(SERVICE_MESSAGES[service]).length > 0)
    .map((service) => {
      const rows = Object.entries(SERVICE_MESSAGES[service]).map(([code, { level, meaning, action }]) => [
        `\`${code}\``,
        level,
        meaning,
        action,
      ]);
      const name = `### ${SERVICE_NAMES[service]}`;
      return `${name}\n\n\`${service}\` in events, metrics and the API.\n\n${table(['Code', 'Level', 'Meaning', 'What to do'], rows)}`;
    })
    .join('\n\n');
}

function alerts(): string {
  return table(
    ['Code', 'Severity', 'Title', 'When', 'What to do'],
    Object.entries(CONDITIONS).map(([id, { severity, title, raised, remedy }]) => [
      `\`${id}\``,
      severity,
      title,
      raised,
      remedy,
    ]),
  );
}

/** What may be wrong with a setting, as `src/config/` says it. */
function configurationProblems(): readonly string[] {
  const source = readdirSync('src/config').map((name) => readFileSync(join('src/config', name), 'utf8'));
  const found = source.flatMap((text) => [...text.matchAll(/(?:fail\(|problem: )'((?:[^'\\]|\\.)+)'/g)]);
  return [...new Set(found.map(([, problem = '']) => problem))].sort();
}

export function page(): string {
  return `# Messages

Every message that an operator can see. This page is generated from the code (\`npm run docs\`), from the tables that the log lines are made of.

- \`{braces}\` stand for a value; what is in \`[square brackets]\` is left out where there is nothing to say.
- Levels: \`critical\`: blocks are at risk now. \`error\`: something failed and does not mend itself. \`warn\`: something is degraded. \`info\`: what you want to see once. \`debug\`: the rest.
- With \`log.format\` \`json\` a line has the whole event in \`event\`.
- The same loss of the same peer is logged at \`debug\` for 10 minutes. Of refused frames, and of faults with the same code, ten lines a minute are logged, the others counted.

## Blocks, peers and the chain

${messages(EVENT_MESSAGES)}

## Services

The line is \`${SERVICE_LINE.text}\`. The state is \`up\` (level \`info\`), \`down\`, or \`fault\` (it happened once, and the service goes on). A code that is not listed is an error code of the system, at level \`warn\`.

${services()}

## The program

${messages(PROGRAM_MESSAGES)}

## Alerts

Sent to the channels that are configured: [alerts.md](alerts.md). Steps for each are in [operations.md](operations.md).

${alerts()}

## Configuration errors

A configuration that is wrong is reported whole, on standard error, before anything is opened, and the exit code is ${EXIT.usage}. Each line says which setting is wrong, where it was set, and what to write instead:
\`error: {setting} {value} (from {place}) {problem}. {remedy}\`.

${table(
  ['Problem'],
  configurationProblems().map((problem) => [`\`${problem}\``]),
)}

## Exit codes

${table(
  ['Code', 'Meaning'],
  Object.entries(EXIT).map(([name, code]) => [String(code), EXIT_MEANINGS[name as keyof typeof EXIT]]),
)}

A second signal while it shuts down ends the process at once, with 128 and the signal's number.
`;
}
