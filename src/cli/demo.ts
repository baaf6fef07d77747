import { once } from 'node:events';
import { systemClock, systemRandom } from '../adapters/system.js';
import { loadConfig } from '../config/config.js';
import { runDemo } from '../demo/run-demo.js';
import { COMMAND_NOTES } from '../messages/commands.js';
import { fill } from '../messages/fill.js';
import { closeLogger, createLogger } from '../ops/logger.js';
import { createServices } from '../ops/services.js';
import { SECOND_MS } from '../time.js';
import { type CliContext, EXIT } from './context.js';

export interface DemoFlags {
  /** Seconds between blocks. */
  readonly every: number;
  /** Stops after this many blocks; without it, when the process is asked to stop. */
  readonly blocks?: number;
  readonly seed: number;
  /** Port of the dashboard; 0: any free port. */
  readonly httpPort: number;
}

/** `blockcast demo`: runs a relay in a simulated network, with the dashboard. @returns the exit code */
export async function demo(
  { every, httpPort, ...rest }: DemoFlags,
  version: string,
  context: CliContext,
): Promise<number> {
  const { stdout, stderr, stop } = context;
  const loaded = loadConfig({
    options: { network: 'regtest', 'http-port': String(httpPort) },
    env: {},
    readFile: () => '',
    platform: process.platform,
  });
  if (!loaded.ok) throw new Error(loaded.errors.map(({ key, problem }) => `${key} ${problem}`).join('; '));
  // The demo prints the blocks itself; the log adds only what must not happen.
  const logger = createLogger({ level: 'critical', format: 'auto' }, stderr);
  const services = createServices(loaded.config, { logger, version, clock: systemClock, random: systemRandom });
  const running = await runDemo({
    ...rest,
    everyMs: every * SECOND_MS,
    output: stdout,
    listen: services.listen,
    attend: async ({ view }) => {
      const url = await services.open(view);
      return [
        url === undefined
          ? fill(COMMAND_NOTES['no-dashboard'], { port: httpPort })
          : fill(COMMAND_NOTES.dashboard, { url }),
      ];
    },
  });
  if (!stop.aborted) await Promise.race([running.done, once(stop, 'abort')]);
  await services.close();
  await running.stop();
  await closeLogger(logger);
  return EXIT.ok;
}
