/**
 * Closes what is still open when the tests of a file have ended, as it is when a test failed before it closed it: a process or a socket that is left
 * would keep the file from ending until the runner kills it, and hide which test failed.
 */
import { after } from 'node:test';

const open = new Set<() => Promise<void>>();

// Not in a program that uses the same parts (`npm run chaos`): a hook would make it a test.
if (process.env['NODE_TEST_CONTEXT'] !== undefined) {
  after(async () => {
    for (const close of [...open].reverse()) await close();
  });
}

/** @param close called after the tests of the file. @returns for the owner to call when it has closed it by itself */
export function atEnd(close: () => Promise<void>): () => void {
  open.add(close);
  return () => {
    open.delete(close);
  };
}
