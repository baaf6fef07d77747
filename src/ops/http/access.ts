/**
 * Access control of the HTTP service.
 *
 * With `http.password`: basic authentication, and a limit of wrong passwords per client. Without one: requests from this machine and from the
 * configured reverse proxies; from this machine only with a Host header that names it, since a web page can point a domain of its own at
 * 127.0.0.1 and would then have the same origin (DNS rebinding). With `http.allowInsecureBind` beyond loopback: everyone.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import basicAuth from '@fastify/basic-auth';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { isLoopback, parseHost } from '../../address/host.js';
import type { HttpConfig } from '../../config/config.js';
import { fill } from '../../messages/fill.js';
import { REPLIES } from '../../messages/http.js';
import type { Clock } from '../../time.js';
import { ClientLimit } from './client-limit.js';
import { type Refusal, waiting } from './errors.js';
import type { HttpLimits } from './limits.js';

/** Decides about a request: the refusal to send, or undefined when it is allowed. */
export type AccessPolicy = (request: FastifyRequest, reply: FastifyReply) => Promise<Refusal | undefined>;

export async function createAccessPolicy(
  app: FastifyInstance,
  config: HttpConfig,
  limits: HttpLimits['failures'],
  clock: Clock,
): Promise<AccessPolicy> {
  if (config.password === undefined) return byAddress(config);
  const expected = [digest(config.user), digest(config.password)] as const;
  await app.register(basicAuth, {
    authenticate: { realm: 'blockcast' },
    async validate(user, password) {
      const isUser = timingSafeEqual(digest(user), expected[0]);
      const isPassword = timingSafeEqual(digest(password), expected[1]);
      if (!(isUser && isPassword)) throw new Error('wrong user or password');
    },
  });
  return byPassword(app, new ClientLimit(limits, clock));
}

function byPassword(app: FastifyInstance, failures: ClientLimit): AccessPolicy {
  return async (request, reply) => {
    const client = clientOf(request.ip);
    const waitSeconds = failures.waitSeconds(client);
    if (waitSeconds > 0 && request.headers.authorization !== undefined) {
      return waiting('too-many-logins', waitSeconds);
    }
    const isKnown = await new Promise<boolean>((resolve) => {
      app.basicAuth(request, reply, (error) => resolve(error === undefined));
    });
    if (isKnown) return undefined;
    if (request.headers.authorization !== undefined) failures.add(client);
    return REPLIES.unauthorised;
  };
}

/** Digests have one length, so that comparing them takes constant time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function byAddress({ host, port, reverseProxies, allowInsecureBind }: HttpConfig): AccessPolicy {
  // On loopback the setting has no effect, since web pages of other sites could reach the service there.
  if (allowInsecureBind && reverseProxies.length === 0 && !isLoopback(host)) return async () => undefined;
  const isProxy = matcher(reverseProxies);
  return async ({ socket, headers }) => {
    const address = socket.remoteAddress ?? '';
    if (isProxy(address)) return undefined;
    if (!isLoopback(address)) return REPLIES['not-the-proxy'];
    const name = nameIn(headers.host);
    if (isLoopback(name) || parseHost(name)?.text === host) return undefined;
    const reply = REPLIES['unknown-host'];
    return { ...reply, remedy: fill(reply.remedy, { port }) };
  };
}

/** The host of a Host header, in lower case, without port and brackets. */
function nameIn(host = ''): string {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host)?.[1] ?? '';
  return name.replace(/^\[|\]$/g, '').toLowerCase();
}

/** A test whether an address is in one of the given addresses and ranges. IPv4-mapped IPv6 addresses count as IPv4. */
export function matcher(ranges: readonly string[]): (address: string) => boolean {
  const parsed = ranges.map((range) => (range.includes('/') ? ipaddr.parseCIDR(range) : wholeOf(range)));
  return (text) => {
    if (!ipaddr.isValid(text)) return false;
    const address = ipaddr.process(text);
    return parsed.some(([network, bits]) => address.kind() === network.kind() && address.match(network, bits));
  };
}

function wholeOf(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

/** The key for counting a client's requests: its IPv4 address or, since a client has 2^64 IPv6 addresses, its /64 network. */
export function clientOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}
