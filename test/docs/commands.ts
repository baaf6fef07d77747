/** The commands that a document shows, taken apart as far as the tests need it. */
import { codeBlocks, type Document, inlineCode } from './markdown.js';

export interface Invocation {
  readonly program: string;
  /** What follows the program. */
  readonly words: readonly string[];
  /** Of blockcast: empty where none is given. */
  readonly command: string;
  /** Without dashes and values. */
  readonly flags: readonly string[];
}

export interface Shown {
  /** Where it stands, for a failure's message. */
  readonly line: string;
  readonly invocation: Invocation;
}

/** From blocks of shell code, and from prose where it names blockcast, node, npm or npx. */
export function commandsIn(document: Document): Shown[] {
  const lines = codeBlocks(document, 'sh').flatMap((code) => code.split('\n'));
  const named = inlineCode(document).filter((code) => /^(blockcast|node|npm|npx) /.test(code));
  return [...lines, ...named].flatMap((line) =>
    line
      .replace(/\s#.*$/, '')
      .split(/&&|\|\||[;|]/)
      .flatMap((part) => {
        const invocation = parse(part);
        return invocation === undefined ? [] : [{ line: `${document.path}: ${line}`, invocation }];
      }),
  );
}

function parse(text: string): Invocation | undefined {
  const [program, ...words] = text
    .trim()
    .split(/\s+/)
    .filter((word) => !/^[A-Z_]+=/.test(word));
  if (program === undefined || program === '') return undefined;
  const [first = ''] = words;
  const command = /^[a-z][a-z-]*$/.test(first) ? first : '';
  const flags = words.flatMap((word) => /^--([a-z-]+)/.exec(word)?.[1] ?? []);
  return { program, words, command, flags };
}
