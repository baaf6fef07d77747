/** Metrics of blocks: counts, latencies, proofs, verdicts, finality. */
import { BoundedMap } from '../../common/bounded.js';
import type {
  BlockEvent,
  BlockFinality,
  BlockProof,
  BlockReceived,
  BlockVerdict,
  FinalityState,
} from '../../contracts/events.js';
import { SECOND_MS } from '../../time.js';
import { combinations, type Instruments } from './instruments.js';
import {
  FAULT_CODES,
  FINALITY_STATES,
  FORMS,
  fold,
  LOCK_KINDS,
  MORE_ROUND_TRIPS,
  OTHER,
  OUTCOMES,
  POINTS,
  PROOF_STATUSES,
  REFUSAL_CODES,
  ROUND_TRIPS,
  RPC_OUTCOMES,
  SOURCES,
} from './labels.js';

/** The gate hashes a header (a tenth of a millisecond) and, of a full block, some thousand transactions (some ten). */
const GATE_SECONDS = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1];
/** From a nearby peer with a small block (1 ms) to a distant one with a full block; a push is given up after some 10 s. */
const BROADCAST_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
/** dashd connects a small block in some milliseconds, a full one in some hundred, and either in seconds when its own queue is long. */
const SUBMIT_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
/** From an empty block to the largest valid one. 12 kB fit TCP's initial congestion window (ten segments, RFC 6928). */
const SIZE_BYTES = [500, 1_000, 2_000, 5_000, 12_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_000_000];

/** The signers of a regtest quorum take a tenth of a second; one transaction without a lock costs up to ten minutes. */
const CHAIN_LOCK_SECONDS = [0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 60, 150, 300, 600, 900];
const LOCK_STATES = ['locked', 'delaying', 'aged', 'unchecked'] as const;

const SIGNER_STATES = ['tried', 'reached'] as const;

/** Blocks whose last state is remembered; the oldest are removed. Finality takes hours, and a pool finds a few blocks a day. */
const MAX_FOLLOWED = 1_000;

export function blockMetrics({ counter, gauge, histogram }: Instruments) {
  const received = counter(
    'blockcast_blocks_received_total',
    'Blocks that passed the gate.',
    combinations({ source: SOURCES }),
  );
  const held = counter('blockcast_blocks_held_total', "Blocks that were sent to peers only after dashd's answer.", [
    {},
  ]);
  const repeated = counter(
    'blockcast_blocks_repeated_total',
    'Blocks that were received again.',
    combinations({ source: SOURCES }),
  );
  const refused = counter(
    'blockcast_blocks_refused_total',
    'Frames that are not a block or have no proof of work, by code.',
    combinations({ source: SOURCES, code: [...REFUSAL_CODES, OTHER] }),
  );
  const verdicts = counter(
    'blockcast_block_verdicts_total',
    'Blocks by the outcome of their delivery.',
    combinations({ source: SOURCES, outcome: OUTCOMES }),
  );
  const tried = counter(
    'blockcast_broadcast_peers_tried_total',
    'Peers to which blocks were sent, per block.',
    combinations({ source: SOURCES }),
  );
  const reached = counter(
    'blockcast_broadcast_peers_reached_total',
    'Of the peers tried, those proven to have the block.',
    combinations({ source: SOURCES }),
  );
  const submissions = counter(
    'blockcast_rpc_submissions_total',
    "Blocks by dashd's answer to submitblock.",
    combinations({ outcome: RPC_OUTCOMES }),
  );
  const proofs = counter(
    'blockcast_proofs_total',
    'Steps in the proof of delivery to one peer.',
    combinations({ status: PROOF_STATUSES }),
  );
  const proofFailures = counter(
    'blockcast_proof_failures_total',
    'Deliveries to one peer that failed, by code.',
    combinations({ code: [...FAULT_CODES, OTHER] }),
  );
  const pushes = counter(
    'blockcast_pushes_total',
    'Deliveries to one peer by form, and by the answers of the peer that made blockcast send more.',
    combinations({ form: FORMS, round_trips: ROUND_TRIPS }),
  );
  const pushedBytes = counter(
    'blockcast_pushed_bytes_total',
    'Bytes of blocks sent to peers that have accepted them.',
    combinations({ form: FORMS }),
  );
  const finality = counter(
    'blockcast_block_finality_total',
    'Changes of the finality of blocks of the pool.',
    combinations({ state: FINALITY_STATES }),
  );
  const size = histogram(
    'blockcast_block_size_bytes',
    'Size of blocks.',
    SIZE_BYTES,
    combinations({ source: SOURCES }),
  );
  const gate = histogram(
    'blockcast_gate_seconds',
    'Time from the arrival of a block to the decision of the gate.',
    GATE_SECONDS,
    [{}],
  );
  const broadcast = histogram(
    'blockcast_broadcast_seconds',
    'Time from the arrival of a block to its first, median and last proof by a peer.',
    BROADCAST_SECONDS,
    combinations({ source: SOURCES, point: POINTS }),
  );
  const signers = counter(
    'blockcast_signers_total',
    'Peers that sign the ChainLock of a block that was sent to them: all, and those proven to have it.',
    combinations({ state: SIGNER_STATES }),
  );
  const majority = histogram(
    'blockcast_signer_majority_seconds',
    'Time from the arrival of a block until 60 % of the connected signers had it.',
    BROADCAST_SECONDS,
    combinations({ source: SOURCES }),
  );
  const chainLock = histogram(
    'blockcast_chainlock_seconds',
    "Time from the arrival of a block of the pool, and from its being dashd's tip, to the ChainLock that dashd announced.",
    CHAIN_LOCK_SECONDS,
    combinations({ from: ['arrival', 'tip'] }),
  );
  const lockStates = counter(
    'blockcast_block_transactions_total',
    'Transactions of blocks of the pool, by what they mean to its ChainLock: a delaying one is neither InstantSend-locked nor known for ten minutes.',
    combinations({ state: LOCK_STATES }),
  );
  const delayed = counter(
    'blockcast_blocks_delayed_total',
    'Blocks of the pool with a transaction that delays the ChainLock.',
    [{}],
  );
  const locksSent = counter(
    'blockcast_locks_relayed_total',
    'Peers that a lock which dashd had verified was sent to.',
    combinations({ kind: LOCK_KINDS }),
  );
  const submit = histogram(
    'blockcast_rpc_submit_seconds',
    "Time until dashd's answer to submitblock.",
    SUBMIT_SECONDS,
    [{}],
  );
  const lastBlock = gauge('blockcast_last_block_timestamp_seconds', 'Arrival of the last block, Unix time.', [
    'source',
  ]);
  const changed = changes();

  /** @param at ms since the epoch */
  function cameAt(source: string, at: number): void {
    lastBlock.set({ source }, seconds(at));
  }

  function onReceived(event: BlockReceived): void {
    const source = fold(SOURCES, event.source);
    received.add({ source });
    size.observe({ source }, event.size);
    gate.observe({}, seconds(event.gateMs));
    cameAt(source, event.at);
    if (event.held !== undefined) held.add({});
  }

  function onVerdict(event: BlockVerdict): void {
    const source = fold(SOURCES, event.source);
    verdicts.add({ source, outcome: fold(OUTCOMES, event.outcome) });
    tried.add({ source }, event.peersTried);
    reached.add({ source }, event.peersReached);
    broadcast.observe({ source, point: 'first' }, seconds(event.firstMs));
    broadcast.observe({ source, point: 'median' }, seconds(event.medianMs));
    broadcast.observe({ source, point: 'last' }, seconds(event.lastMs));
    signers.add({ state: 'tried' }, event.signers?.tried ?? 0);
    signers.add({ state: 'reached' }, event.signers?.reached ?? 0);
    majority.observe({ source }, seconds(event.signers?.majorityMs));
    if (event.rpc === undefined) return;
    submissions.add({ outcome: fold(RPC_OUTCOMES, event.rpc.outcome) });
    if (event.rpc.outcome !== 'unavailable') submit.observe({}, seconds(event.rpc.ms));
  }

  function onProof(event: BlockProof): void {
    proofs.add({ status: fold(PROOF_STATUSES, event.status) });
    if (event.status === 'accepted') onAccepted(event);
    if (event.status === 'failed') proofFailures.add({ code: fold(FAULT_CODES, event.reason ?? OTHER) });
  }

  /** A peer accepts a block once. */
  function onAccepted({ form: code, bytes = 0, roundTrips = 0 }: BlockProof): void {
    if (code === undefined) return;
    const form = fold(FORMS, code);
    pushes.add({ form, round_trips: ROUND_TRIPS[roundTrips] ?? MORE_ROUND_TRIPS });
    pushedBytes.add({ form }, bytes);
  }

  function onFinality(event: BlockFinality): void {
    finality.add({ state: fold(FINALITY_STATES, event.state) });
    // When one was there at the latest is no measurement.
    if (event.chainLock?.seen !== 'feed') return;
    chainLock.observe({ from: 'arrival' }, seconds(event.chainLock.ms));
    chainLock.observe({ from: 'tip' }, seconds(event.chainLock.sinceTipMs));
  }

  function listen(event: BlockEvent): void {
    switch (event.type) {
      case 'received':
        onReceived(event);
        break;
      case 'refused':
        refused.add({ source: fold(SOURCES, event.source), code: fold(REFUSAL_CODES, event.code) });
        break;
      case 'repeated':
        repeated.add({ source: fold(SOURCES, event.source) });
        break;
      case 'proof':
        onProof(event);
        break;
      case 'verdict':
        onVerdict(event);
        break;
      case 'finality':
        if (changed(event)) onFinality(event);
        break;
      case 'locks':
        for (const state of LOCK_STATES) lockStates.add({ state }, event[state]);
        if (event.delaying > 0) delayed.add({});
        break;
      case 'locks-relayed':
        locksSent.add({ kind: fold(LOCK_KINDS, event.kind) }, event.sent);
    }
  }
  return { listen, cameAt };
}

/** True when a block's state changed: the event is repeated with each confirmation. */
function changes(): (event: BlockFinality) => boolean {
  const reported = new BoundedMap<BlockFinality['hash'], FinalityState>(MAX_FOLLOWED);
  return ({ hash, state }) => {
    if (reported.get(hash) === state) return false;
    reported.renew(hash, state);
    return true;
  };
}

function seconds(ms: number): number;
function seconds(ms: number | undefined): number | undefined;
function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / SECOND_MS;
}
