/** Text in a coinbase's script, which anyone with a block's proof of work can write. */

/** Shorter runs of printable bytes are chance: a height or an extra nonce has them. */
const SHORTEST_RUN = 3;
const MAX_CHARS = 100;
/** What is not shown: control and format characters (BEL, ESC, bidirectional overrides), private use, unassigned, lone surrogates, line separators. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\ufffd]+/u;

/**
 * The readable parts of foreign bytes: runs of at least three printable characters of UTF-8, on one line. It may contain `<` and `&`: a page must show it as
 * text, never as markup.
 * @returns at most 100 characters; empty where nothing is readable
 */
export function printable(bytes: Buffer): string {
  const runs = bytes.toString('utf8').split(HIDDEN);
  const text = runs
    .map((run) => run.replace(/\s+/gu, ' ').trim())
    .filter((run) => [...run].length >= SHORTEST_RUN)
    .join(' ');
  return [...text].slice(0, MAX_CHARS).join('');
}
