/** docker-compose.yml: what it lets its services do, and that its parts fit each other and the settings. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { parseEndpoint } from '../../src/address/endpoint.js';
import { type Config, loadConfig } from '../../src/config/config.js';
import {
  composeWith,
  findProgram,
  interpolated,
  read,
  serviceOf,
  unlessFound,
  VARIABLES,
  variables,
} from './support.js';

const TEXT = read('docker-compose.yml');
const COMPOSE = composeWith(new Map());
const SERVICES = Object.entries(COMPOSE.services);
const blockcast = serviceOf(COMPOSE, 'blockcast');
const dashd = serviceOf(COMPOSE, 'dashd');
const prometheus = serviceOf(COMPOSE, 'prometheus');
const grafana = serviceOf(COMPOSE, 'grafana');

/** @param secrets what stands in each secret's file */
function configOf(env: Record<string, string>, secrets: Record<string, string> = {}): Config {
  const readFile = (path: string) => secrets[path.replace('/run/secrets/', '')] ?? '';
  const result = loadConfig({ options: {}, env, readFile, platform: 'linux' });
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.errors));
  return result.config;
}

const FILLED = {
  blockcast_http_password: 'a password\n',
  webhook_url: 'https://alerts.example.org/hook\n',
  webhook_secret: 'a secret\n',
  telegram_token: '1:token\n',
};
const config = configOf({ ...blockcast.environment, BLOCKCAST_ALERTS_TELEGRAM_CHAT: '42' }, FILLED);

const portOf = (endpoint: string): number => {
  const parsed = parseEndpoint(endpoint);
  assert.ok(parsed?.transport === 'tcp', endpoint);
  return parsed.port;
};
const flag = (name: string): string[] =>
  dashd.command.filter((word) => word.startsWith(`-${name}=`)).map((word) => word.slice(name.length + 2));
const declared = (names: readonly string[], where: object): void => {
  for (const name of names) assert.ok(Object.hasOwn(where, name), `there is no ${name}`);
};
/** `host:folder:mode` → its parts. */
const mounts = (volumes: readonly string[]) => volumes.map((volume) => volume.split(':'));

describe('each service', () => {
  for (const [name, service] of SERVICES) {
    test(`${name} runs one release, or what is built here`, () => {
      assert.match(service.image, /:v?\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?$/);
    });

    test(`${name} may do little`, () => {
      assert.match(service.user, /^[1-9]\d*:\d+$/);
      assert.equal(service.read_only, true);
      assert.deepEqual(service.cap_drop, ['ALL']);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true']);
    });

    test(`${name} is bounded, watched and started again`, () => {
      assert.match(service.mem_limit, /^\d+[mg]$/);
      assert.ok(service.pids_limit > 0);
      assert.ok(service.logging.options['max-size'] && service.logging.options['max-file']);
      assert.equal(service.restart, 'unless-stopped');
      const checked =
        service.build === undefined ? service.healthcheck !== undefined : /^HEALTHCHECK/m.test(read('Dockerfile'));
      assert.ok(checked, 'no health check');
    });

    test(`${name} is reached from this machine alone`, () => {
      for (const port of service.ports) assert.match(port, /^127\.0\.0\.1:(\d+):\1$/);
    });

    test(`${name} names no volume, network, secret or service that is not there`, () => {
      const [files, volumes] = [true, false].map((isFile) =>
        mounts(service.volumes).flatMap(([source = '']) => (source.startsWith('./') === isFile ? [source] : [])),
      );
      for (const path of files ?? []) assert.ok(existsSync(path), path);
      declared(volumes ?? [], COMPOSE.volumes);
      declared(service.networks, COMPOSE.networks);
      declared(service.secrets, COMPOSE.secrets);
      declared(Object.keys(service.depends_on), COMPOSE.services);
    });
  }
});

test('no port is published twice, and nothing is declared that nobody uses', () => {
  const ports = SERVICES.flatMap(([, { ports }]) => ports);
  assert.equal(new Set(ports).size, ports.length);
  const used = SERVICES.flatMap(([, service]) => [
    ...mounts(service.volumes).map(([source]) => source),
    ...service.networks,
    ...service.secrets,
  ]);
  for (const declared of [COMPOSE.volumes, COMPOSE.networks, COMPOSE.secrets]) {
    for (const name of Object.keys(declared)) assert.ok(used.includes(name), `nobody uses ${name}`);
  }
});

test('no password stands in the file', () => {
  for (const [name, service] of SERVICES) {
    for (const [variable, value] of Object.entries(service.environment)) {
      if (/PASSWORD|SECRET|TOKEN/.test(variable)) assert.match(value, /^\/run\/secrets\//, `${name}: ${variable}`);
    }
  }
  assert.ok(!dashd.command.some((word) => /^-rpc(password|user|auth)/.test(word)));
});

describe('.env.example', () => {
  const offered = variables(read('.env.example'));

  test('has each variable of the compose file, with its default', () => {
    assert.deepEqual([...offered].sort(), [...interpolated(TEXT)].sort());
  });

  test('has no secret, and only settings of blockcast under its prefix', () => {
    for (const name of offered.keys()) {
      assert.ok(!/PASSWORD|SECRET|TOKEN/.test(name), name);
      if (name.startsWith('BLOCKCAST_')) assert.ok(VARIABLES.has(name), `there is no ${name}`);
    }
  });
});

describe('blockcast in the stack', () => {
  test('is given settings that exist, and secrets that are mounted', () => {
    for (const [name, value] of Object.entries(blockcast.environment)) {
      assert.ok(VARIABLES.has(name), `there is no ${name}`);
      const secret = /^\/run\/secrets\/(.+)$/.exec(value)?.[1];
      if (secret !== undefined) assert.ok(blockcast.secrets.includes(secret), secret);
    }
  });

  test('starts with the least, no file of a secret filled but the password', () => {
    const least = configOf(blockcast.environment, { blockcast_http_password: 'a password\n' });
    assert.equal(least.alerts.webhook, undefined);
    assert.equal(least.alerts.telegram, undefined);
    assert.equal(least.http.password, 'a password');
  });

  test('alerts over both channels when their files are filled', () => {
    assert.deepEqual(config.alerts.webhook, { url: 'https://alerts.example.org/hook', secret: 'a secret' });
    assert.equal(config.alerts.telegram?.token, '1:token');
  });

  test('publishes each port it listens on, and those are the defaults', () => {
    const listens = ({ http, pool, events, proxy }: Config) => [
      http.port,
      portOf(pool.bind),
      portOf(events.bind),
      proxy.port,
    ];
    assert.deepEqual(blockcast.ports.map((port) => Number(port.split(':')[1])).sort(), listens(config).sort());
    assert.deepEqual(listens(config), listens(configOf({ HOME: '/home/pool' })));
    assert.ok(config.proxy.enabled);
  });

  test('has time to drain, and is not made to wait for dashd', () => {
    assert.ok(Number.parseInt(blockcast.stop_grace_period, 10) >= 15 && blockcast.stop_grace_period.endsWith('s'));
    assert.equal(blockcast.depends_on['dashd']?.condition, 'service_started');
  });

  test('keeps its files in a volume', () => {
    const [, folder] = mounts(blockcast.volumes).find(([source]) => source === 'blockcast-data') ?? [];
    assert.equal(/^WORKDIR (.+)$/gm.exec(read('Dockerfile').split('\nFROM ').at(-1) ?? '')?.[1], folder);
    for (const path of [config.broadcast.peerDb, config.history.file]) assert.ok(!path.startsWith('/'), path);
  });
});

describe('dashd in the stack', () => {
  test('listens where blockcast looks for it', () => {
    const rpc = new URL(config.dashd.rpc.url);
    assert.equal(rpc.hostname, 'dashd');
    assert.deepEqual(flag('rpcport'), [rpc.port]);
    assert.equal(config.dashd.p2p.host, 'dashd');
    assert.deepEqual(flag('port'), [String(config.dashd.p2p.port)]);
    assert.deepEqual(parseEndpoint(config.dashd.zmq.url), {
      transport: 'tcp',
      host: 'dashd',
      port: portOf(flag('zmqpubrawblock')[0] ?? ''),
    });
  });

  test('publishes each topic at one address', () => {
    const addresses = ['rawblock', 'hashblock', 'rawchainlocksig'].flatMap((topic) => flag(`zmqpub${topic}`));
    assert.equal(addresses.length, 3);
    assert.equal(new Set(addresses).size, 1);
  });

  test('hands blockcast its cookie, in a volume of the user that both are', () => {
    const { cookieFile = '' } = config.dashd.rpc;
    assert.deepEqual(flag('rpccookiefile'), [cookieFile]);
    assert.equal(dashd.user, blockcast.user);
    const [uid, gid] = dashd.user.split(':');
    const options = COMPOSE.volumes['dashd-cookie']?.driver_opts;
    assert.equal(options?.['type'], 'tmpfs');
    assert.ok(options?.['o']?.startsWith(`uid=${uid},gid=${gid},mode=0700`));
    const folder = (volumes: readonly string[]) => mounts(volumes).find(([source]) => source === 'dashd-cookie');
    assert.deepEqual(folder(dashd.volumes), ['dashd-cookie', '/run/dashd']);
    assert.deepEqual(folder(blockcast.volumes), ['dashd-cookie', '/run/dashd', 'ro']);
    assert.ok(cookieFile.startsWith('/run/dashd/'));
    assert.ok(dashd.healthcheck?.test.includes(`-rpccookiefile=${cookieFile}`));
  });

  test('lets the addresses of its own network in, and spares them', () => {
    const [range] = COMPOSE.networks['chain']?.ipam?.config ?? [];
    assert.deepEqual(flag('rpcallowip'), [range?.subnet]);
    assert.deepEqual(flag('whitelist'), [`noban,addr@${range?.subnet}`]);
    assert.ok(blockcast.networks.includes('chain') && dashd.networks.includes('chain'));
  });
});

describe('Prometheus and Grafana in the stack', () => {
  test('Prometheus finds blockcast, and has its password', () => {
    const { scrape_configs: jobs } = parse(read('config/prometheus/prometheus.yml')) as {
      scrape_configs: {
        basic_auth: { username: string; password_file: string };
        static_configs: { targets: string[] }[];
      }[];
    };
    const [job] = jobs;
    assert.deepEqual(job?.static_configs, [{ targets: [`blockcast:${config.http.port}`] }]);
    assert.equal(job?.basic_auth.username, config.http.user);
    const secret = job?.basic_auth.password_file.replace('/run/secrets/', '') ?? '';
    assert.ok(prometheus.secrets.includes(secret), secret);
    assert.equal(blockcast.environment['BLOCKCAST_HTTP_PASSWORD_FILE'], `/run/secrets/${secret}`);
  });

  test('what Prometheus is asked to read is mounted', () => {
    const [file = ''] = prometheus.command.flatMap((word) => /^--config\.file=(.+)$/.exec(word)?.[1] ?? []);
    const [source = '', folder = ''] =
      mounts(prometheus.volumes).find(([, target = '']) => file.startsWith(target)) ?? [];
    assert.ok(existsSync(join(source, file.slice(folder.length))), file);
  });

  test('Grafana finds Prometheus, and its dashboards', () => {
    const provisioned = (what: string): Record<string, unknown>[] => {
      const folder = join('config/grafana/provisioning', what);
      return readdirSync(folder).map((file) => parse(read(join(folder, file))) as Record<string, unknown>);
    };
    const urls = provisioned('datasources').flatMap(({ datasources }) =>
      (datasources as { url: string }[]).map(({ url }) => url),
    );
    assert.deepEqual(urls, ['http://prometheus:9090']);
    const paths = provisioned('dashboards').flatMap(({ providers }) =>
      (providers as { options: { path: string } }[]).map(({ options }) => options.path),
    );
    const targets = mounts(grafana.volumes).map(([, target = '']) => target);
    assert.ok(paths.length > 0 && paths.every((path) => targets.includes(path)), paths.join());
  });

  test('the figures are seen by Grafana alone', () => {
    assert.deepEqual(prometheus.ports, []);
    assert.deepEqual(prometheus.networks, ['metrics']);
    assert.equal(COMPOSE.networks['metrics']?.internal, true);
  });
});

test('docs/operations.md makes each file of a secret', () => {
  const text = read('docs/operations.md');
  for (const { file } of Object.values(COMPOSE.secrets)) assert.ok(text.includes(file.replace('./', '')), file);
});

describe('Compose itself', () => {
  for (const [program, ...words] of [['docker-compose'], ['docker', 'compose']] as const) {
    test(`${[program, ...words].join(' ')} accepts the file`, { skip: unlessCompose(program, words) }, () => {
      const folder = mkdtempSync(join(tmpdir(), 'blockcast-compose-'));
      try {
        copyFileSync('docker-compose.yml', join(folder, 'docker-compose.yml'));
        copyFileSync('.env.example', join(folder, '.env'));
        mkdirSync(join(folder, 'secrets'));
        for (const { file } of Object.values(COMPOSE.secrets)) writeFileSync(join(folder, file), '');
        execFileSync(program, [...words, 'config', '--quiet'], { cwd: folder, stdio: 'pipe' });
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }

  function unlessCompose(program: string, words: readonly string[]): string | false {
    if (findProgram(program) === undefined) return `no ${program} on the PATH`;
    try {
      execFileSync(program, [...words, 'version'], { stdio: 'pipe' });
      return false;
    } catch {
      return `${[program, ...words].join(' ')} does not work here`;
    }
  }
});

test('yamllint finds nothing', { skip: unlessFound('yamllint') }, () => {
  const rules =
    '{extends: default, rules: {line-length: {max: 140}, document-start: disable, braces: {max-spaces-inside: 1}}}';
  execFileSync('yamllint', ['--strict', '-d', rules, 'docker-compose.yml'], { stdio: 'pipe' });
});
