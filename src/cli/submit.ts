import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { errorCode } from '../adapters/system-error.js';
import { connectableEndpoint, parseEndpoint } from '../address/endpoint.js';
import { blockBytes } from '../block/payload.js';
import { HEADER_SIZE, hashHeader, loadX11 } from '../block/x11.js';
import type { Config } from '../config/config.js';
import type { BlockEvent } from '../contracts/events.js';
import { COMMAND_ERRORS } from '../messages/commands.js';
import { fill } from '../messages/fill.js';
import { SECOND_MS } from '../time.js';
import { type CliContext, EXIT, printError, shorten } from './context.js';
import { type CurveClient, type PushOutcome, type PushRequest, pushBlock } from './push-block.js';
import { reportEvent } from './submit-report.js';

export interface SubmitOptions {
  /** Seconds. */
  readonly timeout: number;
  readonly json: boolean;
}

type Step<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/**
 * `blockcast submit`: pushes a block to a running relay and prints the events about it.
 * @param block the path of a file with a block (raw or hex), or the block in hex
 * @returns the exit code
 */
export async function submit(
  block: string,
  options: SubmitOptions,
  config: Config,
  context: CliContext,
): Promise<number> {
  const { stdout, stderr, stop } = context;
  const bytes = await readBlock(block);
  const sockets = relaySockets(config);
  for (const step of [bytes, sockets]) if (!step.ok) printError({ stderr }, step.problem);
  if (!bytes.ok || !sockets.ok) return EXIT.usage;

  const timeoutMs = options.timeout * SECOND_MS;
  const request: PushRequest = { ...(await identify(bytes.value)), ...sockets.value, timeoutMs, stop };
  const print = (event: BlockEvent) => stdout.write(options.json ? `${JSON.stringify(event)}\n` : reportEvent(event));
  const outcome = await pushBlock(request, print);
  const problem = explain(outcome, options.timeout);
  if (problem !== undefined) printError({ stderr }, problem);
  return exitCode(outcome);
}

async function readBlock(block: string): Promise<Step<Buffer>> {
  let contents: Buffer;
  try {
    contents = await readFile(block);
  } catch (error) {
    const code = errorCode(error);
    // It is not a file: hex is taken for the block itself. Long hex fails with ENAMETOOLONG.
    if (!/^[0-9a-f]+$/i.test(block)) {
      return {
        ok: false,
        problem: fill(COMMAND_ERRORS['block-unreadable'], { text: shorten(block), code }),
      };
    }
    contents = Buffer.from(block, 'latin1');
  }
  const parsed = blockBytes(contents);
  if (parsed.ok) return { ok: true, value: parsed.raw };
  return {
    ok: false,
    problem: fill(COMMAND_ERRORS['not-a-block'], { text: shorten(block), reason: parsed.reason }),
  };
}

async function identify(raw: Buffer): Promise<Pick<PushRequest, 'raw' | 'hash' | 'sha256'>> {
  const sha256 = createHash('sha256').update(raw).digest('hex');
  if (raw.length < HEADER_SIZE) return { raw, sha256 };
  await loadX11();
  return { raw, sha256, hash: hashHeader(raw.subarray(0, HEADER_SIZE)) };
}

function relaySockets({ pool, events }: Config): Step<Pick<PushRequest, 'pool' | 'events' | 'curve'>> {
  const poolEndpoint = connectable(pool.bind);
  const eventsEndpoint = connectable(events.bind);
  if (poolEndpoint === undefined || eventsEndpoint === undefined) {
    const key = poolEndpoint === undefined ? 'pool.bind' : 'events.bind';
    return { ok: false, problem: fill(COMMAND_ERRORS['no-fixed-port'], { setting: key }) };
  }
  const { curve } = pool;
  if (!curve.enabled) return { ok: true, value: { pool: poolEndpoint, events: eventsEndpoint } };
  // The relay accepts its own key as a client's.
  const client: CurveClient = { publicKey: curve.publicKey, secretKey: curve.secretKey, serverKey: curve.publicKey };
  return { ok: true, value: { pool: poolEndpoint, events: eventsEndpoint, curve: client } };
}

function connectable(bind: string): string | undefined {
  const endpoint = parseEndpoint(bind);
  return endpoint && connectableEndpoint(endpoint);
}

function explain(outcome: PushOutcome, seconds: number): string | undefined {
  switch (outcome.code) {
    case 'no-verdict':
      return fill(COMMAND_ERRORS['no-verdict'], { seconds });
    case 'stopped':
      return COMMAND_ERRORS.stopped;
    case 'no-answer':
      return noAnswer(outcome, seconds);
    case 'verdict':
    case 'refused':
    case 'repeated':
      return undefined;
  }
}

function noAnswer({ endpoint, what }: Extract<PushOutcome, { code: 'no-answer' }>, seconds: number): string {
  switch (what) {
    case 'unreachable':
      return fill(COMMAND_ERRORS['no-relay'], { endpoint, seconds });
    case 'keys-refused':
      return fill(COMMAND_ERRORS['keys-rejected'], { endpoint });
    case 'silent':
      return fill(COMMAND_ERRORS['no-event'], { endpoint, seconds });
  }
}

function exitCode(outcome: PushOutcome): number {
  switch (outcome.code) {
    case 'verdict':
      return outcome.success ? EXIT.ok : EXIT.failed;
    case 'repeated':
      return EXIT.ok;
    case 'refused':
    case 'no-verdict':
    case 'stopped':
      return EXIT.failed;
    case 'no-answer':
      return EXIT.noAnswer;
  }
}
