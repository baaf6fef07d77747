/** What is said about the ChainLock quorums and the connections to their members. */

/** The state of the quorums, as a service. The keys are the codes. */
export const QUORUMS = {
  active: '{count} active ChainLock quorums ({type}) with {members} members, {reachable} of them at known addresses',
  refused: 'dashd does not answer {method}: {detail}',
  none: 'dashd reports no active ChainLock quorum ({type}): no connections to members are made',
} as const;

/** What `blockcast peers explain` says of a peer, from the running relay. */
export const QUORUM_STANDING = {
  'not-a-member': 'a member of none of the {active} active ChainLock quorums',
  member: 'a member of {memberOf} of the {active} active ChainLock quorums[; {signs}]',
  signs: 'one of them signs the ChainLock of block {height}',
  quorum: 'connected as a quorum member[: {reason}]',
  peer: 'connected as one of the peers of broadcast.maxPeers',
  connecting: 'being connected to[: {reason}]',
  none: 'not connected[: {reason}]',
} as const;

/** Why a member of a quorum is connected to. The keys are the codes, as in the next tables. */
export const QUORUM_CONNECT = {
  'several-quorums': 'a member of more than one active quorum',
  spread: 'a member of the active quorum with the fewest connections',
  swap: 'nearer than the one whose slot it gets, or a member of more active quorums',
} as const;

/** Why a quorum connection is given up. */
export const QUORUM_DISCONNECT = {
  'not-a-member': 'a member of no active quorum any more',
  'over-max': 'more connections than quorum.maxPeers',
  'group-share': 'its network has its share of the connections',
  outweighed: 'a nearer member, or one of more active quorums, gets its slot',
} as const;

/** Why a member of a quorum gets no new connection. */
export const QUORUM_SKIP = {
  'connected-elsewhere': 'it is connected as one of the other peers',
  'same-address': 'another masternode counts at its address',
  'other-relay': 'another relay of the cluster is connected to it',
  waiting: 'its last connection failed or ended a moment ago',
  'group-share': 'its network has its share of the connections',
  'over-max': 'all connections of quorum.maxPeers are in use',
  'ramp-up': 'connections are begun a few at a time; it is next',
} as const;
