/**
 * The Compose file's services, started by Compose over podman's copy of Docker's API. The file is the shipped one, but for what would meet other programs of
 * this machine: the system chooses the published ports, and services without an image here are left out.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { COMPOSE } from './images.js';
import { type Ended, has, type Podman } from './podman.js';

interface Service {
  ports?: string[];
  [key: string]: unknown;
}

/** Readable by all, in a folder that only root enters, as docs/operations.md says. */
const SECRETS = {
  http_password: 'secret',
  grafana_password: 'secret',
  'dash.conf': '',
  webhook_url: '',
  webhook_secret: '',
  telegram_token: '',
};
const PASSWORD = SECRETS.http_password;
const CHECK_EVERY_MS = 1_000;

/** The command of Compose; undefined where it is not installed. */
const PROGRAM: readonly string[] | undefined =
  spawnSync('docker', ['compose', 'version']).status === 0
    ? ['docker', 'compose']
    : has('docker-compose')
      ? ['docker-compose']
      : undefined;

/** A value for a suite's `skip`: false where Compose is installed, otherwise the reason. */
export const NO_COMPOSE: string | false =
  PROGRAM === undefined ? 'neither docker compose nor docker-compose is installed' : false;

export class Stack {
  readonly folder: string;
  private readonly names: readonly string[];
  private isUp = false;

  /** @param names of the services to start */
  constructor(
    private readonly podman: Podman,
    names: readonly string[],
  ) {
    this.names = names;
    this.folder = join(podman.folder, 'stack');
    mkdirSync(join(this.folder, 'secrets'), { recursive: true, mode: 0o700 });
    for (const [name, value] of Object.entries(SECRETS))
      writeFileSync(join(this.folder, 'secrets', name), value, { mode: 0o444 });
    cpSync('config', join(this.folder, 'config'), { recursive: true });
    writeFileSync(join(this.folder, '.env'), 'BLOCKCAST_NETWORK=regtest\nDASHD_CHAIN=regtest\n');
    const file = parse(COMPOSE, { merge: true }) as { services: Record<string, Service> };
    for (const [name, service] of Object.entries(file.services)) {
      if (!names.includes(name)) delete file.services[name];
      else if (service.ports !== undefined) service.ports = service.ports.map((port) => port.replace(/:\d+:/, '::'));
    }
    writeFileSync(join(this.folder, 'docker-compose.yml'), stringify(file));
  }

  /**
   * Starts the services, each once those that it waits for are healthy. podman leaves health checks to systemd; they are run here, so that it works
   * without.
   */
  async up(): Promise<void> {
    await this.podman.serve();
    this.isUp = true;
    let isOver = false;
    const up = this.do('up', '--detach', '--no-build').finally(() => {
      isOver = true;
    });
    const checks = this.checkUntil(() => isOver);
    await up;
    await checks;
  }

  private async checkUntil(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      for (const name of this.names) {
        const id = await this.id(name);
        if (id !== '') await this.podman.try('healthcheck', 'run', id);
      }
      await new Promise((resolve) => setTimeout(resolve, CHECK_EVERY_MS));
    }
  }

  /** Runs a command of Compose. @throws Error with its output when it fails */
  async do(...args: readonly string[]): Promise<void> {
    const [program = '', ...first] = PROGRAM ?? [];
    const { code, output } = await this.podman.run(program, [...first, '--project-name=stack', ...args], this.folder);
    if (code !== 0) throw new Error(`${[program, ...first, ...args].join(' ')} (${code}):\n${output}`);
  }

  /** Runs a program in the container of a service. */
  async exec(name: string, ...words: readonly string[]): Promise<Ended> {
    return this.podman.try('exec', await this.id(name), ...words);
  }

  /** Where a port of a service is published: `127.0.0.1:40001`. */
  async published(name: string, port: number): Promise<string> {
    return this.podman.do('port', await this.id(name), String(port));
  }

  /** What the service's container is, as `podman inspect` has it. */
  async inspect<T>(name: string, format: string): Promise<T> {
    return JSON.parse(await this.podman.do('inspect', `--format={{json ${format}}}`, await this.id(name))) as T;
  }

  /** Asks blockcast over HTTP, as a user with the password. */
  async page(path: string): Promise<string> {
    const authorization = `Basic ${Buffer.from(`blockcast:${PASSWORD}`).toString('base64')}`;
    const url = `http://${await this.published('blockcast', 8080)}${path}`;
    return (await fetch(url, { headers: { authorization } })).text();
  }

  async remove(): Promise<void> {
    if (this.isUp) await this.do('down', '--volumes', '--timeout=10');
  }

  private async id(name: string): Promise<string> {
    const { output } = await this.podman.try('ps', '--quiet', `--filter=label=com.docker.compose.service=${name}`);
    return output.split('\n')[0] ?? '';
  }
}
