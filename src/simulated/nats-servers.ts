/** Real NATS servers on 127.0.0.1 with the accounts of config/nats/, each in a process and a folder of its own. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';

/** Characters of a server's log that are kept. */
const MAX_OUTPUT = 20_000;

/** Of each user of config/nats/accounts.conf. */
export const PASSWORDS = { eu: 'secret-eu', us: 'secret-us', ap: 'secret-ap', setup: 'secret-setup' } as const;
export type User = keyof typeof PASSWORDS;

/** @returns why none can be started here; undefined where they can */
export function natsMissing(): string | undefined {
  if (!isThere('nats-server', '--version')) return 'no nats-server on the PATH (Debian: apt-get install nats-server)';
  return isThere('openssl', 'version') ? undefined : 'no openssl on the PATH';
}

const isThere = (program: string, flag: string): boolean => spawnSync(program, [flag]).error === undefined;

export interface NatsOptions {
  readonly count?: number;
  /** Lines of nats-server.conf beside those that a test needs. */
  readonly extra?: string;
  /** Replaces `max_payload: 8MB`. */
  readonly maxPayload?: string;
}

interface Server {
  readonly port: number;
  readonly file: string;
  child?: ChildProcess;
  output: string;
}

export class NatsServers {
  private constructor(
    readonly folder: string,
    readonly servers: readonly Server[],
  ) {}

  static async start({ count = 1, extra = '', maxPayload = '8MB' }: NatsOptions = {}): Promise<NatsServers> {
    const folder = mkdtempSync(join(tmpdir(), 'blockcast-nats-'));
    certificates(folder);
    writeFileSync(join(folder, 'accounts.conf'), readFileSync('config/nats/accounts.conf'));
    const ports = await Promise.all(
      Array.from({ length: count }, async () => ({ port: await freePort(), route: await freePort() })),
    );
    const routes = ports.map(({ route }) => `"nats-route://127.0.0.1:${route}"`).join(', ');
    const tls = `cert_file: "${folder}/server.pem", key_file: "${folder}/server.key", ca_file: "${folder}/ca.pem"`;
    const servers = ports.map(({ port, route }, index): Server => {
      const file = join(folder, `n${index}.conf`);
      const cluster = `cluster { name: "blockcast", listen: "127.0.0.1:${route}", routes: [${routes}], tls { ${tls}, verify: true } }`;
      const lines = [
        `server_name: "n${index}"`,
        `listen: "127.0.0.1:${port}"`,
        `max_payload: ${maxPayload}`,
        `tls { ${tls} }`,
        `jetstream { store_dir: "${folder}/n${index}", max_memory_store: 16MB, max_file_store: 1GB }`,
        ...(count > 1 ? [cluster] : []),
        extra,
        'include "accounts.conf"',
      ];
      writeFileSync(file, lines.join('\n'));
      return { port, file, output: '' };
    });
    const all = new NatsServers(folder, servers);
    await Promise.all(servers.map((_server, index) => all.begin(index)));
    return all;
  }

  /** The addresses of the servers, that of one of them first. */
  addresses(first = 0): string {
    const { servers } = this;
    return servers
      .map((_server, index) => `tls://127.0.0.1:${servers[(first + index) % servers.length]?.port}`)
      .join(',');
  }

  get ca(): string {
    return join(this.folder, 'ca.pem');
  }

  /** The settings of a relay, as flags without their dashes. @param first the server that is nearest to it */
  flags(user: User, first = 0): Record<string, string> {
    return {
      'cluster-servers': this.addresses(first),
      'cluster-relay': user,
      'cluster-user': user,
      'cluster-password': PASSWORDS[user],
      'cluster-tls-ca': this.ca,
    };
  }

  async begin(index: number): Promise<void> {
    const server = this.at(index);
    server.output = '';
    const env = Object.fromEntries(
      Object.entries(PASSWORDS).map(([user, password]) => [`NATS_PASSWORD_${user.toUpperCase()}`, password]),
    );
    const child = spawn('nats-server', ['-c', server.file], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server.child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`nats-server ended: ${server.output}`)));
      child.stderr.on('data', (chunk: Buffer) => {
        server.output = (server.output + chunk.toString()).slice(-MAX_OUTPUT);
        if (server.output.includes('Server is ready')) resolve();
      });
    });
  }

  async kill(index: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child } = this.at(index);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  signal(index: number, signal: NodeJS.Signals): void {
    this.at(index).child?.kill(signal);
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((_server, index) => this.kill(index)));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private at(index: number): Server {
    const server = this.servers[index];
    if (server === undefined) throw new Error(`there is no server ${index}`);
    return server;
  }
}

/** An authority, and a certificate for 127.0.0.1 that it signed. */
function certificates(folder: string): void {
  const ssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-batch'];
  ssl('req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=test authority');
  ssl('req', ...curve, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=nats');
  writeFileSync(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1');
  ssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'server.pem',
    '-days',
    '2',
    '-extfile',
    'names',
  );
}
