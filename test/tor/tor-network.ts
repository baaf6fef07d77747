/**
 * A Tor network of its own on loopback, of real tor processes: three directory authorities and four relays, all of them exits, and a client with
 * a SOCKS port, which also offers onion services. It needs no other network. The arrangement is that of the Tor project's chutney.
 *
 * An onion service is found in it only if:
 * - **The voting interval does not change.** In a testing network Tor derives the time period of a service's descriptors from the interval of the
 *   consensus (`get_time_period_length` in hs_common.c). With other intervals for the first consensus and for those after it, the client looks for
 *   descriptors of a period that the service has not published, from the second consensus on.
 * - **There are enough relays.** A circuit to an introduction point or to a directory of services is made of four different relays at least
 *   (`route_len_for_purpose` in circuitbuild.c): with four in all, one that is not to be used just then fails all of them.
 * - **Nothing is asked for too early.** A relay that finds no authority publishes itself again after 90 minutes, and a client remembers what failed.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { socksDial } from '../../src/adapters/socks.js';
import { freePort } from '../../src/simulated/free-port.js';
import { eventually } from '../contract/node-under-test.js';
import { PATIENCE_MS } from '../support/patience.js';

/** A value for a test's `skip`: false where tor is installed, otherwise the reason. */
export const NO_TOR: string | false = ['tor', 'tor-gencert'].every(
  (program) => spawnSync(program, ['--version']).error === undefined,
)
  ? false
  : 'tor is not installed (Debian: apt install tor)';

const AUTHORITIES = 3;
const RELAYS = 4;
const NODES = AUTHORITIES + RELAYS;
/** One for this time period, one for the next. */
const DESCRIPTORS = 2;
const RETRY_MS = 2_000;
const NOBODY = '0'.repeat(40);
/** tor reads a system-wide file of defaults otherwise. */
const NO_DEFAULTS = ['--defaults-torrc', '/dev/null'];

interface Node {
  readonly folder: string;
  readonly name: string;
  readonly orPort: number;
}

interface Authority extends Node {
  readonly dirPort: number;
}

export class TorNetwork {
  private readonly running = new Map<string, ChildProcess>();

  private constructor(
    private readonly folder: string,
    /** Of the client. */
    readonly socksPort: number,
    private readonly controlPort: number,
  ) {}

  static async start(): Promise<TorNetwork> {
    const folder = mkdtempSync(join(tmpdir(), 'blockcast-tor-'));
    const node = async (name: string): Promise<Node> => ({
      folder: join(folder, name),
      name,
      orPort: await freePort(),
    });
    const authorities: Authority[] = [];
    for (let n = 1; n <= AUTHORITIES; n += 1) {
      authorities.push({ ...(await node(`authority${n}`)), dirPort: await freePort() });
    }
    const network = new TorNetwork(folder, await freePort(), await freePort());
    try {
      const directory = await Promise.all(authorities.map(identify));
      for (const authority of authorities) {
        network.run(authority.folder, [...relayOptions(authority, directory), ...authorityOptions(authority)]);
      }
      for (const authority of authorities) {
        await eventually(() => askAuthority(authority, 'server/authority'), `${authority.name} to listen`);
      }
      for (let n = 1; n <= RELAYS; n += 1) {
        const relay = await node(`relay${n}`);
        network.run(relay.folder, relayOptions(relay, directory));
      }
      for (const authority of authorities) {
        const look = async () => hasAll(await askAuthority(authority, 'status-vote/current/consensus')) || undefined;
        await eventually(look, `all relays in the consensus of ${authority.name}`);
      }
      network.startClient(directory);
      await eventually(async () => (await network.isReady()) || undefined, 'the client');
      return network;
    } catch (error) {
      await network.stop();
      throw error;
    }
  }

  /** Bootstrapped, and not with a part of the relays. */
  private async isReady(): Promise<boolean> {
    const told = await this.ask('GETINFO status/bootstrap-phase md/all');
    return told.includes('PROGRESS=100') && told.match(/^ntor-onion-key/gm)?.length === NODES;
  }

  get address(): string {
    return `127.0.0.1:${this.socksPort}`;
  }

  private directory: readonly string[] = [];

  /** Starts the client, also again. */
  startClient(directory = this.directory): void {
    this.directory = directory;
    this.run(join(this.folder, 'client'), [
      'TestingTorNetwork 1',
      ...directory,
      `SocksPort 127.0.0.1:${this.socksPort} IsolateSOCKSAuth ExtendedErrors`,
      `ControlPort 127.0.0.1:${this.controlPort}`,
      'CookieAuthentication 0',
    ]);
  }

  async stopClient(): Promise<void> {
    await this.end(join(this.folder, 'client'));
  }

  /** Has the client offer an onion service, and waits until it can be reached. @returns its address, `….onion:port` */
  async offer(port: number, to: number): Promise<string> {
    const add = `ADD_ONION NEW:ED25519-V3 Flags=DiscardPK,Detach Port=${port},127.0.0.1:${to}`;
    // A client that asks before the service is published does not ask again soon: rend-spec-v3 has it remember whom it asked.
    const told = await this.ask(`SETEVENTS HS_DESC\r\n${add}`, isPublished);
    const id = /ServiceID=(\w+)/.exec(told)?.[1];
    if (id === undefined || !isPublished(told)) throw new Error(`the onion service is not published: ${told}`);
    const host = `${id}.onion`;
    await eventually(async () => (await this.reaches(host, port)) || undefined, host);
    return `${host}:${port}`;
  }

  private reaches(host: string, port: number): Promise<boolean> {
    const credentials = () => ({ user: 'test', password: 'test' });
    const dial = socksDial({ host: '127.0.0.1', port: this.socksPort }, { credentials, onOutcome: () => undefined });
    return new Promise((resolve) => {
      const connection = dial({ host, port }, 10_000, {
        connected() {
          connection.destroy();
          resolve(true);
        },
        data: () => undefined,
        closed: () => setTimeout(() => resolve(false), RETRY_MS),
      });
    });
  }

  /** The streams of the client: where each leads, and over which circuit. */
  async streams(): Promise<{ readonly circuit: string; readonly target: string }[]> {
    const answer = await this.ask('GETINFO stream-status');
    return [...answer.matchAll(/\d+ SUCCEEDED (\d+) (\S+)/g)].map(([, circuit = '', target = '']) => ({
      circuit,
      target,
    }));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.keys()].map((folder) => this.end(folder)));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * Commands of the control protocol.
   * @param until then the answer is complete; unless given, when Tor has answered all of them
   * @returns empty while nobody answers, and what there is when the rest takes too long
   */
  private async ask(command: string, until?: (answer: string) => boolean): Promise<string> {
    const socket = connect(this.controlPort, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
      if (until?.(answer) === true) socket.destroy();
    });
    const impatience = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.on('error', () => undefined);
    socket.write(`AUTHENTICATE\r\n${command}\r\n${until === undefined ? 'QUIT\r\n' : ''}`);
    await new Promise((resolve) => socket.once('close', resolve));
    clearTimeout(impatience);
    return answer;
  }

  private run(folder: string, options: readonly string[]): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const torrc = join(folder, 'torrc');
    writeFileSync(torrc, [`DataDirectory ${folder}`, 'ShutdownWaitLength 0', ...options, ''].join('\n'));
    this.running.set(folder, spawn('tor', ['--quiet', ...NO_DEFAULTS, '-f', torrc], { stdio: 'ignore' }));
  }

  private async end(folder: string): Promise<void> {
    const tor = this.running.get(folder);
    this.running.delete(folder);
    if (tor === undefined || tor.exitCode !== null) return;
    const ended = once(tor, 'exit');
    tor.kill('SIGKILL');
    await ended;
  }
}

/** What an authority has at a path of the directory protocol (dir-spec), in plain HTTP; empty when it has nothing, undefined while it does not listen. */
async function askAuthority({ dirPort }: Authority, path: string): Promise<string | undefined> {
  const answer = await fetch(`http://127.0.0.1:${dirPort}/tor/${path}`).catch(() => undefined);
  return answer?.ok === false ? '' : answer?.text();
}

function hasAll(consensus = ''): boolean {
  return consensus.match(/^s .*Exit .*Guard HSDir Running /gm)?.length === NODES;
}

/** Whether a service's descriptors are with all the directories that they were sent to. @param told events HS_DESC */
function isPublished(told: string): boolean {
  const sent = [...told.matchAll(/HS_DESC UPLOAD \S+ \S+ \S+ (\S+)/g)].map(([, descriptor]) => descriptor);
  return new Set(sent).size === DESCRIPTORS && told.match(/HS_DESC UPLOADED /g)?.length === sent.length;
}

/** Makes an authority's keys. @returns the line by which all others know it */
async function identify(authority: Authority): Promise<string> {
  const { folder, name, orPort, dirPort } = authority;
  const keys = join(folder, 'keys');
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  const at = (file: string): string => join(keys, file);
  await finished(
    'tor-gencert',
    [
      ['--create-identity-key', '--passphrase-fd', '0', '-m', '12', '-a', `127.0.0.1:${dirPort}`],
      ['-i', at('authority_identity_key'), '-s', at('authority_signing_key'), '-c', at('authority_certificate')],
    ].flat(),
    'passphrase\n',
  );
  const torrc = join(folder, 'torrc');
  const anyone = `DirAuthority x orport=1 no-v2 v3ident=${NOBODY} 127.0.0.1:1 ${NOBODY}`;
  writeFileSync(torrc, [...ownOptions(authority), `DataDirectory ${folder}`, anyone].join('\n'));
  const listed = await finished('tor', ['--quiet', '--list-fingerprint', ...NO_DEFAULTS, '-f', torrc]);
  const fingerprint = listed.trim().split('\n').at(-1)?.split(' ').slice(1).join('');
  const certificate = readFileSync(at('authority_certificate'), 'utf8');
  const identity = /^fingerprint (\w+)$/m.exec(certificate)?.[1];
  return `DirAuthority ${name} orport=${orPort} no-v2 v3ident=${identity} 127.0.0.1:${dirPort} ${fingerprint}`;
}

function ownOptions({ name, orPort }: Node): string[] {
  return [
    'TestingTorNetwork 1',
    `Nickname ${name}`,
    'Address 127.0.0.1',
    'AssumeReachable 1',
    `ORPort 127.0.0.1:${orPort}`,
    'SocksPort 0',
  ];
}

function relayOptions(node: Node, directory: readonly string[]): string[] {
  return [
    ...ownOptions(node),
    ...directory,
    'ExitRelay 1',
    'ExitPolicy accept 127.0.0.0/8:*',
    'ExitPolicyRejectPrivate 0',
    // An exit whose name server does not answer says that it is none.
    'ServerDNSDetectHijacking 0',
    'ServerDNSTestAddresses',
    'ServerDNSResolvConfFile /dev/null',
  ];
}

function authorityOptions({ dirPort }: Authority): string[] {
  return [
    `DirPort 127.0.0.1:${dirPort}`,
    'AuthoritativeDirectory 1',
    'V3AuthoritativeDirectory 1',
    'ContactInfo nobody@example.org',
    'TestingDirAuthVoteExit *',
    'TestingDirAuthVoteHSDir *',
    'TestingDirAuthVoteGuard *',
    'TestingMinExitFlagThreshold 0',
    ...['TestingV3AuthInitialVotingInterval 20', 'TestingV3AuthInitialVoteDelay 4', 'TestingV3AuthInitialDistDelay 4'],
    ...['V3AuthVotingInterval 20', 'V3AuthVoteDelay 4', 'V3AuthDistDelay 4'],
    'V3AuthNIntervalsValid 2',
  ];
}

async function finished(program: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  return output;
}
