import type { Group } from '../groups/groups.js';
import { testFiles } from './test-files.js';

/** Registers the tests of a group in this process. */
export async function loadTests(group: Group): Promise<void> {
  const urls = testFiles()
    .filter((file) => file.group === group)
    .map(({ path }) => new URL(`../${path}`, import.meta.url).href);
  // One import of all: between several the runner would start, and Node 20's fails when suites come while it runs.
  await import(`data:text/javascript,${urls.map((url) => `import ${JSON.stringify(url)};`).join('')}`);
}
