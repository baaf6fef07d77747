/** The real thing: a whole relay, of whose peers one is the pool's own dashd. */
import { join } from 'node:path';
import { loadConfig } from '../../src/config.js';
import type { RelayEvent } from '../../src/events.js';
import { startRelay } from '../../src/relay.js';
import { planOf, tell } from '../child.js';
import type { ContenderPlan, FromContender } from '../protocol.js';

const { ports, readers, bind, rpcUrl, folder } = planOf<ContenderPlan>();
const [dashd, ...peers] = ports;
const loaded = loadConfig({
  options: {
    network: 'regtest',
    'dashd-rpc-url': rpcUrl,
    'dashd-rpc-user': 'bench',
    'dashd-rpc-password': 'bench',
    'dashd-p2p-port': String(dashd),
    'dashd-zmq-url': '',
    'pool-bind': bind,
    'events-bind': 'tcp://127.0.0.1:0',
    'broadcast-peer-db': join(folder, 'broadcast_peers.json'),
    'broadcast-skip-bootstrap': 'true',
    'broadcast-max-peers': String(ports.length),
    peers: peers.map((port) => `127.0.0.1:${port}`).join(','),
  },
  env: {},
  readFile: () => '',
  platform: process.platform,
});
if (!loaded.ok) throw new Error(loaded.errors.map((error) => JSON.stringify(error)).join('\n'));

const up = new Set<string>();
let connected = 0;
let acceptances = 0;

function onStarting(event: RelayEvent): void {
  if (event.type === 'peer connected') connected += 1;
  else if (event.type === 'service' && event.state === 'up') up.add(event.service);
  else return;
  const isReady = connected === ports.length && up.has('pool socket') && up.has('dashd rpc');
  if (isReady) tell<FromContender>({ type: 'ready' });
}

function onRacing(event: RelayEvent): void {
  if (event.type === 'refused') throw new Error(`${event.code}: ${event.reason}`);
  if (event.type !== 'proof' || event.status !== 'accepted') return;
  acceptances += 1;
  if (acceptances % readers === 0) tell<FromContender>({ type: 'idle' });
}

await startRelay(loaded.config, {
  userAgent: '/blockcast:bench/',
  listen: (event) => {
    onStarting(event);
    onRacing(event);
  },
});
