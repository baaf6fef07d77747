/** How a NATS server is connected to, and what its errors mean. */
import { checkServerIdentity } from 'node:tls';
import { errors, type NodeConnectionOptions, type TlsOptions } from '@nats-io/transport-node';

export interface NatsAccess {
  /** `tls://host:port`, or `nats://host:port` without TLS: when one has TLS, all must. */
  readonly servers: readonly string[];
  /** By which the servers' monitoring names this client. */
  readonly client: string;
  readonly user?: string;
  readonly password?: string;
  /** Paths of files. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** What Node takes for the name of a server that has none. */
const UNNAMED = 'localhost';
/** The client tries the server that it leaves once more before the others. */
const CONNECT_MS = 3_000;
/** A server that vanished is noticed after two of them. */
const PING_MS = 5_000;
const RECONNECT_MS = 1_000;

export function connectOptions({ servers, client, user, password, tls }: NatsAccess): NodeConnectionOptions {
  const isTls = servers.some((server) => server.startsWith('tls://'));
  const { ca, cert, key } = tls;
  const secured: TlsOptions & { readonly checkServerIdentity: typeof checkServerIdentity } = {
    ...(ca !== undefined && { caFile: ca }),
    ...(cert !== undefined && { certFile: cert }),
    ...(key !== undefined && { keyFile: key }),
    checkServerIdentity: isOneOf(servers),
  };
  return {
    servers: servers.map((server) => server.replace(/^\w+:\/\//, '')),
    // Those that are configured, the nearest first: servers also tell of others, by addresses that may hold in their own network alone.
    ignoreClusterUpdates: true,
    noRandomize: true,
    noEcho: true,
    name: client,
    // Answers come on subjects that no other user may read.
    inboxPrefix: `_INBOX_${user ?? client.replace(/\W/g, '_')}`,
    timeout: CONNECT_MS,
    pingInterval: PING_MS,
    maxPingOut: 2,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    ...(user !== undefined && { user }),
    ...(password !== undefined && { pass: password }),
    ...(isTls && { tls: secured }),
  };
}

/**
 * The client names a server by its host name alone when it checks the certificate, so Node would check that of an IP address for `localhost`:
 * then it has to be the certificate of one of the servers that are configured.
 */
function isOneOf(servers: readonly string[]): typeof checkServerIdentity {
  const hosts = servers.map((server) => new URL(server).hostname.replace(/^\[|\]$/g, ''));
  return (host, certificate) => {
    if (host !== UNNAMED) return checkServerIdentity(host, certificate);
    const faults = hosts.map((one) => checkServerIdentity(one, certificate));
    return faults.includes(undefined) ? undefined : faults[0];
  };
}

export function faultOf(error: unknown): 'no-access' | 'unreachable' {
  const isAccess = error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError;
  return isAccess ? 'no-access' : 'unreachable';
}

/** @returns undefined for an error that is none of a missing right */
export function missingRight(
  error: unknown,
): { readonly operation: 'publish' | 'read'; readonly subject: string } | undefined {
  if (!(error instanceof errors.PermissionViolationError)) return undefined;
  const { operation, subject } = error;
  return { operation: operation === 'publish' ? 'publish' : 'read', subject };
}
