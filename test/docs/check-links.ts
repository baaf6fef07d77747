/**
 * `npm run lint:links`: checks that every relative link of the documents leads to a file and, if it has an anchor, to a heading.
 * `npm run links:remote` requests the links to other hosts instead; it is not part of the lint, since other hosts fail at times.
 */
import { faultOf, localLinks, remoteLinks } from './links.js';
import { DOCUMENTS } from './markdown.js';

/** Milliseconds that another host may take to answer. */
const TIMEOUT = 20_000;

const faults = process.argv.includes('--remote') ? await checkRemote() : checkLocal();
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

function checkLocal(): string[] {
  const all = DOCUMENTS.flatMap((document) => localLinks(document).map((link) => ({ document, link })));
  const faults = all.flatMap(({ document, link }) => faultOf(document, link) ?? []);
  console.log(`links: ${all.length} relative links in ${DOCUMENTS.length} documents checked, ${faults.length} broken`);
  return faults;
}

async function checkRemote(): Promise<string[]> {
  const all = [...new Set(DOCUMENTS.flatMap(remoteLinks))];
  const faults: string[] = [];
  for (const link of all) {
    const fault = await remoteFault(link);
    if (fault !== undefined) faults.push(`${link}: ${fault}`);
  }
  console.log(`links: ${all.length} remote links in ${DOCUMENTS.length} documents requested, ${faults.length} broken`);
  return faults;
}

async function remoteFault(link: string): Promise<string | undefined> {
  try {
    const { ok, status } = await fetch(link, { method: 'HEAD', signal: AbortSignal.timeout(TIMEOUT) });
    return ok ? undefined : `status ${status}`;
  } catch (error) {
    return String(error);
  }
}
