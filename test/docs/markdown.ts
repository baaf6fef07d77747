/** The documents and their parts, for the tests that compare them with the project. Paths are relative to the repository. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Document {
  readonly path: string;
  readonly text: string;
}

/** The Markdown files at the root and in docs/, and all that .github/ has. */
export const DOCUMENTS: readonly Document[] = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...below('docs').filter((name) => name.endsWith('.md')),
  ...below('.github').filter((name) => /\.(md|yml)$/.test(name)),
].map((path) => ({ path, text: readFileSync(path, 'utf8') }));

/** The files and folders below a folder, at any depth. */
export function below(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
}

/** @throws Error when there is no such document */
export function documentAt(path: string): Document {
  const found = DOCUMENTS.find((document) => document.path === path);
  if (found === undefined) throw new Error(`there is no ${path}`);
  return found;
}

const FENCED = /^```(\w*)\n(.*?)^```$/gms;

/** The contents of fenced blocks of a language. */
export function codeBlocks({ text }: Document, language: string): string[] {
  return [...text.matchAll(FENCED)].flatMap(([, name, code]) => (name === language ? [code ?? ''] : []));
}

/** The contents of `backticks`, outside of fenced blocks. */
export function inlineCode(document: Document): string[] {
  return [...prose(document).matchAll(/`([^`\n]+)`/g)].map(([, code]) => code ?? '');
}

/** Where links lead, as they are written. */
export function links(document: Document): string[] {
  const text = prose(document).replace(/`[^`\n]+`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchors(document: Document): string[] {
  return [...prose(document).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    (heading ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The cells of the rows below a table's heading. @throws Error when there is no table with that heading */
export function table({ path, text }: Document, heading: readonly string[]): string[][] {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => cells(line).join('|') === heading.join('|'));
  if (at < 0) throw new Error(`${path} has no table ${heading.join(', ')}`);
  const rows = lines.slice(at + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end < 0 ? undefined : end).map(cells);
}

function cells(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function prose({ text }: Document): string {
  return text.replace(FENCED, '');
}
