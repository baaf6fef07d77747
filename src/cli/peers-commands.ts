/** The commands of `blockcast peers`. */
import type { Command } from 'commander';
import type { Config } from '../config/config.js';
import { type CliContext, configFor, EXIT } from './context.js';
import { addConfigFlags, wholeNumber } from './flags.js';

const EXAMPLES = `
Examples:
  blockcast peers list --json | jq '.[0]'                 the best peer
  blockcast peers explain 203.0.113.7:9999                how its score is calculated
  blockcast peers add 203.0.113.7 [2001:db8::1]:9999
  blockcast peers import /opt/p2pool-dash/data/dash/broadcast_peers.json
  blockcast peers export - | ssh other blockcast peers import /dev/stdin

The peer book is the file broadcast.peerDb. list, explain and export read it. add, remove and import are carried out by the
relay while it runs, and in the file otherwise.

Exit status: 0 success, 1 failure, 2 usage error.`;

/** @param finish called with the exit code */
export function addPeersCommands(program: Command, context: CliContext, finish: (code: number) => void): void {
  const peers = program.command('peers').description('show and edit the peer book').addHelpText('after', EXAMPLES);

  const define = (usage: string, description: string) => {
    const command = peers.command(usage).description(description);
    addConfigFlags(command, ({ key }) => key === 'network' || key === 'broadcast.peerDb');
    return command;
  };
  const carryOut = async (command: Command, work: (config: Config) => Promise<number>) => {
    // These commands bind no socket.
    const loaded = configFor(command, context, { 'pool-allow-insecure-bind': 'true' });
    finish(loaded === undefined ? EXIT.usage : await work(loaded.config));
  };

  const list = define('list', 'list all peers, best first, with the terms of their scores')
    .option('--json', 'print everything that is known, as JSON')
    .action((options: { json?: true }) =>
      carryOut(list, async (config) => {
        const { listPeers } = await import('./peers.js');
        return listPeers(options.json === true, config, context);
      }),
    );
  const explain = define('explain', 'show everything that is known about one peer, and how its score is calculated')
    .argument('<host:port>')
    .action((peer: string) =>
      carryOut(explain, async (config) => {
        const { explainPeer } = await import('./peers.js');
        return explainPeer(peer, config, context);
      }),
    );
  const exporting = define('export', 'write the peer book to a new file')
    .argument('<file>', 'a new file, or - for standard output')
    .action((target: string) =>
      carryOut(exporting, async (config) => {
        const { exportPeers } = await import('./peers.js');
        return exportPeers(target, config, context);
      }),
    );
  const importing = define('import', 'import a peer book of blockcast or p2pool-dash')
    .argument('<file>')
    .action((source: string) =>
      carryOut(importing, async (config) => {
        const { importPeers } = await import('./peers-edit.js');
        return importPeers(source, config, context);
      }),
    );
  peers
    .command('replay')
    .description('compare the plain score and the learned one by the proofs in a block history')
    .argument('<file>', 'a block history, or block events, one a line')
    .option('--choose <peers>', 'how many peers each chooses', wholeNumber(1, 1_500), 5)
    .action(async (path: string, { choose }: { choose: number }) => {
      const { replayPeers } = await import('./peers-replay.js');
      finish(await replayPeers(path, choose, context));
    });
  for (const [edit, description] of [
    ['add', "add peers, which are tried before unknown ones; the port defaults to the network's"],
    ['remove', 'remove peers; other peers may announce them again'],
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
