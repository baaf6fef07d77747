/** The command line: all commands with their options and help texts. Each command is implemented in a file of its own, loaded when it runs. */

import { setImmediate } from 'node:timers/promises';
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../adapters/package-version.js';
import { errorCode } from '../adapters/system-error.js';
import { closest } from '../config/closest.js';
import { COMMAND_ERRORS } from '../messages/commands.js';
import { fill } from '../messages/fill.js';
import { addClusterCommands } from './cluster-commands.js';
import { type CliContext, collectHangUps, configFor, EXIT, printError, readConfig, shorten } from './context.js';
import type { DemoFlags } from './demo.js';
import { descriptorFault, openFilesLimit } from './descriptors.js';
import { addConfigFlags, normaliseArguments, wholeNumber } from './flags.js';
import type { KeysOptions } from './keys.js';
import { addPeersCommands } from './peers-commands.js';
import { addSimulateCommand } from './simulate-command.js';
import { readRegularFile } from './small-file.js';

const EXAMPLES = `
Examples:
  blockcast                                       run on mainnet with the dashd on this machine
  blockcast run --config blockcast.yaml           run with a configuration file
  blockcast --network testnet --log-level debug   run on testnet and log everything
  blockcast check-config --config blockcast.yaml  print the effective configuration
  blockcast submit block.hex                      push a block to the relay on this machine
  blockcast peers list                            list the known peers, best first
  blockcast cluster status                        see the other relays of a cluster
  blockcast alerts test                           send a test alert
  blockcast demo                                  watch it work, without a dashd
  blockcast simulate                              compare ways to send a block, in a simulated network

Each setting is a flag, a variable and a key in the configuration file: --dashd-rpc-url, BLOCKCAST_DASHD_RPC_URL and
dashd.rpc.url are the same setting. Flags override variables, and variables override the file. A boolean flag without a value
means true. "blockcast run --help" lists all settings.`;

const RUN_EXAMPLES = `
Examples:
  blockcast run --network regtest --peers 127.0.0.1:19899,[::1]:19999
  blockcast run --dashd-rpc-user pool --config blockcast.yaml
  blockcast run --broadcast-peers=false           the local dashd only`;

const SUBMIT_EXAMPLES = `
Examples:
  dash-cli getblock <hash> 0 > block.hex && blockcast submit block.hex
  blockcast submit 04000020… --json | tail -1   only the verdict, for a script

Exit status: 0 delivered (or already known to the relay), 1 refused or failed, 2 usage error, 3 no relay answered.`;

/** Commander quotes an argument whole. */
const LONG_WORD = /[^\s']{61,}/g;
/** Commands whose exit status says something else than whether their output was written. */
const STATUS_OF_ITS_OWN: ReadonlySet<string> = new Set(['run', 'demo', 'submit']);
const MAX_SECONDS = 3_600;
const MAX_COUNT = 1_000_000;
const MAX_PORT = 65_535;

/** Runs the command that the arguments name. @returns the exit code */
export async function runCli(context: CliContext): Promise<number> {
  let code: number = EXIT.ok;
  const program = buildProgram(context, (result) => {
    code = result;
  });
  let name = '';
  program.hook('preAction', (_, command) => {
    name = command.name();
  });
  const output = watchOutput(context.stdout);
  try {
    await program.parseAsync(normaliseArguments(context.args), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  if (code !== EXIT.ok || STATUS_OF_ITS_OWN.has(name)) return code;
  const fault = await output.fault();
  return fault === undefined ? code : printError(context, fill(COMMAND_ERRORS['output-lost'], { code: fault }));
}

/** Notes why output was lost. A reader that has gone (EPIPE), such as `head`, has what it wanted. */
function watchOutput(stdout: CliContext['stdout']): { fault(): Promise<string | undefined> } {
  let fault: string | undefined;
  stdout.on('error', (error) => {
    const code = errorCode(error);
    if (code !== 'EPIPE') fault ??= code;
  });
  return {
    async fault() {
      // Behind all that was written before.
      await new Promise<void>((resolve) => stdout.write('', () => resolve()));
      await setImmediate();
      return fault;
    },
  };
}

function buildProgram(context: CliContext, finish: (code: number) => void): Command {
  const { stdout, stderr } = context;
  const version = packageVersion();
  const program = new Command('blockcast')
    .description("Delivers a Dash pool's found blocks to the network first, and proves the delivery.")
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: (text, write) => write(text.replace(LONG_WORD, shorten)),
    })
    .showHelpAfterError('See "blockcast --help".')
    .addHelpText('after', EXAMPLES);

  const run = program
    .command('run', { isDefault: true })
    .description('run the relay (the default command)')
    .addHelpText('after', RUN_EXAMPLES)
    // A misspelt command arrives here as an argument, about which commander would only say that there is one too many.
    .allowExcessArguments()
    .action(async () => {
      // Before the relay is there: a reload that comes while it starts (`systemctl reload`, a closed terminal) must not end it.
      const onHangUp = collectHangUps(context);
      refuseArguments(run, program);
      const loaded = configFor(run, context);
      if (loaded === undefined) return finish(EXIT.failed);
      const shortage = descriptorFault(loaded.config, openFilesLimit(context.platform, context.readFile));
      if (shortage !== undefined) return finish(printError(context, shortage));
      // The pool's socket is bound first, since loading the relay takes longer than everything before.
      const { bindPull } = await import('../adapters/zmq.js');
      const { bind, curve } = loaded.config.pool;
      const pool = bindPull({ bind, curve: curve.enabled ? curve : undefined });
      const command = await import('./run.js');
      const reread = () => readConfig(run, { ...context, readFile: readRegularFile });
      finish(await command.run(loaded, { version, pool }, { ...context, onHangUp }, reread));
    });
  addConfigFlags(run);

  program
    .command('demo')
    .description('run the relay in a simulated network in which a pool finds a block every few seconds')
    .option('--every <seconds>', 'seconds between blocks', wholeNumber(1, MAX_SECONDS), 5)
    .option('--blocks <number>', 'stop after this many blocks (default: run until Ctrl-C)', wholeNumber(1, MAX_COUNT))
    .option('--seed <number>', 'seed of the simulated network', wholeNumber(0, MAX_COUNT), 1)
    .option('--http-port <number>', 'port of the dashboard; 0 for any free port', wholeNumber(0, MAX_PORT), 8_080)
    .action(async (options: DemoFlags) => {
      const command = await import('./demo.js');
      finish(await command.demo(options, version, context));
    });

  addSimulateCommand(program, version, context, finish);

  const check = program
    .command('check-config')
    .description('print the effective configuration, secrets masked')
    .action(async () => {
      const loaded = configFor(check, context);
      if (loaded === undefined) return finish(EXIT.failed);
      const command = await import('./check-config.js');
      finish(command.checkConfig(loaded, context));
    });
  addConfigFlags(check);

  const submit = program
    .command('submit')
    .description('push a block to a running relay and print the events about it')
    .argument('<file|hex>', 'a file with a block (raw or hex), or the block in hex')
    .option('--timeout <seconds>', 'longest time without an event from the relay', wholeNumber(1, MAX_SECONDS), 30)
    .option('--json', 'print the events as JSON, one per line')
    .addHelpText('after', SUBMIT_EXAMPLES)
    .action(async (block: string, options: { timeout: number; json?: true }) => {
      // submit binds no socket: it only connects, so the rules about insecure binds do not apply.
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
  addClusterCommands(program, context, finish);

  program
    .command('keys')
    .description(
      'create a CURVE key pair in files (the secret key readable by its owner only), and print the public key',
    )
    .option('--out <folder>', 'folder of the files', '.')
    .option(
      '--name <name>',
      'name of the files <name>.key and <name>.pub; create one pair for the relay and one for each pool',
      'relay',
    )
    .action(async (options: KeysOptions) => {
      const command = await import('./keys.js');
      finish(await command.makeKeys(options, context));
    });

  const alerts = program.command('alerts').description('test the alert channels');
  const test = alerts
    .command('test')
    .description('send a test message through each configured channel')
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
  if (names.includes(word)) run.error(`error: ${fill(COMMAND_ERRORS['command-first'], { command: word })}`);
  const near = closest(word, names);
  const hint = near === undefined ? '' : `\n${fill(COMMAND_ERRORS['did-you-mean'], { name: near })}`;
  run.error(`error: ${fill(COMMAND_ERRORS['unknown-command'], { command: word })}${hint}`);
}
