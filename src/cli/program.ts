/** The command line: which commands there are, and what they print when asked. Each is carried out in a file of its own. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { packageVersion } from '../adapters/package-version.js';
import { closest } from '../config/closest.js';
import { type CliContext, configFor, EXIT, readConfig } from './context.js';
import type { DemoFlags } from './demo.js';
import { descriptorFault, openFilesLimit } from './descriptors.js';
import { addConfigFlags, spellOut } from './flags.js';
import type { KeysOptions } from './keys.js';
import { addPeersCommands } from './peers-commands.js';
import { readRegularFile } from './small-file.js';

const EXAMPLES = `
Examples:
  blockcast                                       run on mainnet, with the dashd on this machine
  blockcast run --config blockcast.yaml           run as a file says
  blockcast --network testnet --log-level debug   run, and tell everything
  blockcast check-config --config blockcast.yaml  print what would be run on
  blockcast submit block.hex                      push a block to the relay on this machine
  blockcast peers list                            the peers it knows, the best first
  blockcast alerts test                           whether alerts arrive
  blockcast demo                                  see it work, without a dashd

Every flag is also a key in the file, and a variable: --dashd-rpc-url, dashd.rpc.url and BLOCKCAST_DASHD_RPC_URL are one
setting. Flags win over variables, and they over the file; a flag that takes true or false may stand alone for true.
"blockcast run --help" lists them all.`;

const RUN_EXAMPLES = `
Examples:
  blockcast run --network regtest --peers 127.0.0.1:19899,[::1]:19999
  blockcast run --dashd-rpc-user pool --config blockcast.yaml
  blockcast run --broadcast-peers=false           the local dashd only`;

const SUBMIT_EXAMPLES = `
Examples:
  dash-cli getblock <hash> 0 > block.hex && blockcast submit block.hex
  blockcast submit 04000020… --json | tail -1   the verdict, for a script

Exit status: 0 delivered (or known to the relay already), 1 refused or failed, 2 wrong use, 3 no relay answered.`;

const MAX_SECONDS = 3_600;
const MAX_COUNT = 1_000_000;
const MAX_PORT = 65_535;

/** Carries out what the arguments say. @returns the exit code */
export async function runCli(context: CliContext): Promise<number> {
  let code: number = EXIT.ok;
  const program = buildProgram(context, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(spellOut(context.args), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return code;
}

function buildProgram(context: CliContext, finish: (code: number) => void): Command {
  const { stdout, stderr } = context;
  const version = packageVersion();
  const program = new Command('blockcast')
    .description("Gets a Dash pool's found block to the network first, and proves that it did.")
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .showHelpAfterError('See "blockcast --help".')
    .addHelpText('after', EXAMPLES);

  const run = program
    .command('run', { isDefault: true })
    .description('run the relay (what happens without a command)')
    .addHelpText('after', RUN_EXAMPLES)
    // A misspelt command ends up here as an argument; commander would only say that there is one too many.
    .allowExcessArguments()
    .action(async () => {
      refuseArguments(run, program);
      const loaded = configFor(run, context);
      if (loaded === undefined) return finish(EXIT.failed);
      const shortage = descriptorFault(loaded.config, openFilesLimit(context.platform, context.readFile));
      if (shortage !== undefined) {
        stderr.write(`error: ${shortage}\n`);
        return finish(EXIT.failed);
      }
      // The pool's socket stands first: loading what follows takes longer than all before.
      const { bindPull } = await import('../adapters/zmq.js');
      const { bind, curve } = loaded.config.pool;
      const pool = bindPull({ bind, curve: curve.enabled ? curve : undefined });
      const command = await import('./run.js');
      const reread = () => readConfig(run, { ...context, readFile: readRegularFile });
      finish(await command.run(loaded, { version, pool }, context, reread));
    });
  addConfigFlags(run);

  program
    .command('demo')
    .description('run the relay in an embedded network, with blocks found every few seconds')
    .option('--every <seconds>', 'a block every so often', wholeNumber(1, MAX_SECONDS), 5)
    .option('--blocks <number>', 'end after so many (default: go on until Ctrl-C)', wholeNumber(1, MAX_COUNT))
    .option('--seed <number>', 'another seed, another network', wholeNumber(0, MAX_COUNT), 1)
    .option('--http-port <number>', "the dashboard's port; 0 for any that is free", wholeNumber(0, MAX_PORT), 8_080)
    .action(async (options: DemoFlags) => {
      const command = await import('./demo.js');
      finish(await command.demo(options, version, context));
    });

  const check = program
    .command('check-config')
    .description('print the configuration that would be run on, secrets masked')
    .action(async () => {
      const loaded = configFor(check, context);
      if (loaded === undefined) return finish(EXIT.failed);
      const command = await import('./check-config.js');
      finish(command.checkConfig(loaded, context));
    });
  addConfigFlags(check);

  const submit = program
    .command('submit')
    .description('push a block to a running relay and print what becomes of it')
    .argument('<file|hex>', 'a file with a block, raw or in hex, or the hex itself')
    .option('--timeout <seconds>', 'how long to wait for a word from the relay', wholeNumber(1, MAX_SECONDS), 30)
    .option('--json', 'print the events as they are, one a line')
    .addHelpText('after', SUBMIT_EXAMPLES)
    .action(async (block: string, options: { timeout: number; json?: true }) => {
      // Nothing is bound here, so a socket beyond loopback is only connected to.
      const loaded = configFor(submit, context, {
        'pool-allow-insecure-bind': 'true',
        'events-allow-insecure-bind': 'true',
      });
      if (loaded === undefined) return finish(EXIT.usage);
      const command = await import('./submit.js');
      finish(
        await command.submit(block, { timeout: options.timeout, json: options.json === true }, loaded.config, context),
      );
    });
  addConfigFlags(submit, ({ key }) => key.startsWith('pool.') || key.startsWith('events.'));
  addPeersCommands(program, context, finish);

  program
    .command('keys')
    .description('make a CURVE key pair into files: the secret key for its owner alone, the public key printed')
    .option('--out <folder>', 'where to write them', '.')
    .option(
      '--name <name>',
      'of the files: <name>.key and <name>.pub; a pair for the relay, and one for each pool',
      'relay',
    )
    .action(async (options: KeysOptions) => {
      const command = await import('./keys.js');
      finish(await command.makeKeys(options, context));
    });

  const alerts = program.command('alerts').description('what an operator is woken by');
  const test = alerts
    .command('test')
    .description('send a test message through each channel that is configured')
    .action(async () => {
      const loaded = configFor(test, context);
      if (loaded === undefined) return finish(EXIT.usage);
      const command = await import('./alerts.js');
      finish(await command.testAlerts(loaded.config, context));
    });
  addConfigFlags(test, ({ key }) => key.startsWith('alerts.') || key === 'network');
  return program;
}

function refuseArguments(run: Command, program: Command): void {
  const [word] = run.args;
  if (word === undefined) return;
  const names = program.commands.map((command) => command.name());
  if (names.includes(word)) run.error(`error: write the command first: blockcast ${word} …`);
  const near = closest(word, names);
  run.error(`error: unknown command '${word}'${near === undefined ? '' : `\n(Did you mean ${near}?)`}`);
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
  };
}
