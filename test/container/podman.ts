/**
 * Podman with a store of its own below the system's temporary folder, so that a test run meets no image or volume of the machine and leaves none. With the
 * environment variable CONTAINER_STORE=/a/folder it is there, and its images stay: the next run builds only what changed.
 * Two differences from podman's defaults, for machines that are containers themselves: no default ulimits (raising them needs CAP_SYS_RESOURCE), and
 * runc where crun cannot start a container (hybrid cgroups).
 */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../support/relay-process.js';

const run = promisify(execFile);
/** An image build on a slow machine takes minutes. */
const LONGEST_MS = 30 * 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const RUNTIMES = ['crun', 'runc'];
/** Needs no systemd. */
const PLAIN = ['--cgroup-manager=cgroupfs', '--events-backend=file'];

export const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

/** A value for a suite's `skip`: false where containers can be started, otherwise the reason. */
export const NO_PODMAN: string | false = !has('podman')
  ? 'podman is not installed'
  : process.getuid?.() === 0
    ? false
    : 'not root: the base image, volumes in memory and limits of memory need it';

export interface Ended {
  /** 0 when it succeeded. */
  readonly code: number;
  /** What it printed on stdout, without the last line break. */
  readonly output: string;
}

export class Podman {
  /** For what goes into images; removed with the store. */
  readonly folder = mkdtempSync(join(tmpdir(), 'blockcast-podman-'));
  private readonly kept = process.env['CONTAINER_STORE'];
  private readonly env: NodeJS.ProcessEnv;
  private runtime: string | undefined;
  private service: ReturnType<typeof spawn> | undefined;

  constructor() {
    const settings = join(this.folder, 'containers.conf');
    const networks = `network_backend = "netavark"\nnetwork_config_dir = "${join(this.folder, 'networks')}"`;
    writeFileSync(settings, `[containers]\ndefault_ulimits = []\n[network]\n${networks}\n`);
    this.env = { ...process.env, CONTAINERS_CONF: settings };
  }

  private get store(): string {
    return this.kept ?? this.folder;
  }

  private get images(): string {
    return join(this.store, 'images');
  }

  private get options(): string[] {
    const runtime = this.runtime === undefined ? [] : [`--runtime=${this.runtime}`];
    const own = [
      `--root=${this.images}`,
      `--runroot=${join(this.store, 'run')}`,
      `--tmpdir=${join(this.store, 'tmp')}`,
    ];
    return [...own, ...PLAIN, ...runtime];
  }

  /**
   * Finds a runtime that starts a container of the image, which has `/bin/true`.
   * @returns its name
   * @throws Error with what each runtime answered when none does
   */
  async chooseRuntime(image: string): Promise<string> {
    const reasons: string[] = [];
    for (const runtime of RUNTIMES.filter(has)) {
      this.runtime = runtime;
      const { code, output } = await this.try('run', '--rm', '--network=none', '--entrypoint=/bin/true', image);
      if (code === 0) return runtime;
      reasons.push(`${runtime}: ${output}`);
    }
    throw new Error(`no runtime starts a container: ${reasons.join('\n') || `none of ${RUNTIMES} is installed`}`);
  }

  /** @returns what it printed @throws Error with its output when it fails */
  async do(...args: readonly string[]): Promise<string> {
    const { code, output } = await this.try(...args);
    if (code !== 0) throw new Error(`podman ${args.join(' ')} (${code}):\n${output}`);
    return output;
  }

  /** Runs it; `output` has its stderr too when it fails. */
  async try(...args: readonly string[]): Promise<Ended> {
    return this.run('podman', [...this.options, ...args]);
  }

  /** Runs another program in podman's environment. @param cwd where it runs */
  async run(program: string, args: readonly string[], cwd?: string): Promise<Ended> {
    const options = { env: this.env, maxBuffer: MAX_OUTPUT_BYTES, timeout: LONGEST_MS, killSignal: 'SIGKILL' as const };
    try {
      const { stdout } = await run(program, [...args], { ...options, ...(cwd !== undefined && { cwd }) });
      return { code: 0, output: stdout.trimEnd() };
    } catch (error) {
      const {
        code,
        stdout = '',
        stderr = String(error),
      } = error as { code?: unknown; stdout?: string; stderr?: string };
      return { code: typeof code === 'number' ? code : -1, output: `${stdout}${stderr}`.trimEnd() };
    }
  }

  /** Serves Docker's API, for programs that speak it. They find it through `DOCKER_HOST`, which {@link run} sets; resolves when it listens. */
  async serve(): Promise<void> {
    const socket = join(this.folder, 'api.sock');
    const url = `unix://${socket}`;
    this.env['DOCKER_HOST'] = url;
    this.service = spawn('podman', [...this.options, 'system', 'service', '--time=0', url], {
      env: this.env,
      stdio: 'ignore',
    });
    await until('the socket of the API', () => (existsSync(socket) ? true : undefined));
  }

  /** Ends and removes all containers, volumes and networks of the store, and the store unless it is kept. */
  async remove(): Promise<void> {
    await this.try('rm', '--all', '--force', '--time=0', '--volumes');
    await this.try('volume', 'rm', '--all', '--force');
    await this.try('network', 'prune', '--force');
    this.service?.kill();
    if (this.kept === undefined) await this.try('rmi', '--all', '--force');
    // podman mounts the folder of its layers onto itself.
    await this.run('umount', [join(this.images, 'overlay')]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
