/** `blockcast peers …`: which commands there are. */
import type { Command } from 'commander';
import type { Config } from '../config/config.js';
import { type CliContext, configFor, EXIT } from './context.js';
import { addConfigFlags } from './flags.js';

const EXAMPLES = `
Examples:
  blockcast peers list --json | jq '.[0]'                 the best peer
  blockcast peers explain 203.0.113.7:9999                why it has the score it has
  blockcast peers add 203.0.113.7 [2001:db8::1]:9999
  blockcast peers import /opt/p2pool-dash/data/dash/broadcast_peers.json
  blockcast peers export - | ssh other blockcast peers import /dev/stdin

What the relay knows is in broadcast.peerDb. list, explain and export read that file; add, remove and import are handed to
the relay when it runs, and change the file when it does not.

Exit status: 0 done, 1 not done, 2 wrong use.`;

/** @param finish takes the exit code */
export function addPeersCommands(program: Command, context: CliContext, finish: (code: number) => void): void {
  const peers = program
    .command('peers')
    .description('look at the peer book, and change it')
    .addHelpText('after', EXAMPLES);

  const define = (usage: string, description: string) => {
    const command = peers.command(usage).description(description);
    addConfigFlags(command, ({ key }) => key === 'network' || key === 'broadcast.peerDb');
    return command;
  };
  const carryOut = async (command: Command, work: (config: Config) => Promise<number>) => {
    // Nothing is bound here.
    const loaded = configFor(command, context, { 'pool-allow-insecure-bind': 'true' });
    finish(loaded === undefined ? EXIT.usage : await work(loaded.config));
  };

  const list = define('list', 'all peers, the best first, with what makes up their scores')
    .option('--json', 'as JSON, with all that is known')
    .action((options: { json?: true }) =>
      carryOut(list, async (config) => {
        const { listPeers } = await import('./peers.js');
        return listPeers(options.json === true, config, context);
      }),
    );
  const explain = define('explain', 'all that is known of one peer, and why it has its score')
    .argument('<host:port>')
    .action((peer: string) =>
      carryOut(explain, async (config) => {
        const { explainPeer } = await import('./peers.js');
        return explainPeer(peer, config, context);
      }),
    );
  const exporting = define('export', 'the peer book as a file of its own')
    .argument('<file>', 'a new file, or - for standard output')
    .action((target: string) =>
      carryOut(exporting, async (config) => {
        const { exportPeers } = await import('./peers.js');
        return exportPeers(target, config, context);
      }),
    );
  const importing = define('import', "take in another peer book, blockcast's or p2pool-dash's")
    .argument('<file>')
    .action((source: string) =>
      carryOut(importing, async (config) => {
        const { importPeers } = await import('./peers-edit.js');
        return importPeers(source, config, context);
      }),
    );
  for (const [edit, description] of [
    ['add', "add peers, to be tried before strangers; the port defaults to the network's"],
    ['remove', 'forget peers; they may be heard of again'],
  ] as const) {
    const command = define(edit, description)
      .argument('<host:port...>')
      .action((names: string[]) =>
        carryOut(command, async (config) => {
          const { editPeers } = await import('./peers-edit.js');
          return editPeers(edit, names, config, context);
        }),
      );
  }
}
