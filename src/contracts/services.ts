/** What each service is called in text for people. The keys are the codes of `service` events, metrics and the API. */
export const SERVICE_NAMES = {
  'pool-socket': 'pool socket',
  'dashd-feed': 'dashd feed',
  'dashd-rpc': 'dashd RPC',
  'dashd-chain': 'dashd chain',
  'events-socket': 'events socket',
  peers: 'peers',
  quorums: 'quorums',
  tor: 'Tor',
  'peer-file': 'peer file',
  'history-file': 'history file',
  spool: 'spool',
  'json-rpc-proxy': 'JSON-RPC proxy',
  http: 'HTTP',
  alerts: 'alerts',
  cluster: 'cluster',
  'control-socket': 'control socket',
} as const;

export type ServiceCode = keyof typeof SERVICE_NAMES;

export const SERVICES = Object.keys(SERVICE_NAMES) as readonly ServiceCode[];
