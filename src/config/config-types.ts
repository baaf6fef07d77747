import type { HostPort } from '../address/host-port.js';
import type { LogLevel } from '../contracts/log-levels.js';
import type { PeerAddress } from '../peers/address.js';
import type { WeightSettings } from '../peers/score.js';
import type { NetworkName } from '../wire/network.js';
import type { LogFormat } from './settings.js';
import type { TorMode } from './tor.js';

/** The effective configuration, with all derived values. */
export interface Config {
  readonly network: NetworkName;
  /** Set for a named devnet. */
  readonly devnet?: { readonly name: string };
  readonly dashd: {
    readonly rpc: {
      /** Without credentials: those of the configured URL are in `user` and `password`. */
      readonly url: string;
      readonly user?: string;
      readonly password?: string;
      /** Set when, and only when, `user` is not. */
      readonly cookieFile?: string;
    };
    readonly p2p: PeerAddress;
    /** An empty `url` disables the feed. */
    readonly zmq: { readonly url: string };
  };
  readonly pool: {
    readonly bind: string;
    readonly allowInsecureBind: boolean;
    readonly curve: CurveConfig;
  };
  readonly events: { readonly bind: string; readonly allowInsecureBind: boolean };
  readonly broadcast: {
    readonly enabled: boolean;
    readonly maxPeers: number;
    readonly minPeers: number;
    /** Bytes. */
    readonly maxMemory: number;
    /** Mbit/s; absent: measured. */
    readonly uplink?: number;
    /** Seconds. */
    readonly refreshInterval: number;
    /** Deprecated, has no effect. */
    readonly rehearsalInterval?: number;
    readonly skipBootstrap: boolean;
    readonly peerDb: string;
    readonly countryDb?: string;
    readonly fallback: boolean;
    /** The points that a peer's score is the sum of. */
    /** Whether what was learned of peers from blocks counts when they are chosen. */
    readonly learned: boolean;
    readonly weights: WeightSettings;
  };
  /** Connections to members of the ChainLock quorums; 0: none. */
  readonly quorum: { readonly maxPeers: number };
  readonly locks: {
    readonly relay: boolean;
    /** Seconds; 0: off. */
    readonly forecast: number;
  };
  /** Peers that are never pushed to, beside the others; 0: none. */
  readonly witnesses: { readonly count: number };
  readonly peers: readonly PeerAddress[];
  readonly tor: { readonly mode: TorMode; readonly proxy: HostPort };
  readonly http: HttpConfig;
  readonly proxy: HostPort & { readonly enabled: boolean; readonly allowInsecureBind: boolean };
  readonly history: {
    readonly file: string;
    readonly maxBlocks: number;
    /** Whether blocks are read for the page and the API. */
    readonly anatomy: boolean;
  };
  readonly spool: {
    readonly enabled: boolean;
    readonly dir: string;
    readonly maxBlocks: number;
    readonly maxBytes: number;
  };
  /** Set when, and only when, there are servers. */
  readonly cluster?: ClusterConfig;
  readonly alerts: AlertsConfig;
  readonly log: LogConfig;
}

export type CurveConfig =
  | { readonly enabled: false; readonly allowedClients: readonly string[] }
  | {
      readonly enabled: true;
      readonly publicKey: string;
      readonly secretKey: string;
      /** Includes the relay's own key, which `blockcast submit` uses. */
      readonly allowedClients: readonly string[];
    };

export interface HttpConfig extends HostPort {
  readonly enabled: boolean;
  readonly user: string;
  readonly password?: string;
  /** Without a password and without a reverse proxy, everyone can read the pages. */
  readonly allowInsecureBind: boolean;
  /** IP addresses and ranges. */
  readonly reverseProxies: readonly string[];
}

export interface ClusterConfig {
  /** `tls://host:port` or `nats://host:port`; one or more. */
  readonly servers: readonly string[];
  readonly name: string;
  /** This relay's name. */
  readonly relay: string;
  readonly user?: string;
  readonly password?: string;
  /** Paths of files. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sharePeers: boolean;
  /** Servers on other hosts may be without TLS. */
  readonly allowInsecure: boolean;
}

export interface AlertsConfig {
  readonly webhook?: { readonly url: string; readonly secret?: string };
  readonly telegram?: { readonly token: string; readonly chat: string; readonly api: string };
  /** Seconds; 0: never repeat. */
  readonly repeatAfter: number;
  readonly maxPerHour: number;
}

export interface LogConfig {
  readonly level: LogLevel;
  readonly format: LogFormat;
}
