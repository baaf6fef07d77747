/**
 * Runs `blockcast run` in a network namespace in which every address is this machine's and the only name server is ours, and prints what was seen of it:
 * `no-leaks.ts` starts this, with `tor.mode` as the argument.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../contract/node-under-test.js';
import { SocksServer } from '../support/socks-server.js';

/** What was seen. */
export interface Seen {
  /** Names that the name server was asked for. */
  readonly names: readonly string[];
  /** `address:port` of direct connections beyond loopback. */
  readonly dials: readonly string[];
  /** Packets of any kind to any address beyond loopback, as the kernel counts them. */
  readonly packets: number;
  /** `host:port` that the proxy was asked for. */
  readonly proxied: readonly string[];
}

/** What a relay with these settings looks for: peers, the network's seeds, receivers of alerts. */
export const WANTED = {
  peer: '203.0.113.7:9999',
  name: 'node.example',
  seed: 'dnsseed.dash.org',
  webhook: 'hooks.example',
  telegram: 'api.telegram.org',
} as const;

const DNS_HEADER_BYTES = 12;

async function main(mode: string): Promise<Seen> {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  execFileSync('ip', ['route', 'add', 'local', '0.0.0.0/0', 'dev', 'lo']);
  execFileSync('nft', ['-f', '-'], {
    input:
      'table inet seen {\nchain out {\ntype filter hook output priority 0;\nip daddr != 127.0.0.0/8 counter\n}\n}\n',
  });
  const names = new Set<string>();
  const dns = createSocket('udp4').on('message', (query, { port, address }) => {
    names.add(nameIn(query));
    // Every name is 203.0.113.9, so that what asked goes on to dial it.
    dns.send(answerTo(query), port, address);
  });
  dns.bind(53, '127.0.0.1');
  await once(dns, 'listening');
  const dials = new Set<string>();
  for (const port of [80, 443, 9_999]) {
    const server = createServer((socket) => {
      if (socket.localAddress?.startsWith('127.') === false) dials.add(`${socket.localAddress}:${port}`);
      socket.destroy();
    });
    server.listen(port, '0.0.0.0');
    await once(server, 'listening');
  }
  const proxy = await new SocksServer(() => ({ reply: 4 })).start();
  const proxied = (): string[] => [...new Set(proxy.asked.map(({ host, port }) => `${host}:${port}`))];
  const folder = mkdtempSync(join(tmpdir(), 'blockcast-leaks-'));
  const relay = spawn(process.execPath, [join('dist', 'src', 'main.js'), 'run'], {
    env: {
      ...process.env,
      HOME: folder,
      BLOCKCAST_TOR_MODE: mode,
      BLOCKCAST_TOR_PROXY: proxy.address,
      BLOCKCAST_PEERS: `${WANTED.peer},${WANTED.name}:9999`,
      BLOCKCAST_ALERTS_WEBHOOK_URL: `https://${WANTED.webhook}/x`,
      BLOCKCAST_ALERTS_TELEGRAM_TOKEN: '1:a',
      BLOCKCAST_ALERTS_TELEGRAM_CHAT: '1',
      BLOCKCAST_HTTP_ENABLED: 'false',
      BLOCKCAST_BROADCAST_PEER_DB: join(folder, 'peers.json'),
      BLOCKCAST_HISTORY_FILE: join(folder, 'history.jsonl'),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    // There is no dashd, so that an alert is sent after 15 s; the seeds are asked after 11 s.
    const hosts = (): string => [...names, ...dials, ...proxied()].join(' ');
    const last = mode === 'off' ? Object.values(WANTED) : Object.values(WANTED).filter((host) => host !== WANTED.seed);
    await eventually(() => (last.every((host) => hosts().includes(host)) ? true : undefined), 'all that is looked for');
  } finally {
    relay.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
  const counted = execFileSync('nft', ['list', 'table', 'inet', 'seen'], { encoding: 'utf8' });
  const packets = Number(/packets (\d+)/.exec(counted)?.[1]);
  return { names: [...names], dials: [...dials], packets, proxied: proxied() };
}

function nameIn(query: Buffer): string {
  const labels: string[] = [];
  for (let at = DNS_HEADER_BYTES; query.readUInt8(at) > 0; at += 1 + query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query.readUInt8(at)));
  }
  return labels.join('.');
}

/** 203.0.113.9 for type A, nothing for others (RFC 1035). */
function answerTo(query: Buffer): Buffer {
  const end = query.indexOf(0, DNS_HEADER_BYTES) + 5;
  const isA = query.readUInt16BE(end - 4) === 1;
  const header = Buffer.concat([query.subarray(0, 2), Buffer.from([0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0])]);
  const record = Buffer.from([0xc0, DNS_HEADER_BYTES, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 9]);
  return Buffer.concat([header, query.subarray(DNS_HEADER_BYTES, end), ...(isA ? [record] : [])]);
}

const [mode] = process.argv.slice(2);
if (mode !== undefined) {
  process.stdout.write(JSON.stringify(await main(mode)));
  process.exit(0);
}
