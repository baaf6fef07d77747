/**
 * The handshake from the side that opens the connection, which is always us:
 *
 *   us                      peer
 *   version           →
 *                     ←     version
 *   sendaddrv2        →            (BIP 155: must come before verack)
 *   verack            →
 *                     ←     sendaddrv2, verack, sendheaders, sendcmpct, ping … (and mnauth, from a masternode)
 *   getaddr           →            (answered once per connection, by addrv2)
 *
 * Dash adds two fields to `version`: a challenge, which a masternode answers with `mnauth`, and a masternode flag. A regular node disconnects a peer
 * that sets the flag, so it is never set. Our services are zero: we have no chain, and nodes would sync from a peer with NODE_NETWORK.
 */
import { fill } from '../messages/fill.js';
import { SECOND_VERSION, SESSION } from '../messages/peers.js';
import type { MnAuth } from '../wire/mnauth.js';
import type { Version } from '../wire/version.js';
import { MIN_PROTOCOL_VERSION, PING_INTERVAL_MS, PROTOCOL_VERSION } from './limits.js';
import { close, emit, send } from './outputs.js';
import { sparePing } from './push.js';
import type { Output, Remote, SessionContext, SessionState } from './types.js';
import { openWitness } from './witness.js';

/**
 * The user agent, on a devnet with the devnet's name: its nodes give a misbehaviour point to a peer without it and disconnect. Source:
 * Dash Core `net_processing.cpp`, ProcessMessage; BIP 14 for the form.
 * @param userAgent such as `/blockcast:0.1.0/`
 * @param chain dashd's name of the chain: `devnet`, or `devnet-<name>`; undefined on other networks
 */
export function userAgentFor(userAgent: string, chain: string | undefined): string {
  return chain === undefined ? userAgent : userAgent.replace(/\/?$/, `(devnet.${chain})/`);
}

/**
 * The receiver address that we send: a unique local address (RFC 4193) that contains our nonce. dashd ignores it because it is not
 * routable (Core `net_processing.cpp`), but shows it as `addrlocal` in `getpeerinfo`. So a connection that the pool's dashd lists with it
 * ends at that dashd, whatever address was dialled and whatever NAT is in between.
 */
export function markOf(nonce: bigint): { readonly host: string; readonly port: number } {
  const hex = nonce.toString(16).padStart(16, '0');
  return { host: `fdb1:cca5:7000:1:${hex.match(/.{4}/g)?.join(':') ?? ''}`, port: 1 };
}

const NOBODY = '0'.repeat(64);

const NOWHERE = { services: 0n, host: '0.0.0.0', port: 0 } as const;

/** Sends `version` when the socket is open. */
/**
 * Lets the peer choose us as one of its three high-bandwidth peers, which it does when we gave it a block (BIP 152). We ask for none of
 * its compact blocks.
 */
const COMPACT_BLOCKS = { command: 'sendcmpct', highBandwidth: false, version: 1n } as const;

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
    mnauthChallenge: challengeOf(nonce),
    masternode: false,
  };
  return [{ ...state, phase: { name: 'awaiting-version', since: now, nonce } }, [send(version)]];
}

/**
 * A challenge that is not zero: a masternode answers it with `mnauth`, which says which masternode it is. We do not verify the signature
 * (BLS), so the challenge needs no randomness of its own.
 */
function challengeOf(nonce: bigint): Buffer {
  const challenge = Buffer.alloc(32, 1);
  challenge.writeBigUInt64LE(nonce);
  return challenge;
}

/** A peer says once which masternode it is; it is not verified, so it decides about nothing but the order of writes and what is shown. */
export function onMnauth(state: SessionState, { masternode }: MnAuth): [SessionState, Output[]] {
  if (state.masternode !== undefined || masternode === NOBODY) return [state, []];
  return [{ ...state, masternode }, [emit({ type: 'masternode', masternode })]];
}

export function onVersion(state: SessionState, message: Version): [SessionState, Output[]] {
  const { phase } = state;
  if (phase.name !== 'awaiting-version') return close(state, 'out-of-order', SECOND_VERSION);
  if (message.nonce === phase.nonce) return close(state, 'self-connection', SESSION['self-connection']);
  if (message.version < MIN_PROTOCOL_VERSION) {
    return close(
      state,
      'obsolete-version',
      fill(SESSION['obsolete-version'], { version: message.version, min: MIN_PROTOCOL_VERSION }),
    );
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
  if (phase.name !== 'awaiting-verack') return close(state, 'out-of-order', SESSION['out-of-order']);
  const { remote } = phase;
  const next: SessionState = {
    ...state,
    phase: { name: 'ready', since: now, remote },
    ping: { due: context.measuresAtOnce === true ? now : now + PING_INTERVAL_MS },
  };
  const ready = emit({ type: 'ready', remote });
  if (context.witness !== undefined) {
    const [opened, outputs] = openWitness(context, next, now);
    return [opened, [ready, ...outputs]];
  }
  return [
    { ...next, spare: sparePing(context) },
    [ready, send(COMPACT_BLOCKS), ...(context.asksAddresses === false ? [] : [send({ command: 'getaddr' })])],
  ];
}
