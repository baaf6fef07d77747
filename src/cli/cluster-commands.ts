import type { Command } from 'commander';
import { type CliContext, configFor, EXIT } from './context.js';
import { addConfigFlags, wholeNumber } from './flags.js';

const MAX_REPLICAS = 5;

/** Adds `blockcast cluster` with its commands. */
export function addClusterCommands(program: Command, context: CliContext, finish: (code: number) => void): void {
  const cluster = program
    .command('cluster')
    .description('several relays as one, on NATS: look at the cluster, prepare its servers');
  const status = cluster
    .command('status')
    .description("print the NATS server, the streams, the relays and the cluster's last blocks")
    .action(async () => {
      const loaded = configFor(status, context);
      if (loaded === undefined) return finish(EXIT.usage);
      const command = await import('./cluster.js');
      finish(await command.clusterStatus(loaded.config, context));
    });
  const setup = cluster
    .command('setup')
    .description("create or update the cluster's streams, as a user who may")
    .option(
      '--replicas <number>',
      'copies of each stream (default: one for each server, at most 3)',
      wholeNumber(1, MAX_REPLICAS),
    )
    .action(async ({ replicas }: { replicas?: number }) => {
      const loaded = configFor(setup, context);
      if (loaded === undefined) return finish(EXIT.usage);
      const command = await import('./cluster.js');
      finish(await command.clusterSetup(loaded.config, replicas, context));
    });
  for (const command of [status, setup])
    addConfigFlags(command, ({ key }) => key.startsWith('cluster.') || key === 'network');
}
