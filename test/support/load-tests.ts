import { readdirSync } from 'node:fs';

/** Its tests hash before X11 is loaded, which other tests of the process would have done. */
export const OF_ITS_OWN_PROCESS = 'x11-not-loaded.test.ts';

/**
 * Registers the tests of folders in this process. The quick loop runs few processes in place of one for each file: to start 80
 * processes takes about as long as their tests.
 *
 * Folders are listed below `test/`, so that compiled tests whose source was removed do not run.
 */
export async function loadTests(...folders: readonly string[]): Promise<void> {
  const files = folders.flatMap((folder) =>
    readdirSync(`test/${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts') && name !== OF_ITS_OWN_PROCESS)
      .sort()
      .map((name) => new URL(`../${folder}/${name.replace(/ts$/, 'js')}`, import.meta.url).href),
  );
  // One import of all: between several the runner would start, and Node 20's fails when suites come while it runs.
  await import(`data:text/javascript,${files.map((url) => `import ${JSON.stringify(url)};`).join('')}`);
}
