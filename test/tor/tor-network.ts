/**
 * A Tor network of its own on loopback, of real tor processes: four directory authorities that are relays and exits as well, and a client with
 * a SOCKS port, which also offers onion services. It bootstraps in seconds with the intervals of `TestingTorNetwork` (tor(1)), and needs no
 * other network. The arrangement is that of the Tor project's chutney.
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

/** A value for a test's `skip`: false where tor is installed, otherwise the reason. */
export const NO_TOR: string | false = ['tor', 'tor-gencert'].every(
  (program) => spawnSync(program, ['--version']).error === undefined,
)
  ? false
  : 'tor is not installed (Debian: apt install tor)';

const AUTHORITIES = 4;
const RETRY_MS = 2_000;
const NOBODY = '0'.repeat(40);
/** tor reads a system-wide file of defaults otherwise. */
const NO_DEFAULTS = ['--defaults-torrc', '/dev/null'];

interface Authority {
  readonly folder: string;
  readonly name: string;
  readonly orPort: number;
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
    const authorities: Authority[] = [];
    for (let n = 1; n <= AUTHORITIES; n += 1) {
      const name = `authority${n}`;
      authorities.push({ folder: join(folder, name), name, orPort: await freePort(), dirPort: await freePort() });
    }
    const network = new TorNetwork(folder, await freePort(), await freePort());
    try {
      const directory = await Promise.all(authorities.map(identify));
      for (const authority of authorities) network.run(authority.folder, relayOptions(authority, directory));
      network.startClient(directory);
      await eventually(async () => /PROGRESS=100/.exec(await network.ask('GETINFO status/bootstrap-phase')), 'Tor');
      return network;
    } catch (error) {
      await network.stop();
      throw error;
    }
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
    const told = await this.ask(`SETEVENTS HS_DESC\r\n${add}`, /HS_DESC UPLOADED/);
    const id = /ServiceID=(\w+)/.exec(told)?.[1];
    if (id === undefined) throw new Error(told);
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

  /** Commands of the control protocol. @param until then the answer is complete; unless given, when Tor has answered all of them @returns empty while nobody answers */
  private async ask(command: string, until?: RegExp): Promise<string> {
    const socket = connect(this.controlPort, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
      if (until?.test(answer) === true) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.write(`AUTHENTICATE\r\n${command}\r\n${until === undefined ? 'QUIT\r\n' : ''}`);
    await new Promise((resolve) => socket.once('close', resolve));
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

/** Makes an authority's keys. @returns the line by which all others know it */
async function identify({ folder, name, orPort, dirPort }: Authority): Promise<string> {
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
  writeFileSync(
    torrc,
    [...ownOptions({ folder, name, orPort, dirPort }), `DataDirectory ${folder}`, anyone].join('\n'),
  );
  const listed = await finished('tor', ['--quiet', '--list-fingerprint', ...NO_DEFAULTS, '-f', torrc]);
  const fingerprint = listed.trim().split('\n').at(-1)?.split(' ').slice(1).join('');
  const certificate = readFileSync(at('authority_certificate'), 'utf8');
  const identity = /^fingerprint (\w+)$/m.exec(certificate)?.[1];
  return `DirAuthority ${name} orport=${orPort} no-v2 v3ident=${identity} 127.0.0.1:${dirPort} ${fingerprint}`;
}

function ownOptions({ name, orPort, dirPort }: Authority): string[] {
  return [
    'TestingTorNetwork 1',
    `Nickname ${name}`,
    'Address 127.0.0.1',
    'AssumeReachable 1',
    `ORPort 127.0.0.1:${orPort}`,
    `DirPort 127.0.0.1:${dirPort}`,
    'SocksPort 0',
  ];
}

function relayOptions(authority: Authority, directory: readonly string[]): string[] {
  return [
    ...ownOptions(authority),
    ...directory,
    'AuthoritativeDirectory 1',
    'V3AuthoritativeDirectory 1',
    'ContactInfo nobody@example.org',
    'TestingDirAuthVoteExit *',
    'TestingDirAuthVoteHSDir *',
    'TestingDirAuthVoteGuard *',
    'TestingMinExitFlagThreshold 0',
    'TestingV3AuthInitialVotingInterval 20',
    'TestingV3AuthInitialVoteDelay 4',
    'TestingV3AuthInitialDistDelay 4',
    'V3AuthNIntervalsValid 2',
    'ExitRelay 1',
    'ExitPolicy accept 127.0.0.0/8:*',
    'ExitPolicyRejectPrivate 0',
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
