import type { Config } from '../config.js';
import { createEventLog } from '../ops/log-events.js';
import { closeLogger, createLogger } from '../ops/logger.js';
import { startRelay } from '../relay.js';
import { type CliContext, EXIT, type Loaded } from './context.js';

/** Runs a relay until it is asked to stop. @returns the exit code */
export async function run({ config, warnings }: Loaded, version: string, context: CliContext): Promise<number> {
  const logger = createLogger(config.log, context.stdout);
  logger.info(`blockcast ${version}: ${summary(config)}`);
  for (const warning of warnings) logger.warn(warning);
  const relay = await startRelay(config, { listen: createEventLog(logger), userAgent: `/blockcast:${version}/` });
  const stop = () => {
    logger.info('stopping: verdicts that are due are waited for');
    // Its end is awaited as `done`; a fault in it is a rejection like any other.
    void relay.stop();
  };
  if (context.stop.aborted) stop();
  else context.stop.addEventListener('abort', stop, { once: true });
  await relay.done;
  logger.info('stopped');
  await closeLogger(logger);
  return EXIT.ok;
}

function summary({ network, pool, events, dashd, broadcast }: Config): string {
  const peers = broadcast.enabled ? `up to ${broadcast.maxPeers} peers` : 'the local dashd only';
  const feed = dashd.zmq.url === '' ? 'no feed' : `feed ${dashd.zmq.url}`;
  return `${network}, pool socket ${pool.bind}, events ${events.bind}, dashd ${dashd.rpc.url}, ${feed}, ${peers}`;
}
