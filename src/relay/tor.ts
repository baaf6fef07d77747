/**
 * Peers through Tor (`tor.mode`): which are dialled through its SOCKS port, and what is told of it. Off, it is not there at all: the relay
 * dials as without it.
 *
 * Each connection has a user and a password that no other has, so that Tor gives each a circuit of its own (tor(1), IsolateSOCKSAuth): one exit or
 * rendezvous point sees one of our peers, and a slow circuit holds up one. The user begins with a random number, new at each start, so that
 * two relays behind one Tor share nothing. As Dash Core (`netbase.cpp`, TorStreamIsolationCredentialsGenerator).
 */
import { timer } from 'rxjs';
import { isOnion } from '../address/host.js';
import { formatHostPort } from '../address/host-port.js';
import { type AddressFamily, keyOf, type PeerKey, parseAddress } from '../peers/address.js';
import type { ConnectionTable } from '../streams/connections/connections.js';
import type { IsProxied } from '../streams/connections/isolation.js';
import { TorWatch } from '../streams/connections/tor-watch.js';
import type { Dial } from '../streams/ports.js';
import { reportOn } from '../streams/service-events.js';
import { type Random, SECOND_MS } from '../time.js';
import type { RelayContext } from './context.js';
import type { Scope } from './scope.js';

export interface Tor {
  /** Directly or through Tor, as the mode has it. */
  readonly dial: Dial;
  /** Absent in mode `off`. */
  readonly isProxied?: IsProxied;
  /** The kinds of addresses that can be dialled; absent: those that need no Tor. */
  readonly families?: ReadonlySet<AddressFamily>;
  /** Absent where no name server may be asked. */
  readonly resolveSeed: RelayContext['resolveSeed'] | undefined;
  readonly isDialable: (peer: PeerKey) => boolean;
}

const EVERYTHING: ReadonlySet<AddressFamily> = new Set(['ipv4', 'ipv6', 'name', 'onion']);
/** Pause between probes while the SOCKS port does not accept us. */
const PROBE_EVERY_MS = 10 * SECOND_MS;

/** @param table for its peers that are connected through Tor */
export function openTor(context: RelayContext, table: ConnectionTable, scope: Scope): Tor {
  const { config, dial, resolveSeed } = context;
  const { mode, proxy } = config.tor;
  if (mode === 'off' || !config.broadcast.enabled)
    return { dial, resolveSeed, isDialable: (peer) => parseAddress(peer)?.family !== 'onion' };
  const own = keyOf(config.dashd.p2p);
  const isProxied: IsProxied = (target) => (mode === 'all' ? keyOf(target) !== own : isOnion(target.host));
  const proxied = dialThroughTor(context, proxy, scope, () => {
    for (const { target } of table.live.values()) if (isProxied(target)) return true;
    return false;
  });
  return {
    dial: (target, ...more) => (isProxied(target) ? proxied(target, ...more) : dial(target, ...more)),
    isProxied,
    families: EVERYTHING,
    resolveSeed: mode === 'all' ? undefined : resolveSeed,
    isDialable: () => true,
  };
}

function dialThroughTor(
  { socksDial, probeSocks, random, clock, scheduler, emit }: RelayContext,
  proxy: RelayContext['config']['tor']['proxy'],
  scope: Scope,
  isInUse: () => boolean,
): Dial {
  const watch = new TorWatch({ proxy: formatHostPort(proxy), isInUse, report: reportOn('tor', clock), emit });
  const credentials = isolation(random);
  const running = scope.subscription();
  let stopProbe = (): void => undefined;
  running.add(() => stopProbe());
  const probe = (): void => {
    stopProbe = probeSocks(proxy, {
      credentials,
      onOutcome(outcome) {
        watch.onProbe(outcome);
        if (watch.isGone) again();
      },
    });
  };
  let isDue = false;
  const again = (): void => {
    if (isDue) return;
    isDue = true;
    running.add(
      timer(PROBE_EVERY_MS, scheduler).subscribe(() => {
        isDue = false;
        probe();
      }),
    );
  };
  probe();
  return socksDial(proxy, {
    credentials,
    onOutcome(outcome) {
      watch.onDial(outcome);
      if (watch.isGone) again();
    },
  });
}

/** User and password of one connection each. */
function isolation(random: Random): () => { readonly user: string; readonly password: string } {
  const run = random.u64().toString(16).padStart(16, '0');
  let count = 0;
  return () => {
    count += 1;
    const name = `${run}-${count}`;
    return { user: name, password: name };
  };
}
