/** Parses the files that operators write: the extension selects YAML, JSON or JSON5. */
import { extname } from 'node:path';
import json5 from 'json5';
import { parseDocument } from 'yaml';

/** @property problem completes "<path> …" */
export type Tree = { readonly ok: true; readonly tree: unknown } | { readonly ok: false; readonly problem: string };

/** Bounds the expansion of YAML aliases ("billion laughs"). */
const MAX_ALIASES = 100;

/** Parses the contents of the file at `path`; a byte-order mark is skipped. Never throws. A problem does not quote the file, which may hold a password. */
export function parseTree(path: string, contents: string): Tree {
  const text = contents.replace(/^\uFEFF/, '');
  switch (extname(path).toLowerCase()) {
    case '.yaml':
    case '.yml':
      return parseYaml(text);
    case '.json':
    case '.json5':
      return parseJson5(text);
    default:
      return { ok: false, problem: 'has an unknown type: its name must end in .yaml, .yml, .json or .json5' };
  }
}

function parseYaml(text: string): Tree {
  const { stackTraceLimit } = Error;
  try {
    // Broken text has thousands of errors, of which the first is reported: a stack trace for each would take longer than the parse.
    Error.stackTraceLimit = 0;
    const document = parseDocument(text, { prettyErrors: true });
    const [first] = document.errors;
    if (first === undefined) return { ok: true, tree: document.toJS({ maxAliasCount: MAX_ALIASES }) };
    const at = first.linePos?.[0];
    const place = at === undefined ? '' : ` at line ${at.line}, column ${at.col}`;
    return { ok: false, problem: `is not YAML: ${first.code.toLowerCase().replaceAll('_', ' ')}${place}` };
  } catch {
    return { ok: false, problem: 'is not readable YAML: it is nested too deeply, or its aliases do not resolve' };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function parseJson5(text: string): Tree {
  try {
    return { ok: true, tree: json5.parse(text) };
  } catch (error) {
    const { lineNumber, columnNumber } = error as { lineNumber?: number; columnNumber?: number };
    const place = lineNumber === undefined ? '' : ` at line ${lineNumber}, column ${columnNumber}`;
    return { ok: false, problem: `is not JSON or JSON5${place}` };
  }
}
