import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changesBetween } from '../../src/config/changes.js';
import { good } from './support.js';

const changes = (env: Record<string, string>) => changesBetween(good({}).config, good({ env }).config);

describe('changes between configurations', () => {
  test('are none where nothing differs', () => {
    assert.deepEqual(changes({}), { live: [], restart: [] });
    assert.deepEqual(changes({ BLOCKCAST_HTTP_PORT: '8080' }), { live: [], restart: [] });
  });

  test('are distinguished: what a running relay takes over, and what needs a restart', () => {
    const env = {
      BLOCKCAST_LOG_LEVEL: 'debug',
      BLOCKCAST_PEERS: 'a.example:1',
      BLOCKCAST_ALERTS_WEBHOOK_URL: 'https://hooks.example',
      BLOCKCAST_BROADCAST_WEIGHTS_DAY: '11',
      BLOCKCAST_POOL_BIND: 'tcp://127.0.0.1:1',
      BLOCKCAST_DASHD_RPC_USER: 'u',
      BLOCKCAST_DASHD_RPC_PASSWORD: 'p',
      BLOCKCAST_POOL_CURVE_ALLOWED_CLIENTS: 'D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs',
    };
    assert.deepEqual(changes(env), {
      live: ['broadcast.weights.day', 'peers', 'alerts.webhook.url', 'log.level'],
      restart: [
        'dashd.rpc.user',
        'dashd.rpc.password',
        'dashd.rpc.cookieFile',
        'pool.bind',
        'pool.curve.allowedClients',
      ],
    });
  });
});
