/**
 * What services report with the states `down` and `fault`, by code: the level of the log line, what it means and what to do. The
 * labels of metrics and docs/messages.md are made of this table. A code that is not in it is logged as `warn`.
 */
import type { ServiceEvent } from '../contracts/events.js';
import type { LogLevel } from '../contracts/log-levels.js';
import type { ServiceCode } from '../contracts/services.js';

export interface ServiceMessage {
  readonly level: LogLevel;
  readonly meaning: string;
  readonly action: string;
}

/** The log line of every service event. */
export const SERVICE_LINE = { text: '{service} {state}: [{code}: ]{detail}' };

const warn = (meaning: string, action: string): ServiceMessage => ({ level: 'warn', meaning, action });
const error = (meaning: string, action: string): ServiceMessage => ({ level: 'error', meaning, action });
const critical = (meaning: string, action: string): ServiceMessage => ({ level: 'critical', meaning, action });

const WAIT = 'None: it is retried.';
const TOGETHER = 'Stop the other blockcast, or configure other files for this one.';

/** Faults of a file or folder: `FileFaultCode` of contracts/files.ts without `missing`, which is not a fault, and `corrupt`, which depends on the file. */
const FILE: Readonly<Record<string, ServiceMessage>> = {
  locked: error('Another blockcast uses it.', TOGETHER),
  'lock-lost': error('Its lock was removed, and another process wrote it.', TOGETHER),
  changed: error('Another process wrote it.', TOGETHER),
  'not-writable': error('No permission to write it or its folder.', "Change its owner to the service's user."),
  'disk-full': error('The disk or the quota is full.', 'Free some space.'),
  'not-a-file': error('Its path is a folder or a device.', 'Remove that, or set another path.'),
  'too-large': error('It is larger than blockcast would write it.', 'Remove it, or set another path.'),
  'io-error': error('The system reported another error, which the line names.', 'Check the disk and the system log.'),
};

const UNREADABLE_FILE = 'A file cannot be read; it is set aside under another name.';

export const SERVICE_MESSAGES: Readonly<Record<ServiceCode, Readonly<Record<string, ServiceMessage>>>> = {
  'pool-socket': {
    down: critical(
      'The socket for found blocks cannot be opened: pools cannot push blocks.',
      'Free the address of `pool.bind` (`ss -ltnp`). It is retried every second.',
    ),
    refused: warn(
      'A client was rejected: it has no allowed CURVE key.',
      'If it is a pool of yours, add its key to `pool.curve.allowedClients`.',
    ),
    'no-practice': warn('The practice at the start failed: the first block takes longer.', 'Report it as a bug.'),
  },
  'events-socket': {
    down: error(
      'The socket for events cannot be opened.',
      'Free the address of `events.bind` (`ss -ltnp`). It is retried every second.',
    ),
    refused: warn(
      'A client was rejected: it has no allowed CURVE key.',
      'If it is a client of yours, add its key to `pool.curve.allowedClients`.',
    ),
  },
  'dashd-feed': {
    disconnected: warn(
      "Nothing answers at the address of dashd's feed.",
      'Compare `zmqpubrawblock` and `zmqpubhashblock` in dash.conf with `dashd.zmq.url`.',
    ),
    'no-block-topic': warn(
      'dashd publishes no blocks where blockcast can connect.',
      'Put what the line says into dash.conf, and restart dashd.',
    ),
    gap: warn(
      'Messages of the feed were missed; blocks are fetched over RPC.',
      'If it repeats, see whether the machine is overloaded.',
    ),
    silent: warn(
      'The feed did not show a block that others had; blockcast subscribed again.',
      'If it repeats, restart dashd.',
    ),
    'not-fetched': warn('A block that the feed missed could not be fetched over RPC.', WAIT),
    garbage: warn('A message of the feed cannot be read.', 'See what publishes at `dashd.zmq.url`.'),
  },
  'dashd-rpc': {
    unreachable: warn(
      'Nothing answers at `dashd.rpc.url`.',
      'Start dashd, or correct `dashd.rpc.url`; see `server=1` and `rpcport` in dash.conf.',
    ),
    timeout: warn('dashd did not answer in time.', 'Raise `rpcthreads` in dash.conf.'),
    unauthorised: error(
      'dashd rejected the user and password.',
      "Compare `dashd.rpc.user` and the password with dash.conf's `rpcauth`.",
    ),
    forbidden: error(
      'dashd does not allow this address or method.',
      'See `rpcallowip` and `rpcwhitelist` in dash.conf.',
    ),
    'not-json': error('The answer is not JSON-RPC.', 'See which program answers at `dashd.rpc.url`.'),
    'rpc-error': warn('dashd answered with an error, which the line names.', "See dashd's debug.log."),
    'http-error': warn(
      'dashd answered with an HTTP status that is an error.',
      'On 503, wait for dashd to start again, or raise `rpcworkqueue`.',
    ),
    'too-large': error(
      'The answer is larger than any answer of dashd.',
      'See which program answers at `dashd.rpc.url`.',
    ),
    'cookie-unreadable': error(
      "dashd's cookie file cannot be read.",
      "Start dashd, run blockcast as dashd's user, or set `dashd.rpc.cookieFile` or a password.",
    ),
    'warming-up': warn('dashd is loading its block index.', 'Wait some minutes.'),
    'wrong-network': critical(
      'dashd is on another network, and gets no request.',
      'Set `network` to match, or point `dashd.rpc.url` at the right dashd.',
    ),
    'not-understood': error('An answer has another form than that of dashd 23 or 24.', 'Use a supported dashd.'),
    'no-address': warn("dashd's P2P address is not known.", 'Set `dashd.p2p.host` and `dashd.p2p.port`.'),
    'locks-unknown': warn(
      'dashd does not say which transactions are InstantSend-locked: what delays a ChainLock is not known.',
      'Compare the version of dashd with those that blockcast supports; if it is one of them, report it as a bug.',
    ),
    'lock-not-relayed': warn(
      "dashd's answer about its best ChainLock cannot be read, so peers were not sent it.",
      'Compare the version of dashd with those that blockcast supports; if it is one of them, report it as a bug.',
    ),
    'finality-unknown': warn('dashd gave no answer about the finality of blocks.', WAIT),
  },
  'dashd-chain': {
    'catching-up': warn(
      'dashd is behind the chain.',
      'Wait; if its height does not grow, see whether dashd has peers.',
    ),
    starting: warn('dashd loads or verifies its block index.', 'Wait some minutes.'),
    'wrong-network': critical(
      'dashd is on another network: it gets no request and no block.',
      'Set `network` (and `devnet.name`) to match, or point `dashd.rpc.url` at the right dashd.',
    ),
  },
  peers: {
    'below-min': warn(
      'Fewer peers are connected than `broadcast.minPeers`.',
      'Let the machine connect out to port 9999, and check DNS.',
    ),
    protected: warn("The pool's own dashd cannot be removed from the peers.", 'None.'),
    'own-dashd': warn("A peer is the pool's own dashd under another address.", 'None.'),
    'same-node': warn('Two addresses are the same node.', 'None.'),
    'uplink-limited': warn(
      'Answers to blocks show that the uplink is slow for so many peers: writes are paced at its speed.',
      'State its speed as `broadcast.uplink`, or use a faster line.',
    ),
    'no-countries': warn(
      'The table of countries cannot be read: peers are chosen without it.',
      'Correct `broadcast.countryDb`.',
    ),
  },
  quorums: {
    'not-understood': error(
      "dashd's answer about quorums has another form than that of dashd 23 or 24: their members are not connected to.",
      'Use a supported dashd.',
    ),
    refused: warn(
      'dashd does not answer a call about quorums: their members are not connected to.',
      'Add `quorum` and `masternodelist` to `rpcwhitelist` in dash.conf, or set `quorum.maxPeers` to 0.',
    ),
  },
  tor: {
    'proxy-unreachable': warn(
      'Nothing listens at `tor.proxy`: no peer is reached through Tor.',
      'Start Tor, or set `tor.proxy` to its `SocksPort`. It is tried again every 10 s.',
    ),
    'proxy-timeout': warn(
      'What listens at `tor.proxy` does not answer.',
      'Restart Tor; see whether another program has the port (`ss -ltnp`).',
    ),
    'proxy-closed': warn(
      'What listens at `tor.proxy` closes the connection.',
      "See Tor's log, and `SocksPolicy` in torrc, which may refuse this machine.",
    ),
    'proxy-not-socks': error(
      'What listens at `tor.proxy` is not a SOCKS5 server.',
      "Set `tor.proxy` to Tor's `SocksPort` (9050; 9150 of the Tor Browser), not to its `ControlPort` or `HTTPTunnelPort`.",
    ),
    'proxy-auth': error(
      'The proxy does not accept a user and password, by which Tor keeps the circuits of the peers apart.',
      'Use Tor itself; remove `NoIsolateSOCKSAuth` and `PreferSOCKSNoAuth` from its `SocksPort`.',
    ),
    'no-circuit': warn(
      'Tor accepts connections, but reaches nothing: it has no circuits, or none of the peers answers.',
      "Look for `Bootstrapped 100%` in Tor's log; let the machine connect out, and check its clock.",
    ),
  },
  'peer-file': {
    ...FILE,
    corrupt: warn(UNREADABLE_FILE, 'None, if its backup is used; else keep it for a bug report.'),
    empty: warn('The file has no peers.', 'None.'),
    'backup-used': warn('The copy saved before is used.', 'None.'),
  },
  'history-file': {
    ...FILE,
    corrupt: warn(UNREADABLE_FILE, 'Restore it from a copy if you have one, and keep it for a bug report.'),
    garbage: warn('Some lines cannot be read, and are left out.', 'Check the disk.'),
  },
  spool: {
    ...FILE,
    corrupt: warn(
      UNREADABLE_FILE,
      'Keep it for a bug report. Its block is not sent again: submit it with `submitblock` if dashd lacks it.',
    ),
    full: error(
      'The spool has reached its limit of blocks or bytes: the oldest blocks are removed from it.',
      'Find out why blocks stay undelivered; raise `spool.maxBlocks` or `spool.maxBytes`.',
    ),
    foreign: warn('The folder contains files that do not belong to the spool. They are left alone.', 'Remove them.'),
    'newer-version': warn(
      'A file is of a newer version of blockcast. It is left for that version.',
      'Run that version once.',
    ),
    torn: warn(
      'A file is incomplete, as after a crash; it is set aside.',
      'None: a pool that got no event pushes the block again.',
    ),
  },
  'json-rpc-proxy': {
    down: critical(
      'The proxy cannot listen: a pool that uses it reaches neither blockcast nor dashd.',
      'Free its address, or set `proxy.host` and `proxy.port`. It is retried every second.',
    ),
    'dashd-unreachable': warn('A request could not be forwarded: dashd does not answer.', 'Start dashd.'),
    'dashd-broke-off': warn('dashd closed the connection before replying.', "See dashd's debug.log."),
    'body-too-large': warn(
      'A request was forwarded without being searched for blocks: it is larger than any with a block.',
      'None.',
    ),
    'buffers-full': warn(
      'A request was forwarded without being searched for blocks: too many large ones at once.',
      'Limit the callers.',
    ),
    'batch-too-large': warn(
      'A batch was forwarded without being searched for blocks.',
      'Send `submitblock` on its own.',
    ),
    'too-many-blocks': warn('A batch has too many blocks.', 'Send `submitblock` on its own.'),
    'no-block': warn(
      'A `submitblock` was forwarded to dashd only: its parameter is not a block.',
      'Correct what the pool sends.',
    ),
    'bad-request': warn('A request is not valid HTTP.', 'Correct the caller.'),
    'slow-request': warn('A request took too long to arrive.', 'Correct the caller.'),
    'too-many-connections': warn(
      'A connection was rejected: there are too many.',
      'Have the caller reuse its connections.',
    ),
    'cross-site': warn('A cross-site request from a web page was rejected.', 'None.'),
    loop: error('The proxy was reached by its own request.', 'Point `dashd.rpc.url` at dashd, not at the proxy.'),
  },
  http: { 'no-answer': warn('A page or reply could not be sent.', 'Report it as a bug.') },
  alerts: {},
  cluster: {
    unreachable: warn(
      'No NATS server of the cluster answers: this relay works alone.',
      'See whether the servers run, and whether `cluster.servers` names them. It is retried every 2 seconds.',
    ),
    'no-access': error(
      'The NATS servers refuse the user or the certificate.',
      'Compare `cluster.user`, `cluster.password` and `cluster.tls` with the accounts of the servers.',
    ),
    disconnected: warn(
      'The connection to the NATS servers was lost: this relay works alone.',
      'None: it reconnects, and what was missed is read then.',
    ),
    'payload-too-small': error(
      'The NATS server does not take messages of 2 MB.',
      'Set `max_payload: 8MB` in the configuration of each server, and reload it.',
    ),
    'no-right': error('The user lacks a right that a relay needs.', 'Compare its permissions with docs/cluster.md.'),
    'no-stream': error(
      'No stream stores the blocks: a relay that is away misses them.',
      'Run `blockcast cluster setup` once.',
    ),
    'not-stored': warn(
      'No stream has confirmed a block: other relays that are connected got it all the same.',
      'See whether most of the NATS servers run.',
    ),
    'given-up': warn(
      'A block is not published to the other relays any more.',
      "None: this relay's own peers and dashd had it before.",
    ),
    'not-read': warn(
      'What other relays published while this one was away cannot be read.',
      'Run `blockcast cluster setup`, and see whether most of the NATS servers run.',
    ),
    'other-network': error(
      'A relay of another chain has the same cluster name.',
      'Give the clusters different names (`cluster.name`).',
    ),
    'bad-message': warn(
      'A relay sent what is no message of the cluster.',
      'See what runs under the name of that relay, and its version.',
    ),
    'too-large': warn(
      'A relay sent a message that is too large for a block.',
      'See what runs under the name of that relay.',
    ),
    'too-fast': warn(
      'A relay sends far more than a relay does: the rest is dropped.',
      'See what runs under the name of that relay.',
    ),
    'too-many-relays': warn(
      'More relays than a cluster can have.',
      'Give the clusters different names (`cluster.name`).',
    ),
    'relay-silent': warn(
      'A relay of the cluster is not heard any more.',
      'See whether it runs, and whether it is connected to the servers.',
    ),
    'name-taken': error(
      'Another relay sends under the name of this one.',
      'Give each relay a name of its own (`cluster.relay`).',
    ),
  },
  'control-socket': {
    'path-too-long': error(
      'The path of the control socket is too long.',
      'Put `broadcast.peerDb` into a folder with a shorter path.',
    ),
    'in-use': error('Another relay listens there.', TOGETHER),
  },
};

/** The level of a service's log line. */
export function levelOfService({ service, state, code }: ServiceEvent): LogLevel {
  if (state === 'up') return 'info';
  const messages = SERVICE_MESSAGES[service];
  return (Object.hasOwn(messages, code) ? messages[code]?.level : undefined) ?? 'warn';
}
