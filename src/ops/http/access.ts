/**
 * Who may see the pages. With a password, whoever knows it. Without one, this machine and the reverse proxies that the configuration
 * names; and this machine only under a name of its own, since a page in the operator's browser can point a name it controls at
 * 127.0.0.1, and would then read ours as its own (DNS rebinding). With `http.allowInsecureBind`, everybody.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import basicAuth from '@fastify/basic-auth';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { isLoopback, parseHost } from '../../address/host.js';
import type { HttpConfig } from '../../config/config.js';
import type { Clock } from '../../time.js';
import type { Refusal } from './errors.js';
import type { HttpLimits } from './limits.js';
import { VisitorCount } from './visitor-count.js';

/** Why somebody may not see the pages; undefined for those who may. */
export type Doorman = (request: FastifyRequest, reply: FastifyReply) => Promise<Refusal | undefined>;

export async function createDoorman(
  app: FastifyInstance,
  config: HttpConfig,
  limits: HttpLimits['failures'],
  clock: Clock,
): Promise<Doorman> {
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
  return byPassword(app, new VisitorCount(limits, clock));
}

const WRONG: Refusal = {
  status: 401,
  error: 'user and password are asked for',
  remedy: 'They are the settings http.user and http.password.',
};

function byPassword(app: FastifyInstance, failures: VisitorCount): Doorman {
  return async (request, reply) => {
    const visitor = visitorOf(request.ip);
    const waitSeconds = failures.waitSeconds(visitor);
    if (waitSeconds > 0 && request.headers.authorization !== undefined) {
      const headers = { 'retry-after': String(waitSeconds) };
      return { status: 429, error: 'too many wrong passwords', remedy: `Wait ${waitSeconds} seconds.`, headers };
    }
    const isKnown = await new Promise<boolean>((resolve) => {
      app.basicAuth(request, reply, (error) => resolve(error === undefined));
    });
    if (isKnown) return undefined;
    if (request.headers.authorization !== undefined) failures.add(visitor);
    return WRONG;
  };
}

/** Digests are of one length, whatever was sent: comparing them takes the same time for all. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function byAddress({ host, port, reverseProxies, allowInsecureBind }: HttpConfig): Doorman {
  // The operator's explicit word. On the loopback it changes nothing, where other sites' pages could reach us.
  if (allowInsecureBind && reverseProxies.length === 0 && !isLoopback(host)) return async () => undefined;
  const isProxy = matcher(reverseProxies);
  return async ({ socket, headers }) => {
    const address = socket.remoteAddress ?? '';
    if (isProxy(address)) return undefined;
    if (!isLoopback(address)) {
      return {
        status: 403,
        error: 'the pages are for the reverse proxy in front alone',
        remedy: 'Ask for them through it, or name your address in http.reverseProxies.',
      };
    }
    const name = nameIn(headers.host);
    if (isLoopback(name) || parseHost(name)?.text === host) return undefined;
    return {
      status: 403,
      error: 'the pages are not served under this name',
      remedy: `Open http://127.0.0.1:${port}, set http.password, or name the reverse proxy in http.reverseProxies.`,
    };
  };
}

/** The name or address in a Host header, in lower case, without brackets. */
function nameIn(host = ''): string {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host)?.[1] ?? '';
  return name.replace(/^\[|\]$/g, '').toLowerCase();
}

/** Whether an address is one of some addresses and ranges. An IPv4 address that comes in IPv6's clothes is an IPv4 address. */
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

/** Under which a visitor's requests are counted: an address or, since a visitor has 2^64 of them, an IPv6 network. */
export function visitorOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}
