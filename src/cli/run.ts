import { systemClock, systemRandom } from '../adapters/system.js';
import { changesBetween } from '../config/changes.js';
import { type Config, type ConfigResult, formatConfigError } from '../config/config.js';
import { closeLogger, createLogger, type Logger } from '../ops/logger.js';
import { createServices, type Services } from '../ops/services.js';
import { type Relay, type RelayDeps, startRelay } from '../relay/relay.js';
import { SECOND_MS } from '../time.js';
import { type CliContext, EXIT, type Loaded } from './context.js';

/** By then a broadcast under way has its verdict, and files are saved; what still holds us is not worth a service manager's patience. */
const DRAIN_MS = 10 * SECOND_MS;

/**
 * Runs a relay until it is asked to stop.
 * @param reread the configuration as it stands when it is called
 * @returns the exit code
 */
export async function run(
  { config, warnings }: Loaded,
  { version, pool }: { readonly version: string; readonly pool: NonNullable<RelayDeps['pool']> },
  context: CliContext,
  reread: () => ConfigResult,
): Promise<number> {
  const logger = createLogger(config.log, context.stdout);
  logger.info(`blockcast ${version}: ${summary(config)}`);
  for (const warning of warnings) logger.warn(warning);
  const services = createServices(config, { logger, version, clock: systemClock, random: systemRandom });
  const relay = await startRelay(config, { listen: services.listen, userAgent: `/blockcast:${version}/`, pool });
  await services.open(relay.view);

  let current = config;
  context.onHangUp?.(() => {
    current = reload(current, reread(), relay, services, logger);
  });

  await stopAsked(context.stop);
  logger.info('stopping: verdicts that are due are waited for');
  services.drain();
  const drained = await within(
    DRAIN_MS,
    relay.stop().then(() => services.close()),
  );
  if (drained) logger.info('stopped');
  else logger.critical(`not everything could be closed within ${DRAIN_MS / SECOND_MS} s: the rest is left as it is`);
  await closeLogger(logger);
  return drained ? EXIT.ok : EXIT.failed;
}

/** Takes over what can be, and names what cannot. @returns the configuration that is in force, or will be after a restart */
function reload(before: Config, result: ConfigResult, relay: Relay, services: Services, logger: Logger): Config {
  if (!result.ok) {
    logger.error('the configuration was not taken over, it is wrong:');
    for (const error of result.errors) logger.error(formatConfigError(error));
    return before;
  }
  const { live, restart } = changesBetween(before, result.config);
  relay.reload(result.config);
  services.reload(result.config);
  logger.info(
    `configuration read again: ${live.length === 0 ? 'nothing to take over' : `taken over: ${live.join(', ')}`}`,
  );
  if (restart.length > 0) logger.warn(`these settings need a restart: ${restart.join(', ')}`);
  for (const warning of result.warnings) logger.warn(warning);
  return result.config;
}

function stopAsked(stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
}

/** @returns whether it was done in time */
async function within(ms: number, done: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([done.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function summary({ network, pool, events, dashd, broadcast }: Config): string {
  const peers = broadcast.enabled ? `up to ${broadcast.maxPeers} peers` : 'the local dashd only';
  const feed = dashd.zmq.url === '' ? 'no feed' : `feed ${dashd.zmq.url}`;
  return `${network}, pool socket ${pool.bind}, events ${events.bind}, dashd ${dashd.rpc.url}, ${feed}, ${peers}`;
}
