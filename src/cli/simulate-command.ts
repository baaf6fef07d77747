/** The options and the help of `blockcast simulate`. */
import { type Command, InvalidArgumentError } from 'commander';
import { COMMAND_ERRORS } from '../messages/commands.js';
import { MAX_RUNS, MAX_SEED } from '../simulation/scenario.js';
import { type CliContext, EXIT } from './context.js';
import { wholeNumber } from './flags.js';
import type { SimulateFlags } from './simulate.js';

const EXAMPLES = `
Examples:
  blockcast simulate                                        a small study, in less than 30 s
  blockcast simulate --list                                 scenarios and contenders, with a line about each
  blockcast simulate race-study --html report.html          a long study, with a report for a browser
  blockcast simulate default --runs 100 --seed 7 --json     the same bytes for the same seed
  blockcast simulate my-pool.yaml --contenders dashd,scored-20
  blockcast simulate race-study --workers 4 --save runs.jsonl

Nothing is sent to any network. docs/simulator.md describes the keys of a scenario file, and how to read the results.

Exit status: 0 done, 1 stopped or a file could not be written, 2 usage error or a scenario that is wrong.`;

/** @param finish called with the exit code */
export function addSimulateCommand(
  program: Command,
  version: string,
  context: CliContext,
  finish: (code: number) => void,
): void {
  program
    .command('simulate')
    .description('compare ways to send a block, in a simulated Dash network')
    .argument('[scenario]', 'a scenario that comes with blockcast, or a file: YAML, JSON or JSON5', 'default')
    .option(
      '--seed <number>',
      'seed of the simulated networks (default: that of the scenario)',
      wholeNumber(0, MAX_SEED),
    )
    .option('--runs <number>', 'blocks for each contender (default: those of the scenario)', wholeNumber(1, MAX_RUNS))
    .option('--contenders <names>', 'contenders, separated by commas; the others are compared with the first', names)
    .option('--json', 'print the results as JSON')
    .option('--html <file>', 'write a report for a browser to a file')
    .option('--workers <number>', 'threads that simulate (default: 1); the results are the same', wholeNumber(1, 256))
    .option('--save <file>', 'keep each run in a file, and take the runs that it has already from there')
    .option('--list', 'list the scenarios and the contenders')
    .addHelpText('after', EXAMPLES)
    .action(async (scenario: string, flags: SimulateFlags) => {
      const [command, { loadSimulator }] = await Promise.all([
        import('./simulate.js'),
        import('../simulation/simulator.js'),
      ]);
      const loaded = loadSimulator();
      if (loaded.ok) finish(await command.simulate(scenario, flags, version, context, loaded.data));
      else finish(command.refuse(loaded.errors, context, EXIT.failed));
    });
}

function names(text: string): string[] {
  const found = text.split(',').map((name) => name.trim());
  if (!found.includes('')) return found;
  throw new InvalidArgumentError(COMMAND_ERRORS['contender-names']);
}
