/**
 * The handshake, seen from the side that dials (we always do):
 *
 *   us                      peer
 *   version           →
 *                     ←     version
 *   sendaddrv2        →            (BIP 155: must come before verack)
 *   verack            →
 *                     ←     sendaddrv2, verack, sendheaders, sendcmpct, ping …
 *   getaddr           →            (answered once a connection, by addrv2)
 *
 * Dash adds two fields to `version`: a challenge for masternode authentication and a masternode flag. A plain node drops
 * whoever sets that flag, so it is never set. Our services are zero: we keep no chain, and a service bit would make nodes sync from us.
 */
import type { Version } from '../wire/version.js';
import { MIN_PROTOCOL_VERSION, PING_INTERVAL_MS, PROTOCOL_VERSION } from './limits.js';
import { close, emit, send } from './outputs.js';
import { sparePing } from './push.js';
import type { Output, Remote, SessionContext, SessionState } from './types.js';

/**
 * Our name for peers, with the devnet's in it: a devnet's nodes hang up, with a point, on whoever does not name theirs. Source: Core
 * `net_processing.cpp`, ProcessMessage, and BIP 14 for the form.
 * @param userAgent such as `/blockcast:0.1.0/`
 * @param chain the name of the chain as dashd has it: `devnet`, or `devnet-<name>`; undefined on other networks
 */
export function userAgentFor(userAgent: string, chain: string | undefined): string {
  return chain === undefined ? userAgent : userAgent.replace(/\/?$/, `(devnet.${chain})/`);
}

/**
 * What we tell a peer that we see it as: an address of no node (unique local, RFC 4193), with our nonce in it. dashd ignores what is not routable
 * (Core `net_processing.cpp`), but shows it to its owner as `addrlocal` in `getpeerinfo`: so a connection that our dashd shows there ends
 * at our dashd, whatever address it was made to and whatever translates addresses in between.
 */
export function markOf(nonce: bigint): { readonly host: string; readonly port: number } {
  const hex = nonce.toString(16).padStart(16, '0');
  return { host: `fdb1:cca5:7000:1:${hex.match(/.{4}/g)?.join(':') ?? ''}`, port: 1 };
}

const NOWHERE = { services: 0n, host: '0.0.0.0', port: 0 } as const;

/** The socket is open: speak first. */
export function begin(context: SessionContext, state: SessionState, now: number): [SessionState, Output[]] {
  const nonce = context.random.u64();
  const version: Version = {
    command: 'version',
    version: PROTOCOL_VERSION,
    services: 0n,
    time: BigInt(Math.floor(context.wallClock() / 1000)),
    receiver: { services: 0n, ...markOf(nonce) },
    sender: NOWHERE,
    nonce,
    userAgent: context.userAgent,
    height: context.height(),
    relay: false,
    mnauthChallenge: Buffer.alloc(32),
    masternode: false,
  };
  return [{ ...state, phase: { name: 'awaiting-version', since: now, nonce } }, [send(version)]];
}

export function onVersion(state: SessionState, message: Version): [SessionState, Output[]] {
  const { phase } = state;
  if (phase.name !== 'awaiting-version') return close(state, 'out-of-order', 'a second version message');
  if (message.nonce === phase.nonce) return close(state, 'self-connection', 'the peer returned our own nonce');
  if (message.version < MIN_PROTOCOL_VERSION) {
    return close(state, 'obsolete-version', `protocol ${message.version} is below ${MIN_PROTOCOL_VERSION}`);
  }
  const remote: Remote = {
    protocolVersion: message.version,
    services: message.services,
    userAgent: message.userAgent,
    height: message.height,
    nonce: phase.nonce,
  };
  return [
    { ...state, phase: { name: 'awaiting-verack', since: phase.since, remote } },
    [send({ command: 'sendaddrv2' }), send({ command: 'verack' })],
  ];
}

export function onVerack(context: SessionContext, state: SessionState, now: number): [SessionState, Output[]] {
  const { phase } = state;
  if (phase.name === 'ready') return [state, []];
  if (phase.name !== 'awaiting-verack') return close(state, 'out-of-order', 'verack before version');
  return [
    {
      ...state,
      phase: { name: 'ready', since: now, remote: phase.remote },
      ping: { due: now + PING_INTERVAL_MS },
      spare: sparePing(context),
    },
    [emit({ type: 'ready', remote: phase.remote }), send({ command: 'getaddr' })],
  ];
}
