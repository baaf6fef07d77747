import { systemClock, systemRandom } from '../adapters/system.js';
import { changesBetween } from '../config/changes.js';
import { type Config, type ConfigResult, formatConfigError } from '../config/config.js';
import { fill, fillLine, type Values } from '../messages/fill.js';
import { LOG, PROGRAM_MESSAGES } from '../messages/program.js';
import { closeLogger, createLogger, type Logger } from '../ops/logger.js';
import { createServices, type Services } from '../ops/services.js';
import { type Relay, type RelayDeps, startRelay } from '../relay/relay.js';
import { SECOND_MS } from '../time.js';
import { alertRoute } from './alert-route.js';
import { type CliContext, EXIT, type Loaded } from './context.js';

/** Enough for a pending verdict (3 s) and for saving files. Less than a service manager waits before it kills the process (systemd: 90 s). */
const DRAIN_MS = 10 * SECOND_MS;

/**
 * `blockcast run`: runs a relay until it is asked to stop.
 * @param reread loads the configuration again
 * @returns the exit code
 */
export async function run(
  { config, warnings }: Loaded,
  { version, pool }: { readonly version: string; readonly pool: NonNullable<RelayDeps['pool']> },
  context: CliContext,
  reread: () => ConfigResult,
): Promise<number> {
  const logger = createLogger(config.log, context.stdout);
  say(logger, 'started', { version, summary: summary(config) });
  for (const warning of warnings) logger.warn(warning);
  const services = createServices(config, {
    logger,
    version,
    clock: systemClock,
    random: systemRandom,
    alertRoute: alertRoute(config.tor),
  });
  const relay = await startRelay(config, { listen: services.listen, userAgent: `/blockcast:${version}/`, pool });
  const stop = () =>
    within(
      DRAIN_MS,
      relay.stop().then(() => services.close()),
    );
  try {
    await services.open(relay.view);
  } catch (error) {
    const faults = await stop().then(
      () => [],
      (fault: unknown) => [fault],
    );
    await closeLogger(logger);
    throw faults.length === 0 ? error : new AggregateError([error, ...faults], String(error));
  }

  let current = config;
  context.onHangUp?.(() => {
    current = reload(current, reread(), relay, services, logger);
  });

  await stopAsked(context.stop);
  say(logger, 'stopping');
  services.drain();
  const drained = await stop();
  if (drained) say(logger, 'stopped');
  else say(logger, 'stop-timeout', { seconds: DRAIN_MS / SECOND_MS });
  await closeLogger(logger);
  return drained ? EXIT.ok : EXIT.failed;
}

/** Applies the changes that need no restart, and logs those that do. @returns the configuration to compare with at the next reload */
function reload(before: Config, result: ConfigResult, relay: Relay, services: Services, logger: Logger): Config {
  if (!result.ok) {
    say(logger, 'reload-failed');
    for (const error of result.errors) logger.error(formatConfigError(error));
    return before;
  }
  const { live, restart } = changesBetween(before, result.config);
  relay.reload(result.config);
  services.reload(result.config);
  say(logger, 'reloaded', {
    changes: live.length === 0 ? LOG['no-changes'] : fill(LOG.applied, { settings: live.join(', ') }),
  });
  if (restart.length > 0) say(logger, 'restart-needed', { settings: restart.join(', ') });
  for (const warning of result.warnings) logger.warn(warning);
  return result.config;
}

function say(logger: Logger, name: keyof typeof PROGRAM_MESSAGES, values: Values = {}): void {
  const message = PROGRAM_MESSAGES[name];
  logger.log({ level: message.level, message: fillLine(message, values) });
}

function stopAsked(stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
}

/** @returns whether `done` resolved in time */
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
  const peers = broadcast.enabled ? fill(LOG.peers, { count: broadcast.maxPeers }) : LOG['dashd-only'];
  const feed = dashd.zmq.url === '' ? LOG['no-feed'] : fill(LOG.feed, { url: dashd.zmq.url });
  return fill(LOG.summary, { network, pool: pool.bind, events: events.bind, dashd: dashd.rpc.url, feed, peers });
}
