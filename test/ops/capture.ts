import { PassThrough } from 'node:stream';

/** A stream that keeps what was written, and may pass for a terminal. */
export function capture(terminal = false): { readonly stream: PassThrough; lines(): string[]; text(): string } {
  const stream = Object.assign(new PassThrough(), terminal ? { isTTY: true } : {});
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { stream, text: () => text, lines: () => text.split('\n').slice(0, -1) };
}
