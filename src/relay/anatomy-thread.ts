/** The worker thread that reads blocks for the page and the API (anatomy.ts): one answer for each block that it is sent. */
import { parentPort } from 'node:worker_threads';
import { dashcoreReader } from '../adapters/dashcore.js';
import { type PayloadReader, readAnatomy } from '../block/anatomy.js';
import type { BlockContents } from '../contracts/anatomy.js';

export interface AnatomyJob {
  /** The bytes, or their hexadecimal digits as dashd sends them: to decode 4 MB of these takes milliseconds. */
  readonly block: Uint8Array<ArrayBuffer> | string;
  /** Mainnet has addresses of its own. */
  readonly isMain: boolean;
}

const port = parentPort;
if (port === null) throw new Error('the thread that reads blocks needs a parent');
port.on('message', ({ block, isMain }: AnatomyJob) => {
  const raw =
    typeof block === 'string'
      ? Buffer.from(block, 'hex')
      : Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  const reader: PayloadReader = dashcoreReader(isMain);
  port.postMessage(readAnatomy(raw, reader) satisfies BlockContents);
});
