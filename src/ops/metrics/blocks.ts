/** Of blocks: how many, how fast, how far they were proven, what became of them. */
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
  fold,
  OTHER,
  OUTCOMES,
  POINTS,
  PROOF_STATUSES,
  REFUSAL_CODES,
  RPC_OUTCOMES,
  SOURCES,
} from './labels.js';

/** The gate hashes a header (a tenth of a millisecond) and, of a full block, some thousand transactions (some ten). */
const GATE_SECONDS = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1];
/** From a peer next door with a small block (1 ms) to the far side of the world with a full one; a push is given up after some 10 s. */
const BROADCAST_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
/** dashd connects a small block in some milliseconds and a full one in some hundred; behind a long queue of its own, in seconds. */
const SUBMIT_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
/** From an empty block to the largest there can be. 12 kB is what fits the first flight of a TCP connection (ten segments). */
const SIZE_BYTES = [500, 1_000, 2_000, 5_000, 12_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_000_000];

/** Blocks whose last told state is remembered; the oldest give way. They are decided within hours, and found a few a day. */
const MAX_FOLLOWED = 1_000;

export function blockMetrics({ counter, gauge, histogram }: Instruments) {
  const received = counter(
    'blockcast_blocks_received_total',
    'Blocks that passed the gate.',
    combinations({ source: SOURCES }),
  );
  const held = counter('blockcast_blocks_held_total', "Blocks whose peers had to wait for dashd's answer.", [{}]);
  const repeated = counter(
    'blockcast_blocks_repeated_total',
    'Blocks that came once more.',
    combinations({ source: SOURCES }),
  );
  const refused = counter(
    'blockcast_blocks_refused_total',
    'Frames that are no block or have no proof of work, by code.',
    combinations({ source: SOURCES, code: [...REFUSAL_CODES, OTHER] }),
  );
  const verdicts = counter(
    'blockcast_block_verdicts_total',
    'Blocks by what came of their broadcast.',
    combinations({ source: SOURCES, outcome: OUTCOMES }),
  );
  const tried = counter(
    'blockcast_broadcast_peers_tried_total',
    'Peers that blocks were sent to.',
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
  const finality = counter(
    'blockcast_block_finality_total',
    'Changes in what became of blocks of the pool.',
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
    'From a block coming in until the gate had judged it.',
    GATE_SECONDS,
    [{}],
  );
  const broadcast = histogram(
    'blockcast_broadcast_seconds',
    'From a block coming in until its first, median and last proof by a peer that it was pushed to.',
    BROADCAST_SECONDS,
    combinations({ source: SOURCES, point: POINTS }),
  );
  const submit = histogram('blockcast_rpc_submit_seconds', "Until dashd's answer to submitblock.", SUBMIT_SECONDS, [
    {},
  ]);
  const lastBlock = gauge('blockcast_last_block_timestamp_seconds', 'When the last block came in, Unix time.', [
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
    if (event.rpc === undefined) return;
    submissions.add({ outcome: fold(RPC_OUTCOMES, event.rpc.outcome) });
    if (event.rpc.outcome !== 'unavailable') submit.observe({}, seconds(event.rpc.ms));
  }

  function onProof(event: BlockProof): void {
    proofs.add({ status: fold(PROOF_STATUSES, event.status) });
    if (event.status === 'failed') proofFailures.add({ code: fold(FAULT_CODES, event.reason ?? OTHER) });
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
        if (changed(event)) finality.add({ state: fold(FINALITY_STATES, event.state) });
    }
  }
  return { listen, cameAt };
}

/** True for the first event that tells a block's state: it is told again with each confirmation. */
function changes(): (event: BlockFinality) => boolean {
  const told = new BoundedMap<BlockFinality['hash'], FinalityState>(MAX_FOLLOWED);
  return ({ hash, state }) => {
    if (told.get(hash) === state) return false;
    told.renew(hash, state);
    return true;
  };
}

function seconds(ms: number): number;
function seconds(ms: number | undefined): number | undefined;
function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / SECOND_MS;
}
