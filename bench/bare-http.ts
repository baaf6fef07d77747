/** A minimal HTTP server in a process of its own: a flood of requests to it takes processor time, but none of the relay's. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { emit } from './child.js';
import type { FromBareHttp } from './process-messages.js';

process.on('disconnect', () => process.exit());
const server = createServer((_request, response) => response.writeHead(429).end('{}'));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
emit<FromBareHttp>({ type: 'listening', url: `http://127.0.0.1:${address.port}/` });
