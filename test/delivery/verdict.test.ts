import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BlockSource, ProofStatus, RpcResult, Verdict } from '../../src/contracts/events.js';
import { type Entry, openLedger, record } from '../../src/delivery/ledger.js';
import { verdict } from '../../src/delivery/verdict.js';

type Stage = ProofStatus;
type Peers = Readonly<Record<string, Stage | { stage: Stage; ms: number; reason?: string }>>;

interface Case {
  /** `dashd` is the protected one. */
  readonly peers?: Peers;
  readonly rpc?: RpcResult['outcome'] | { outcome: RpcResult['outcome']; reason: string };
  readonly source?: BlockSource;
  readonly fallback?: boolean;
  /** dashd was asked again after its rejection. */
  readonly again?: boolean;
  /** All peers are in one network. */
  readonly crowded?: boolean;
}

function judge({ peers = {}, rpc, source = 'pool', fallback = true, again = false, crowded = false }: Case): Verdict {
  const opened = openLedger({ hash: 'cd'.repeat(32), source, size: 250, height: 7, monotonicAt: 0 });
  const entries: Entry[] = [
    {
      type: 'tried',
      peers: Object.keys(peers).map((peer) => ({
        peer,
        protected: peer === 'dashd',
        group: crowded ? '10.1.0.0/16' : peer,
      })),
    },
  ];
  for (const [peer, shown] of Object.entries(peers)) {
    const { stage, ms } = typeof shown === 'string' ? { stage: shown, ms: 1 } : shown;
    const reason = typeof shown === 'string' ? 'no-pong' : (shown.reason ?? 'no-pong');
    if (stage !== 'pending') entries.push({ type: 'proof', peer, stage, monotonicAt: ms, reason });
  }
  if (rpc !== undefined) {
    const result = { ms: 2, ...(typeof rpc === 'string' ? { outcome: rpc } : rpc) };
    entries.push({ type: 'rpc', result, ...(again && { again }) });
  }
  return verdict(entries.reduce(record, opened), { fallback });
}

const highHash = { outcome: 'rejected', reason: 'high-hash' } as const;
const down = { outcome: 'unavailable', reason: 'unreachable: ECONNREFUSED' } as const;
const ALONE = "no peer but the pool's own dashd was reached";

const TABLE: readonly (readonly [string, Case, Verdict['outcome'], boolean, string | undefined])[] = [
  [
    'peers and dashd have it',
    { peers: { a: 'accepted', dashd: 'accepted' }, rpc: 'accepted' },
    'delivered',
    true,
    undefined,
  ],
  ['duplicate is as good as accepted', { peers: { a: 'accepted' }, rpc: 'duplicate' }, 'delivered', true, undefined],
  [
    'an acknowledgement is delivery',
    { peers: { a: 'acknowledged', b: 'failed' }, rpc: 'accepted' },
    'delivered',
    true,
    undefined,
  ],
  [
    'a peer that already had it has it',
    { peers: { a: 'already-had' }, rpc: 'duplicate' },
    'delivered',
    true,
    undefined,
  ],
  ['dashd has not answered yet', { peers: { a: 'acknowledged' } }, 'delivered', true, undefined],
  [
    'dashd is down',
    { peers: { a: 'accepted' }, rpc: down },
    'delivered',
    true,
    'dashd gave no answer: unreachable: ECONNREFUSED',
  ],
  [
    'dashd has it on a side branch',
    { peers: { a: 'acknowledged' }, rpc: { outcome: 'inconclusive', reason: 'inconclusive, side-branch' } },
    'delivered',
    true,
    'dashd has it, but not in its active chain: inconclusive, side-branch',
  ],
  [
    'a buffered write is no delivery',
    { peers: { a: 'written', b: 'pending' }, rpc: 'accepted' },
    'local-only',
    true,
    ALONE,
  ],
  ['only dashd was reached over P2P', { peers: { dashd: 'acknowledged' }, rpc: down }, 'local-only', true, ALONE],
  ['dashd took it over RPC alone', { rpc: 'accepted' }, 'local-only', true, ALONE],
  ['dashd has it from elsewhere', { rpc: 'duplicate', peers: { a: 'failed' } }, 'local-only', true, ALONE],
  ['dashd published it itself', { source: 'dashd' }, 'local-only', true, ALONE],
  [
    'only dashd, and that is not enough',
    { peers: { dashd: 'accepted', a: 'failed' }, rpc: 'accepted', fallback: false },
    'failed',
    false,
    `${ALONE}, and broadcast.fallback is off`,
  ],
  [
    'peers, where dashd alone would not do',
    { peers: { a: 'accepted' }, rpc: down, fallback: false },
    'delivered',
    true,
    'dashd gave no answer: unreachable: ECONNREFUSED',
  ],
  ['dashd refused it', { rpc: highHash }, 'rejected', false, 'dashd rejected it: high-hash'],
  [
    'dashd refused it, peers merely took it',
    { peers: { a: 'acknowledged' }, rpc: highHash },
    'rejected',
    false,
    'dashd rejected it: high-hash',
  ],
  [
    'dashd refused it twice over',
    { peers: { dashd: 'accepted' }, rpc: highHash },
    'rejected',
    false,
    'dashd rejected it: high-hash',
  ],
  ['dashd refused it without a word', { rpc: 'rejected' }, 'rejected', false, 'dashd rejected it: no reason given'],
  [
    'one peer says that it has what dashd rejected',
    { peers: { a: 'accepted', b: 'failed' }, rpc: highHash, again: true },
    'rejected',
    false,
    'dashd rejected it: high-hash; 1 of 2 peers claim to have it: against dashd, peers in two networks are needed',
  ],
  [
    'many peers of one network say that they have what dashd rejected',
    { peers: { a: 'accepted', b: 'accepted', c: 'already-had' }, rpc: highHash, again: true, crowded: true },
    'rejected',
    false,
    'dashd rejected it: high-hash; 3 of 3 peers claim to have it: against dashd, peers in two networks are needed',
  ],
  [
    'two networks have what dashd rejected, which has not been asked again',
    { peers: { a: 'accepted', b: 'accepted' }, rpc: highHash },
    'rejected',
    false,
    'dashd rejected it: high-hash; 2 of 2 peers claim to have it: dashd is being asked again',
  ],
  [
    'one announcement while the others hang up, and dashd is silent',
    {
      peers: {
        a: 'accepted',
        b: { stage: 'failed', ms: 1, reason: 'closed-by-peer' },
        c: { stage: 'failed', ms: 1, reason: 'connection-error' },
      },
      rpc: down,
    },
    'failed',
    false,
    '2 of 3 peers disconnected after it, 1 have it; dashd: unreachable: ECONNREFUSED',
  ],
  [
    'it is in no chain, whatever was acknowledged',
    { peers: { a: { stage: 'failed', ms: 1, reason: 'not-in-chain' } }, rpc: down },
    'failed',
    false,
    'no peer is known to have it: 1 of 1 say that it is not in their chain; dashd: unreachable: ECONNREFUSED',
  ],
  [
    'the networks know better than dashd, twice',
    { peers: { a: 'accepted', b: 'accepted' }, rpc: highHash, again: true },
    'delivered',
    true,
    'peers accepted it, but dashd rejected it: high-hash',
  ],
  [
    'the network had it, whatever dashd says',
    { peers: { a: 'already-had', b: 'already-had' }, rpc: highHash, again: true },
    'delivered',
    true,
    'peers accepted it, but dashd rejected it: high-hash',
  ],
  [
    'nobody has it',
    { peers: { a: 'failed', b: 'written' }, rpc: down },
    'failed',
    false,
    'no peer is known to have it; dashd: unreachable: ECONNREFUSED',
  ],
  ['nobody was there', { rpc: down }, 'failed', false, 'it was sent to no peer; dashd: unreachable: ECONNREFUSED'],
  ['nobody was there, and dashd is silent', {}, 'failed', false, 'it was sent to no peer; dashd gave no answer yet'],
  [
    'dashd stored it and gave no further answer',
    { rpc: 'inconclusive' },
    'failed',
    false,
    'it was sent to no peer; dashd: inconclusive',
  ],
];

describe('the verdict', () => {
  for (const [name, facts, outcome, success, reason] of TABLE) {
    it(`${name}: ${outcome}`, () => {
      const judged = judge(facts);
      assert.deepEqual([judged.outcome, judged.success, judged.reason], [outcome, success, reason]);
    });
  }

  it('says the same of the same facts, in full', () => {
    const facts: Case = {
      peers: {
        a: { stage: 'acknowledged', ms: 30 },
        b: { stage: 'accepted', ms: 10 },
        c: 'failed',
        d: 'already-had',
        e: 'written',
        dashd: { stage: 'acknowledged', ms: 2.5 },
      },
      rpc: 'duplicate',
    };
    const judged = judge(facts);
    const { peers, ...rest } = judged;
    assert.deepEqual(rest, {
      hash: 'cd'.repeat(32),
      source: 'pool',
      size: 250,
      height: 7,
      outcome: 'delivered',
      success: true,
      rpc: { outcome: 'duplicate', ms: 2 },
      peersReached: 4,
      peersTried: 6,
      accepted: 1,
      alreadyHad: 1,
      failed: 1,
      firstMs: 2.5,
      medianMs: 10,
      lastMs: 30,
    });
    assert.deepEqual(
      peers.map(({ peer, status }) => [peer, status]),
      Object.entries(facts.peers ?? {}).map(([peer, shown]) => [peer, typeof shown === 'string' ? shown : shown.stage]),
    );
    assert.deepEqual(judge(facts), judged);
  });

  it('names no times where none were taken, and the lower of two middle ones', () => {
    const none = judge({ peers: { a: 'already-had' }, rpc: 'accepted' });
    assert.deepEqual([none.firstMs, none.medianMs, none.lastMs], [undefined, undefined, undefined]);
    const four = judge({
      peers: Object.fromEntries([4, 1, 3, 2].map((ms) => [`p${ms}`, { stage: 'acknowledged', ms }])),
    });
    assert.deepEqual([four.firstMs, four.medianMs, four.lastMs], [1, 2, 4]);
  });
});
