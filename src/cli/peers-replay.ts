/** `blockcast peers replay`: what the learned choice would have been worth on recorded blocks. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { errorCode } from '../adapters/system-error.js';
import { textTable } from '../common/text-table.js';
import { parseBlockEvent } from '../delivery/block-event.js';
import { COMMAND_ERRORS, COMMAND_NOTES } from '../messages/commands.js';
import { fill } from '../messages/fill.js';
import { type Chosen, type RecordedBlock, type Replay, replay } from '../peers/replay.js';
import { type CliContext, EXIT, printError, printWarning } from './context.js';
import { print } from './peers.js';

/** The end of a file that is longer is not read: some hundred bytes for each peer of a block. */
const MAX_BYTES = 1_000_000_000;
/** More than a relay keeps. */
const MAX_BLOCKS = 100_000;

/** @param path of a block history, or of block events, one a line @param choose peers for each block @returns the exit code */
export async function replayPeers(path: string, choose: number, context: CliContext): Promise<number> {
  let recorded: { readonly blocks: readonly RecordedBlock[]; readonly skipped: number };
  try {
    recorded = await read(path);
  } catch (error) {
    return printError(context, fill(COMMAND_ERRORS['recording-unreadable'], { path, code: errorCode(error) }));
  }
  const { blocks, skipped } = recorded;
  if (skipped > 0) printWarning(context, fill(COMMAND_NOTES['recording-skipped'], { path, lines: skipped }));
  const result = replay(blocks, choose);
  if (result === undefined) {
    return printError(context, fill(COMMAND_ERRORS['recording-too-small'], { path, peers: 2 * choose }));
  }
  await print(context.stdout, comparison(result, choose));
  return EXIT.ok;
}

async function read(path: string): Promise<{ blocks: RecordedBlock[]; skipped: number }> {
  const blocks: RecordedBlock[] = [];
  let skipped = 0;
  let isFirst = true;
  for await (const line of createInterface({ input: createReadStream(path, { end: MAX_BYTES }) })) {
    const event = parseBlockEvent(line);
    // A history begins with a header.
    if (event === undefined && !isFirst) skipped += 1;
    isFirst = false;
    if (event?.type !== 'verdict') continue;
    const peers = event.peers.flatMap(({ peer, protected: isDashd, acknowledgedMs, acceptedMs, late }) => {
      const proofMs = acknowledgedMs ?? acceptedMs;
      return isDashd || late === true || proofMs === undefined ? [] : [{ peer, proofMs }];
    });
    if (blocks.length < MAX_BLOCKS) blocks.push({ at: event.at, peers });
  }
  return { blocks, skipped };
}

function comparison({ blocks, plain, learned, allMs, lost }: Replay, choose: number): string {
  const row = (name: string, { firstMs, meanMs }: Chosen): string[] => [
    name,
    firstMs.toFixed(1),
    meanMs.toFixed(1),
    (meanMs / allMs).toFixed(2),
  ];
  const lines = textTable(
    [
      [
        COMMAND_NOTES['replay-choice'],
        COMMAND_NOTES['replay-first'],
        COMMAND_NOTES['replay-mean'],
        COMMAND_NOTES['replay-ratio'],
      ],
      row(COMMAND_NOTES['replay-plain'], plain),
      row(COMMAND_NOTES['replay-learned'], learned),
      [COMMAND_NOTES['replay-all'], '–', allMs.toFixed(1), '1.00'],
    ],
    new Set([0]),
  );
  return `${lines.join('\n')}\n${fill(COMMAND_NOTES.replayed, { blocks, choose, lost })}\n`;
}
