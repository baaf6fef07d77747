/**
 * The API's replies as schemas: the OpenAPI document is made of them, and the tests hold real replies to them. That they say what the
 * types of api.ts, events.ts and view.ts say is checked by the compiler.
 */
import { z } from 'zod';
import type {
  BlockReply,
  BlocksReply,
  ErrorReply,
  HealthReply,
  PeersReply,
  ReadyReply,
  StatusReply,
} from '../../contracts/api.js';
import { TIP_SOURCES, WITNESS_LOSSES } from '../../contracts/codes.js';
import {
  at,
  count,
  finalityFields,
  hash,
  isOwn,
  lockCountFields,
  locksRelayedFields,
  ms,
  peer,
  proofFields,
  propagationFields,
  receivedFields,
  refusedFields,
  repeatedFields,
  role,
  rpcFields,
  sightFields,
  sinceArrival,
  text,
  verdictFields,
} from '../../contracts/event-fields.js';
import type { RelayEvent } from '../../contracts/events.js';
import type { WitnessReport } from '../../contracts/propagation.js';
import { SERVICES } from '../../contracts/services.js';
import type { PeerView, QuorumReport } from '../../contracts/view.js';
import type { BroadcasterStatus } from './broadcaster-status.js';
import { named, says } from './says.js';

const rate = z.number().min(0).max(1).describe('Between 0 and 1; absent where there is nothing to divide by.');
const words = z.array(text);

const PeerProof = z
  .strictObject(proofFields)
  .describe('How far delivery to one peer was proven.')
  .register(named, { id: 'PeerProof' });

const RpcResult = z
  .strictObject(rpcFields)
  .describe('What dashd answered to submitblock.')
  .register(named, { id: 'RpcResult' });

const withRpc = { ...verdictFields, rpc: RpcResult.exactOptional() };
const VerdictSummary = z
  .strictObject(withRpc)
  .describe('What came of a broadcast.')
  .register(named, { id: 'VerdictSummary' });

const PropagationSummary = z
  .strictObject(propagationFields)
  .describe('How fast the block reached the witnesses.')
  .register(named, { id: 'PropagationSummary' });
const sights = z
  .array(z.strictObject(sightFields).register(named, { id: 'Sight' }))
  .describe('What each witness saw, in the order of their times.');
const Locks = z
  .strictObject(lockCountFields)
  .describe('How many transactions are not InstantSend-locked, and so delay a ChainLock.')
  .register(named, { id: 'Locks' });

const blockFields = {
  hash,
  height: count.exactOptional(),
  size: count.describe('Bytes.'),
  transactions: count.exactOptional(),
  receivedAt: at,
  gateMs: sinceArrival.exactOptional(),
  verdict: VerdictSummary.exactOptional().describe('Absent until it has fallen.'),
  propagation: PropagationSummary.exactOptional(),
  finality: z.strictObject(finalityFields),
  locks: Locks.exactOptional().describe('Absent until dashd was asked.'),
};
const BlockSummary = z
  .strictObject(blockFields)
  .describe("A block of the pool's, without its race.")
  .register(named, { id: 'BlockSummary' });

export const BlocksSchema = says<BlocksReply>()(
  z
    .strictObject({
      blocks: z.array(BlockSummary).describe('Newest first.'),
      next: hash.exactOptional().describe('To be given as `after` for the next page; absent on the last.'),
    })
    .register(named, { id: 'Blocks' }),
);

export const BlockSchema = says<BlockReply>()(
  z
    .strictObject({
      ...blockFields,
      sights: sights.exactOptional(),
      race: z.array(PeerProof).describe('Who was written, who acknowledged, who accepted, and when: so far.'),
    })
    .register(named, { id: 'Block' }),
);

const Kpis = z
  .strictObject({
    blocks: count,
    successRate: rate.exactOptional(),
    averageBroadcastMs: ms.exactOptional().describe('The mean over blocks of the median proof.'),
    peerAvailability: rate.exactOptional(),
    orphanRate: rate.exactOptional(),
    propagationMs: ms.exactOptional().describe('Until nine of ten peers had proven it, mean over blocks.'),
    networkPropagationMs: ms
      .exactOptional()
      .describe('Until half of the witnesses had it, peers that it was not pushed to: mean over blocks.'),
    chainLockMs: ms.exactOptional().describe("From a block's arrival to its ChainLock, mean over blocks."),
    delayedRate: rate.exactOptional(),
    finality: z.strictObject({ pending: count, chainlocked: count, buried: count, orphaned: count }),
  })
  .register(named, { id: 'Kpis' });

const serviceName = z.enum(SERVICES);
const ServiceStatus = z
  .strictObject({
    service: serviceName,
    state: z.enum(['up', 'down', 'unknown']),
    since: at.exactOptional(),
    code: text,
    detail: text,
    faults: count.describe('Since the relay was started.'),
    lastFault: z.strictObject({ at, code: text, detail: text }).exactOptional(),
  })
  .register(named, { id: 'ServiceStatus' });

const notReady = words.describe('The reasons, in words; empty when ready.');
const degraded = words.describe('Problems that do not stop the delivery of blocks, in words.');

const Quorums = says<QuorumReport>()(
  z
    .strictObject({
      height: count.describe("The tip's, as of which the quorums are active."),
      wanted: count.describe('Connections to members: `quorum.maxPeers`.'),
      members: count.describe('Distinct masternodes in the active quorums.'),
      connected: count.describe('Of them.'),
      quorums: z
        .array(
          z.strictObject({
            hash,
            type: count.describe("Dash's number of its type: 2 for `llmq_400_60`."),
            signing: z.boolean().describe('It signs the ChainLock of the next block.'),
            members: count,
            connected: count,
            highBandwidth: count.describe('Of the connected, those that have chosen us as a high-bandwidth peer.'),
          }),
        )
        .describe('Newest first.'),
    })
    .describe('The active ChainLock quorums.')
    .register(named, { id: 'Quorums' }),
);

const BlockPropagation = z
  .strictObject({ type: z.literal('propagation'), at, hash, ...propagationFields, sights })
  .register(named, { id: 'BlockPropagation' });

const propagationFigures = z.strictObject({
  blocks: count.describe('With a median.'),
  medianMs: ms.exactOptional().describe('The mean of their medians.'),
});

const Witnesses = says<WitnessReport>()(
  z
    .strictObject({
      wanted: count.describe('`witnesses.count`'),
      connected: count,
      witnesses: z.array(
        z.strictObject({
          peer,
          state: z.enum(['connected', 'connecting']),
          since: at,
          country: text.exactOptional().describe('ISO 3166-1 alpha-2.'),
          group: text.describe('The network that one owner is likely to control.'),
          why: text.describe('Why it was chosen.'),
          roundTripMs: ms.exactOptional().describe('The shortest of the last ones.'),
          counted: count,
          early: count,
          unseen: count,
          unknown: count.describe('Announced blocks that dashd does not know.'),
        }),
      ),
      own: propagationFigures,
      others: propagationFigures,
      recent: z
        .array(z.strictObject({ type: z.literal('propagation'), at, hash, ...propagationFields }))
        .describe('Newest first.'),
    })
    .describe('Peers that are never sent a block, and what they saw.')
    .register(named, { id: 'Witnesses' }),
);

export const StatusSchema = says<StatusReply>()(
  z
    .strictObject({
      version: text,
      network: text,
      startedAt: at,
      now: at,
      ready: z.boolean(),
      notReady,
      degraded,
      tip: z.strictObject({ hash, height: count.exactOptional() }).exactOptional(),
      peers: z.strictObject({ connected: count, min: count, max: count, known: count, dashd: z.boolean() }),
      quorums: Quorums.exactOptional(),
      witnesses: Witnesses.exactOptional(),
      lockForecast: Locks.exactOptional().describe(
        "Of dashd's mempool: what would delay the ChainLock of the next block.",
      ),
      services: z.array(ServiceStatus),
      lastBlock: BlockSummary.exactOptional(),
      kpis: z.strictObject({ all: Kpis, day: Kpis }),
    })
    .register(named, { id: 'Status' }),
);

export const PeerSchema = says<PeerView>()(
  z
    .strictObject({
      peer,
      protected: isOwn,
      state: z.enum(['connected', 'connecting']),
      since: at,
      userAgent: text.exactOptional(),
      protocolVersion: z.int().exactOptional(),
      height: z.int().exactOptional(),
      country: text.exactOptional().describe('ISO 3166-1 alpha-2.'),
      role: role.exactOptional(),
      quorums: count.exactOptional().describe('The active ChainLock quorums that it is a member of.'),
      masternode: hash.exactOptional().describe('The proRegTxHash of the masternode that it is.'),
      highBandwidth: z
        .literal(true)
        .exactOptional()
        .describe('It has asked for new blocks in compact form, without an announcement (BIP 152).'),
      pingMs: ms.exactOptional(),
      sources: words,
      lastSeen: at,
      score: z
        .strictObject({
          total: z.number(),
          terms: z.array(z.strictObject({ label: text, value: z.number(), why: text })),
        })
        .describe('The terms add up to the total; none are given with `terms=false`.'),
      blocks: z.strictObject({
        acknowledged: count,
        accepted: count,
        alreadyHad: count,
        failed: z.record(text, count).describe('By code.'),
        failuresInARow: count,
        proofMs: ms.exactOptional(),
      }),
    })
    .register(named, { id: 'Peer' }),
);

export const PeersSchema = says<PeersReply>()(
  z.strictObject({ peers: z.array(PeerSchema) }).register(named, { id: 'Peers' }),
);

export const HealthSchema = says<HealthReply>()(
  z
    .strictObject({ status: z.literal('ok'), version: text.exactOptional(), startedAt: at.exactOptional() })
    .register(named, { id: 'Health' }),
);

export const ReadySchema = says<ReadyReply>()(
  z
    .strictObject({ ready: z.boolean(), notReady: notReady.exactOptional(), degraded: degraded.exactOptional() })
    .register(named, { id: 'Ready' }),
);

export const ErrorSchema = says<ErrorReply>()(
  z
    .strictObject({ error: text, remedy: text.exactOptional().describe('What to do about it.') })
    .register(named, { id: 'Error' }),
);

const p2poolPeer = z.strictObject({
  host: text,
  port: count,
  protected: z.boolean(),
  connected_since: z.number().describe('Unix time, seconds.'),
  uptime_seconds: count,
  score: z.number(),
  source: text,
  successful_broadcasts: count,
  failed_broadcasts: count,
});
export const BroadcasterStatusSchema = says<BroadcasterStatus>()(
  z
    .strictObject({
      enabled: z.boolean(),
      bootstrapped: z.boolean(),
      health: z.strictObject({
        active_connections: count,
        protected_connections: count,
        total_connections: count,
        target_max_peers: count,
        target_min_peers: count,
        healthy: z.boolean(),
        local_dashd_connected: z.boolean(),
      }),
      statistics: z
        .strictObject({
          since: z.number().describe('Unix time in seconds from which these are counted.'),
          blocks_broadcast: count,
          total_peer_broadcasts: count,
          successful_broadcasts: count,
          failed_broadcasts: count,
          success_rate_percent: z.number(),
          connection_attempts: count,
          successful_connections: count,
          failed_connections: count,
          timeouts: count,
          refused: count,
        })
        .describe('Since the start.'),
      database: z.strictObject({ total_peers: count }),
      peers: z.strictObject({ protected: z.array(p2poolPeer), active: z.array(p2poolPeer) }),
      configuration: z.strictObject({ max_peers: count, min_peers: count }),
    })
    .register(named, { id: 'BroadcasterStatus' }),
);

const change = z.strictObject({ peer, code: text, reason: text });

const isMember = z
  .literal(true)
  .exactOptional()
  .describe('A member of a quorum, connected to beside the peers of the book.');

export const EventSchema = says<RelayEvent>()(
  z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('received'), ...receivedFields }),
      z.strictObject({ type: z.literal('refused'), ...refusedFields }),
      z.strictObject({ type: z.literal('repeated'), ...repeatedFields }),
      z.strictObject({ type: z.literal('stored'), at, hash }),
      z.strictObject({ type: z.literal('proof'), at, hash, ...proofFields }),
      z.strictObject({ type: z.literal('verdict'), at, ...withRpc, peers: z.array(PeerProof) }),
      z.strictObject({ type: z.literal('finality'), ...finalityFields, hash, height: count.exactOptional() }),
      z.strictObject({ type: z.literal('locks'), ...lockCountFields, hash, height: count.exactOptional() }),
      z.strictObject({ type: z.literal('locks-relayed'), ...locksRelayedFields, hash, height: count.exactOptional() }),
      z.strictObject({ type: z.literal('lock-forecast'), ...lockCountFields }),
      z.strictObject({
        type: z.literal('peer-connected'),
        at,
        peer,
        protected: isOwn,
        quorum: isMember,
        userAgent: text,
        height: z.int(),
        protocolVersion: z.int(),
      }),
      z.strictObject({
        type: z.literal('peer-lost'),
        at,
        peer,
        protected: isOwn,
        quorum: isMember,
        code: text,
        reason: text,
        wasReady: z.boolean(),
        bytesIn: count,
        bytesOut: count,
      }),
      z.strictObject({
        type: z.literal('service'),
        at,
        service: serviceName,
        state: z.enum(['up', 'down', 'fault']),
        code: text,
        detail: text,
      }),
      z.strictObject({ type: z.literal('tip'), at, hash, source: z.enum(TIP_SOURCES) }),
      z.strictObject({
        type: z.literal('plan'),
        at,
        connect: z.array(change),
        disconnect: z.array(change),
        kept: count,
        targets: count,
        known: count,
        skipped: z.record(text, count).exactOptional(),
      }),
      z.strictObject({
        type: z.literal('gossip'),
        at,
        peer,
        added: count,
        known: count,
        futureDated: count,
        refused: z.record(text, count),
      }),
      BlockPropagation,
      z.strictObject({
        type: z.literal('witness'),
        at,
        peer,
        state: z.enum(['connected', 'lost']),
        code: z.enum(['chosen', ...WITNESS_LOSSES]),
        reason: text,
      }),
    ])
    .describe('An event of the relay.')
    .register(named, { id: 'Event' }),
);
