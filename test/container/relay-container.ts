/** A relay in a container that is started as the Compose file starts it, but in the network of this machine, where the simulated nodes are. */
import { Push, Subscriber } from 'zeromq';
import { parseBlockEvent } from '../../src/delivery/block-event.js';
import { freePort } from '../../src/simulated/free-port.js';
import { eventually } from '../contract/node-under-test.js';
import { until } from '../support/relay-process.js';
import type { ShellTestNetwork } from '../support/shell-started-relay.js';
import type { Ended, Podman } from './podman.js';

/** As `x-hardened` in docker-compose.yml. */
const HARDENED = [
  '--read-only',
  '--cap-drop=all',
  '--security-opt=no-new-privileges',
  '--pids-limit=128',
  '--memory=1g',
];
/** Health checks run when the test asks for them. */
const OURS = ['--network=host', '--tmpfs=/tmp:mode=1777,size=16m', '--no-healthcheck'];

export class RelayContainer {
  private id = '';
  private readonly pool = new Push({ linger: 0, reconnectInterval: 10 });
  private readonly subscriber = new Subscriber({ linger: 0, reconnectInterval: 10 });
  /** Hashes of the blocks that it says are on disk. */
  private readonly stored = new Set<string>();

  private constructor(
    private readonly podman: Podman,
    private readonly image: string,
    readonly volume: string,
    private readonly settings: Readonly<Record<string, string>>,
    readonly port: number,
  ) {
    this.pool.connect(settings['BLOCKCAST_POOL_BIND'] ?? '');
    this.subscriber.connect(settings['BLOCKCAST_EVENTS_BIND'] ?? '');
    this.subscriber.subscribe();
    void this.listen();
  }

  private async listen(): Promise<void> {
    for await (const [message] of this.subscriber) {
      const event = message && parseBlockEvent(message);
      if (event?.type === 'stored') this.stored.add(event.hash);
    }
  }

  /** @param volume the name of the volume with its files */
  static async of(podman: Podman, image: string, network: ShellTestNetwork, volume: string): Promise<RelayContainer> {
    const { dashd, peer } = network;
    const port = await freePort();
    const settings = {
      BLOCKCAST_NETWORK: 'regtest',
      BLOCKCAST_PEERS: peer.address,
      BLOCKCAST_BROADCAST_SKIP_BOOTSTRAP: 'true',
      BLOCKCAST_DASHD_RPC_URL: dashd.rpcUrl,
      BLOCKCAST_DASHD_RPC_USER: dashd.user,
      BLOCKCAST_DASHD_RPC_PASSWORD: dashd.password,
      BLOCKCAST_DASHD_P2P_PORT: String(dashd.node.port),
      BLOCKCAST_DASHD_ZMQ_URL: dashd.zmqUrl,
      BLOCKCAST_POOL_BIND: `tcp://127.0.0.1:${await freePort()}`,
      BLOCKCAST_EVENTS_BIND: `tcp://127.0.0.1:${await freePort()}`,
      BLOCKCAST_HTTP_PORT: String(port),
    };
    return new RelayContainer(podman, image, volume, settings, port);
  }

  /** Starts a container, and waits until a block would reach dashd and the peer. */
  async start(targets = 2): Promise<void> {
    const settings = Object.entries(this.settings).map(([name, value]) => `--env=${name}=${value}`);
    const volume = `--volume=${this.volume}:/var/lib/blockcast`;
    this.id = await this.podman.do('run', '--detach', ...HARDENED, ...OURS, volume, ...settings, this.image);
    await this.shows(`${targets} connections`, new RegExp(`^blockcast_peers\\{state="connected"\\} ${targets}$`, 'm'));
  }

  async push(raw: Buffer): Promise<void> {
    await this.pool.send(raw);
  }

  /** Runs a program in the container. */
  exec(...words: readonly string[]): Promise<Ended> {
    return this.podman.try('exec', this.id, ...words);
  }

  /** Runs the image's health check. @returns 0 when it is healthy */
  async health(): Promise<number> {
    const check = await this.podman.do('image', 'inspect', this.image, '--format={{json .HealthCheck.Test}}');
    const [, ...words] = JSON.parse(check) as string[];
    return (await this.exec(...words)).code;
  }

  /** The answer to a request over HTTP; undefined if there is none. */
  async get(path: string): Promise<string | undefined> {
    try {
      return await (await fetch(`http://127.0.0.1:${this.port}${path}`)).text();
    } catch {
      return undefined;
    }
  }

  /** Waits for a line of its metrics. */
  async shows(what: string, line: RegExp): Promise<void> {
    await eventually(async () => (line.test((await this.get('/metrics')) ?? '') ? true : undefined), what);
  }

  async signal(signal: string): Promise<void> {
    await this.podman.do('kill', `--signal=${signal}`, this.id);
  }

  /** SIGTERM, and SIGKILL after 10 s. @returns the exit code */
  async stop(): Promise<number> {
    await this.podman.do('stop', '--time=10', this.id);
    return Number(await this.podman.do('wait', this.id));
  }

  /** Waits until it says that the block is on disk. */
  async hasStored(hash: string): Promise<void> {
    await until(`the block ${hash} on disk`, () => (this.stored.has(hash) ? true : undefined));
  }

  /** Ends it without giving it time to do anything. */
  async kill(): Promise<void> {
    await this.signal('SIGKILL');
    await this.podman.do('wait', this.id);
  }

  async log(): Promise<string> {
    return this.podman.do('logs', this.id);
  }

  /** Adds the log to the reason when something fails. */
  async explained<T>(what: Promise<T>): Promise<T> {
    try {
      return await what;
    } catch (error) {
      throw new Error(`${String(error)}: ${await this.log()}`, { cause: error });
    }
  }

  async remove(): Promise<void> {
    this.pool.close();
    this.subscriber.close();
    await this.podman.try('rm', '--force', '--time=0', this.id);
  }
}
