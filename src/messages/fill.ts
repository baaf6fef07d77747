/** Makes a text for an operator from its template. */
import type { Message } from './message.js';

/** What a placeholder may stand for; undefined where there is nothing to say. */
export type Value = string | number | undefined;

export type Values = Readonly<Record<string, Value>>;

/** The names of a template's placeholders. */
type Placeholder<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never;

/**
 * Inserts values for the `{placeholders}`. Square brackets around placeholders are left out, with what is in them, where one of these has
 * no value. Values are inserted as they are: brackets and braces in them mean nothing.
 */
export function fill<const Text extends string>(
  template: Text,
  values: Readonly<Record<Placeholder<Text>, Value>>,
): string {
  return insert(template, values);
}

/** The line of a message in the log. */
export function fillLine({ text }: Pick<Message, 'text'>, values: Values = {}): string {
  return insert(text, values);
}

interface Part {
  /** Text and names of placeholders, in turn; the text comes first. */
  readonly pieces: readonly string[];
  readonly isOptional: boolean;
}

/** One entry for each template of the catalogue. */
const parsed = new Map<string, readonly Part[]>();

function insert(template: string, values: Values): string {
  let parts = parsed.get(template);
  if (parts === undefined) {
    parts = parse(template);
    parsed.set(template, parts);
  }
  let text = '';
  for (const { pieces, isOptional } of parts) {
    if (isOptional && pieces.some((name, at) => at % 2 === 1 && values[name] === undefined)) continue;
    for (const [at, piece] of pieces.entries()) text += at % 2 === 0 ? piece : String(values[piece] ?? '');
  }
  return text;
}

function parse(template: string): Part[] {
  return template.split(/\[([^[\]]*\{\w+\}[^[\]]*)\]/).map((part, at) => ({
    pieces: part.split(/\{(\w+)\}/),
    isOptional: at % 2 === 1,
  }));
}
