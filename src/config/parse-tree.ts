/** Parses the files that operators write: the extension selects YAML, JSON or JSON5. */

import { extname } from 'node:path';
import json5 from 'json5';
import { parseDocument } from 'yaml';
import { SOURCES } from '../messages/configuration.js';
import { fill } from '../messages/fill.js';

export type Tree =
  | { readonly ok: true; readonly tree: unknown }
  /** `problem` completes "<path> …". */
  | { readonly ok: false; readonly problem: string; readonly remedy: string };

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
      return { ok: false, ...SOURCES['unknown-type'] };
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
    const { problem, remedy } = SOURCES['not-yaml'];
    const reason = first.code.toLowerCase().replaceAll('_', ' ');
    return { ok: false, problem: fill(problem, { reason, line: at?.line, column: at?.col }), remedy };
  } catch {
    return { ok: false, ...SOURCES['yaml-too-deep'] };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function parseJson5(text: string): Tree {
  try {
    return { ok: true, tree: json5.parse(text) };
  } catch (error) {
    const { lineNumber, columnNumber } = error as { lineNumber?: number; columnNumber?: number };
    const { problem, remedy } = SOURCES['not-json'];
    return { ok: false, problem: fill(problem, { line: lineNumber, column: columnNumber }), remedy };
  }
}
