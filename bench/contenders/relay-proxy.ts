/** A relay with its JSON-RPC proxy and the peers of the plan; without peers, only its own dashd. */
import { join } from 'node:path';
import { loadConfig } from '../../src/config/config.js';
import type { RelayEvent } from '../../src/contracts/events.js';
import { startRelay } from '../../src/relay/relay.js';
import { emit, planOf } from '../child.js';
import type { FromProxy, ProxyPlan } from '../process-messages.js';

const { rpcUrl, user, password, dashdPort, zmqUrl, peers, port, bind, folder } = planOf<ProxyPlan>();
const loaded = loadConfig({
  options: {
    network: 'regtest',
    'dashd-rpc-url': rpcUrl,
    'dashd-rpc-user': user,
    'dashd-rpc-password': password,
    'dashd-p2p-port': String(dashdPort),
    'dashd-zmq-url': zmqUrl,
    'pool-bind': bind,
    'events-bind': 'tcp://127.0.0.1:0',
    'proxy-enabled': 'true',
    'proxy-port': String(port),
    'http-enabled': 'false',
    'broadcast-peer-db': join(folder, 'broadcast_peers.json'),
    'history-file': join(folder, 'block_history.jsonl'),
    'broadcast-skip-bootstrap': 'true',
    'broadcast-peers': String(peers.length > 0),
    'broadcast-max-peers': String(peers.length + 1),
    'broadcast-min-peers': '0',
    peers: peers.map((peer) => `127.0.0.1:${peer}`).join(','),
  },
  env: {},
  readFile: () => '',
  platform: process.platform,
});
if (!loaded.ok) throw new Error(loaded.errors.map((error) => JSON.stringify(error)).join('\n'));

const lacking = new Set(['peers', 'json-rpc-proxy', 'tip', ...(zmqUrl === '' ? [] : ['dashd-feed'])]);
let connected = 0;

function got(what: string): void {
  if (lacking.delete(what) && lacking.size === 0) emit<FromProxy>({ type: 'ready' });
}

function listen(event: RelayEvent): void {
  switch (event.type) {
    case 'peer-connected':
      connected += 1;
      if (connected === peers.length + 1) got('peers');
      return;
    case 'service':
      if (event.state === 'up') got(event.service);
      return;
    case 'tip':
      got('tip');
      emit<FromProxy>({ type: `at ${event.hash}` });
      return;
    case 'refused':
      throw new Error(`${event.code}: ${event.reason}`);
    case 'verdict':
      emit<FromProxy>({ type: `judged ${event.hash}` });
  }
}

await startRelay(loaded.config, { userAgent: '/blockcast:bench/', listen });
