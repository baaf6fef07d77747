import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { literalsIn } from './literals.js';
import { escaped, PATH, page } from './messages-page.js';

const CATALOGUE = 'src/messages';
const document = readFileSync(PATH, 'utf8');

/** The texts in a table of the catalogue. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

describe('docs/messages.md', () => {
  test('is what the code generates: npm run docs writes it', () => {
    assert.equal(document, page());
  });

  for (const name of readdirSync(CATALOGUE)) {
    test(`has every text of ${CATALOGUE}/${name}`, async () => {
      const module: unknown = await import(`../../${CATALOGUE}/${name.replace(/\.ts$/, '.js')}`);
      for (const text of textsIn({ ...(module as object) })) assert.ok(document.includes(escaped(text)), text);
    });
  }
});

/** Files whose texts are not messages, or are documented elsewhere. */
const OTHER_TEXTS: Readonly<Record<string, string>> = {
  'src/dashboard/': 'the page, a program of its own',
  'src/demo/': 'the demo, which shows what happens in it',
  'src/simulated/': 'simulated nodes, which say what dashd says',
  'src/simulation/': 'the simulator',
  'src/ops/alerts/conditions.ts': 'alerts, in the document',
  'src/ops/metrics': 'help texts of metrics',
  'src/ops/http/openapi.ts': 'the API document',
  'src/ops/http/routes.ts': 'the API document',
  'src/ops/http/anatomy-route.ts': 'the API document',
  'src/ops/http/anatomy-schema.ts': 'the API document',
  'src/ops/http/peer-routes.ts': 'the API document',
  'src/ops/http/cluster-routes.ts': 'the API document',
  'src/ops/http/cluster-schemas.ts': 'the API document',
  'src/ops/http/parameters.ts': 'replies that name a parameter',
  'src/ops/http/schemas.ts': 'the API document',
  'src/contracts/event-fields.ts': 'the API document',
  'src/contracts/services.ts': 'names of services, headings of the document',
  'src/config/settings.ts': 'descriptions of settings, in docs/configuration.md',
  'src/cli/flags.ts': 'help texts',
  'src/cli/program.ts': 'help texts',
  'src/cli/cluster-commands.ts': 'help texts',
  'src/cli/peers-commands.ts': 'help texts',
  'src/cli/simulate-command.ts': 'help texts',
  'src/cli/peers-report.ts': 'results of a command',
  'src/cli/submit-report.ts': 'results of a command',
};

/** Literals that are no text for people. */
const TECHNICAL = [
  /^([A-Z]{2} )+[A-Z]{2}$/, // country codes
  /^HTTP\/1\.1 /,
  /^[45]\d\d [A-Z]/, // a status line
  /^(application\/json; |x-content-type-options: |connection: |event: |public, max-age=|GET, HEAD)/,
  /^(bold white redBG|YYYY-MM-DD HH)/,
  /^blockcast (block history|spooled block)$/, // the mark of a file
  /^Library\/Application Support\//,
  /^Dash Core \{\}$/, // a class of user agents
  /^protx list$/,
  /^\.onion checksum$/, // a field
];

/** Two words in a row. */
const SENTENCE = /[A-Za-z']{2,},? [A-Za-z']{2,}/;

test('a message is not written where it is used, but in the catalogue, from which the document is made', () => {
  const names = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((name) => join('src', name))
    .filter((name) => /\.tsx?$/.test(name) && !name.startsWith(`${CATALOGUE}/`))
    .filter((name) => !Object.keys(OTHER_TEXTS).some((other) => name.startsWith(other)));
  const strays = names.flatMap((name) =>
    literalsIn(readFileSync(name, 'utf8'))
      .filter(({ text }) => SENTENCE.test(text) && !TECHNICAL.some((pattern) => pattern.test(text)))
      // Errors that are thrown are a programmer's, or name a field of a malformed message.
      .filter(({ before }) => !/new \w*(?:Error|Malformed)\(\s*$/.test(before))
      .map(({ text, line }) => `${name}:${line}: ${text}`),
  );
  assert.deepEqual(strays, []);
});

describe('the literals of a source', () => {
  const texts = (source: string) => literalsIn(source).map(({ text }) => text);

  test('are found in quotes and templates, and in the placeholders of these', () => {
    assert.deepEqual(texts(["f('a b', \"c'd\", `e $", '{g("h") + `i`} j`)'].join('')), [
      'a b',
      "c'd",
      'h',
      'i',
      'e {} j',
    ]);
  });

  test('are not found in comments and regular expressions', () => {
    assert.deepEqual(texts("// it's\n/* 'a' */ x = /['/\"]'/; y = a / b; z = 'c';"), ['c']);
  });
});
