import type { LogLevel } from '../../config/config.js';

/** A line that an operator may see in the log. */
export interface Message {
  readonly level: LogLevel;
  /** With `{placeholders}`; what is in square brackets is left out where one of its placeholders has no value. */
  readonly text: string;
  /** What to do about it; absent where there is nothing to do. */
  readonly action?: string;
}

export type Values = Readonly<Record<string, string | number | undefined>>;

/** The line of a message. Values are inserted as they are: brackets and braces in them mean nothing. */
export function fill({ text }: Pick<Message, 'text'>, values: Values = {}): string {
  const insert = (part: string) => part.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
  return text.replace(/\[([^\]]*)\]|\{\w+\}/g, (part, optional?: string) => {
    if (optional === undefined) return insert(part);
    const names = [...optional.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    return names.every((name) => values[name] !== undefined) ? insert(optional) : '';
  });
}
