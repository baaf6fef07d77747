import { hostname } from 'node:os';
import { systemClock, systemRandom } from '../adapters/system.js';
import type { Config } from '../config/config.js';
import { COMMAND_ERRORS } from '../messages/commands.js';
import { sendTestAlert } from '../ops/alerts/alerts.js';
import { alertRoute } from './alert-route.js';
import { type CliContext, EXIT, printError } from './context.js';

/** `blockcast alerts test`: sends a test message through each channel and prints the results. @returns the exit code: ok when all were sent */
export async function testAlerts({ alerts, network, tor }: Config, { stdout, stderr }: CliContext): Promise<number> {
  const results = await sendTestAlert(alerts, {
    network,
    instance: hostname(),
    connect: alertRoute(tor),
    clock: systemClock,
    random: systemRandom,
  });
  for (const { channel, ok, detail } of results) stdout.write(`${channel}: ${ok ? 'sent' : 'failed'}: ${detail}\n`);
  if (results.length > 0) return results.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed;
  return printError({ stderr }, COMMAND_ERRORS['no-channel'], EXIT.usage);
}
