/** Checks all documents: their links work, and the commands, flags, settings, metrics and files that they name exist. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { loadConfig } from '../../src/config/config.js';
import { isInjected } from '../../src/config/orchestrator.js';
import {
  CONFIG_ENV,
  envName,
  FLAGS,
  isSecret,
  KEYS,
  secretFileEnvName,
  secretFileKey,
} from '../../src/config/settings.js';
import { cli } from '../cli/support.js';
import { commandsIn, type Invocation } from './commands.js';
import { faultOf, localLinks } from './links.js';
import { below, codeBlocks, DOCUMENTS, type Document, documentAt, inlineCode, links } from './markdown.js';

describe('links', () => {
  for (const document of DOCUMENTS) {
    test(`in ${document.path} lead to a file and a heading`, () => {
      for (const link of localLinks(document)) assert.equal(faultOf(document, link), undefined);
    });
  }
});

describe('the index docs/README.md', () => {
  const targets = links(documentAt('docs/README.md')).map((link) => join('docs', link));

  test('links to every document', () => {
    const others = DOCUMENTS.map(({ path }) => path).filter(
      (path) => path.startsWith('docs/') && path !== 'docs/README.md',
    );
    for (const path of others) assert.ok(targets.includes(path), path);
  });
});

describe('metrics', () => {
  const source = below('src/ops')
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');

  for (const document of DOCUMENTS) {
    test(`that ${document.path} names exist`, () => {
      for (const [name] of inlineCode(document)
        .join('\n')
        .matchAll(/\bblockcast_[a-z_]+\b/g)) {
        assert.ok(source.includes(`'${name.replace(/_(bucket|count|sum)$/, '')}'`), `there is no metric ${name}`);
      }
    });
  }
});

describe('decisions', () => {
  test('have unique numbers, which their headings and all links to them repeat', () => {
    const numbers = readdirSync('docs/decisions').map((name) => Number(name.slice(0, 4)));
    assert.deepEqual(numbers, [...new Set(numbers)]);
    for (const { path, text } of DOCUMENTS) {
      const own = /decisions\/(\d{4})-/.exec(path)?.[1];
      if (own !== undefined) assert.ok(text.startsWith(`# ${Number(own)}. `), path);
      for (const [link, said, target] of text.matchAll(/\[decision (\d+)\]\((?:\S*\/)?(\d{4})-/g))
        assert.equal(Number(said), Number(target), `${path}: ${link}`);
    }
  });
});

describe('commands', () => {
  /** By command, and by command and subcommand. */
  const optionsOf = new Map<string, ReadonlySet<string>>();
  const learn = async (command: string): Promise<void> => {
    const { stdout } = await cli([...command.split(' ').filter(Boolean), '--help']);
    optionsOf.set(
      command,
      new Set([...stdout.matchAll(/^ {2,}(?:-\w, )?--([a-z-]+)/gm)].map(([, flag]) => flag ?? '')),
    );
    // The list ends with an empty line; examples follow.
    const [listed = ''] = (stdout.split('\nCommands:\n')[1] ?? '').split('\n\n');
    const names = [...listed.matchAll(/^ {2}([a-z-]+) /gm)].flatMap(([, name = '']) => (name === 'help' ? [] : [name]));
    await Promise.all(names.map((name) => learn(`${command} ${name}`.trim())));
  };
  before(async () => {
    await learn('');
    assert.ok(
      optionsOf.get('run')?.has('network') && optionsOf.has('peers list'),
      'the output of --help could not be parsed',
    );
  });

  const check = ({ command, words, flags }: Invocation, where: string) => {
    const hasOwn = [...optionsOf.keys()].some((known) => known.startsWith(`${command} `)) && command !== '';
    const full = hasOwn ? words.slice(0, 2).join(' ') : command;
    const options = optionsOf.get(full) ?? assert.fail(`${where}: there is no command "${full}"`);
    const general = command === '' ? optionsOf.get('run') : undefined;
    for (const flag of flags) assert.ok(options.has(flag) || general?.has(flag), `${where}: there is no --${flag}`);
  };

  for (const document of DOCUMENTS) {
    test(`of blockcast in ${document.path} exist, with their flags`, () => {
      for (const { line, invocation } of commandsIn(document)) {
        if (invocation.program === 'blockcast') check(invocation, line);
      }
    });

    test(`of npm in ${document.path} exist`, () => {
      for (const { line, invocation } of commandsIn(document)) {
        if (invocation.program === 'npm') assert.ok(isNpmCommand(invocation.words), line);
        if (invocation.program === 'npx')
          assert.ok(existsSync(join('node_modules/.bin', invocation.words[0] ?? '')), line);
      }
    });

    test(`of npm in ${document.path} have their flags`, () => {
      for (const { line, invocation } of commandsIn(document)) {
        const { program, words, flags } = invocation;
        if (program !== 'npm' || !words.includes('--')) continue;
        const script = words[1] ?? '';
        const options = optionsOf.get(script) ?? optionsOfScript(script);
        const has = (flag: string) => ('has' in options ? options.has(flag) : options.includes(flag));
        for (const flag of flags) assert.ok(has(flag), `${line}: there is no --${flag}`);
      }
    });

    test(`on built files in ${document.path} have a source`, () => {
      for (const { line, invocation } of commandsIn(document)) {
        const built = invocation.words.filter((word) => word.startsWith('dist/'));
        for (const path of built) assert.ok(existsSync(path.slice(5).replace(/\.js$/, '.ts')), line);
      }
    });
  }

  test('are recognised: the README has those that a newcomer needs', () => {
    const found = commandsIn(documentAt('README.md')).map(({ invocation }) => invocation);
    const ours = found.filter(({ program }) => program === 'blockcast').map(({ command }) => command);
    for (const command of ['run', 'check-config', 'submit']) assert.ok(ours.includes(command), command);
    assert.ok(found.some(({ program, words }) => program === 'npm' && words.join(' ') === 'run demo'));
  });

  test('have the flags that prose names alone', () => {
    const ours = [...optionsOf.values()].flatMap((options) => [...options]);
    const all = new Set([...ours, ...['chaos', 'fuzz', 'simulate:faults'].flatMap(optionsOfScript)]);
    for (const document of DOCUMENTS) {
      for (const code of inlineCode(document)) {
        const flag = /^--([a-z-]+)(=\w+)?$/.exec(code)?.[1];
        if (flag !== undefined) assert.ok(all.has(flag), `${document.path}: --${flag}`);
      }
    }
  });
});

/** The entries of the root that belong to the repository. */
const TRACKED = readdirSync('.').filter((name) => !['.git', 'coverage', 'data', 'dist', 'node_modules'].includes(name));
const isFolder = (path: string): boolean => statSync(path).isDirectory();

const NPM_OWN = new Set(['ci', 'install', 'test', 'start']);
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

/** The options that the program of an npm script hands to `parseArgs`. */
function optionsOfScript(script: string): string[] {
  const [, path = ''] = / dist\/(\S+)\.js/.exec(scripts[script] ?? '') ?? [];
  const text = readFileSync(`${path}.ts`, 'utf8');
  return [...text.matchAll(/^ +'?([a-z][a-z-]*)'?: \{ type: '/gm)].map(([, option = '']) => option);
}

function isNpmCommand([first = '', second = '']: readonly string[]): boolean {
  return first === 'run' ? Object.hasOwn(scripts, second) : NPM_OWN.has(first);
}

describe('settings', () => {
  const sections = new Set(
    KEYS.flatMap((key) => {
      const parts = key.split('.');
      return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
    }),
  );
  for (const key of KEYS.filter(isSecret)) sections.add(secretFileKey(key));
  const variables = new Set([...KEYS.map(envName), ...KEYS.filter(isSecret).map(secretFileEnvName), CONFIG_ENV]);

  /** Scenarios have keys of their own, some of them in sections named as those of settings: simulator.test.ts. */
  const isScenarios = ({ path }: Document): boolean => /^docs\/simulator(-model)?\.md$/.test(path);

  for (const document of DOCUMENTS) {
    test(`that ${document.path} names exist`, () => {
      for (const code of inlineCode(document)) {
        const isFile = /\.(ts|js|md|json5?|ya?ml|conf)$/.test(code);
        const [first = ''] = code.split('.');
        if (isFile || !sections.has(first) || !/^[a-z]+(\.[a-zA-Z]+)+$/.test(code) || isScenarios(document)) continue;
        assert.ok(sections.has(code), `there is no setting ${code}`);
      }
      for (const [name] of document.text.matchAll(/\bBLOCKCAST_\w+/g)) {
        assert.ok(variables.has(name) || isInjected(name, ''), `there is no variable ${name}`);
      }
    });

    test(`in the examples of ${document.path} are valid`, () => {
      for (const yaml of isScenarios(document) ? [] : codeBlocks(document, 'yaml')) {
        // Variables that an example mentions are set in the environment.
        const left = [...yaml.matchAll(/\bBLOCKCAST_\w+/g)].map(([name]) => [name, 'Z'.repeat(40)]);
        const env = { HOME: '/home/pool', ...Object.fromEntries(left) };
        const readFile = (path: string) => (path === 'example.yaml' ? yaml : 'Z'.repeat(40));
        const read = { options: { config: 'example.yaml' }, env, platform: 'linux', readFile };
        const result = loadConfig(read);
        assert.deepEqual(result.ok ? [] : result.errors, []);
      }
    });
  }

  test('with a second flag have it in docs/configuration.md', () => {
    const named = inlineCode(documentAt('docs/configuration.md'));
    for (const { name } of FLAGS) assert.ok(named.includes(`--${name}`), name);
  });
});

describe('files', () => {
  /** Relative to the root. */
  const ours = TRACKED.flatMap((entry) => (isFolder(entry) ? [entry, ...below(entry)] : [entry]));
  const known = new Set(ours);
  const names = new Set(ours.map((path) => basename(path)));
  const firsts = new Set([...TRACKED, ...readdirSync('src')]);

  /** What a document calls a file or a folder of this repository, without what is another program's or the operator's. */
  const isOurs = (code: string): boolean => {
    if (!/^[\w@.-]+(\/[\w@.-]+)*\/?$/.test(code) || /\.(cpp|h)$/.test(code)) return false;
    return code.includes('/') ? firsts.has(code.split('/')[0] ?? '') : /\.(jsonc|md|mjs|tsx?)$/.test(code);
  };

  const exists = (code: string): boolean => {
    const path = code.replace(/\/$/, '');
    return path.includes('/') ? known.has(path) || known.has(join('src', path)) : names.has(path);
  };

  for (const document of DOCUMENTS) {
    test(`that ${document.path} names exist`, () => {
      const shell = codeBlocks(document, 'sh').flatMap((code) => code.split(/\s+/));
      for (const code of [...inlineCode(document), ...shell]) {
        if (isOurs(code)) assert.ok(exists(code), `there is no ${code}`);
      }
    });
  }

  test('are recognised', () => {
    for (const code of ['src/relay/relay.ts', 'wire/', 'docs/no.md', 'no.ts', '.ci/run']) assert.ok(isOurs(code), code);
    for (const code of ['dash.conf', 'lib/pool.js', 'rpc/blockchain.cpp', '/healthz']) assert.ok(!isOurs(code), code);
    assert.ok(exists('wire/') && exists('.ci/run') && !exists('docs/no.md') && !exists('no.ts') && !exists('src/no/'));
  });
});
