/** Formats the events about a submitted block as text. */
import type { BlockEvent, BlockVerdict, PeerProof } from '../contracts/events.js';
import {
  describeFinality,
  describeLocks,
  describePropagation,
  describeRelayed,
  formatMs,
  formatSize,
  oneLine,
} from '../ops/units.js';

const NAME_WIDTH = 10;

export function reportEvent(event: BlockEvent): string {
  const [name, ...lines] = describe(event);
  return `${(name ?? '').padEnd(NAME_WIDTH)}${lines.map(oneLine).join(`\n${' '.repeat(NAME_WIDTH)}`)}\n`;
}

function describe(event: BlockEvent): string[] {
  switch (event.type) {
    case 'received':
      return [
        'received',
        [
          event.hash,
          formatSize(event.size),
          ...counted(event.transactions, 'transactions'),
          ...height(event.height),
        ].join(', '),
        ...(event.held === undefined ? [] : [`peers wait for dashd's answer: ${event.held.join(', ')}`]),
      ];
    case 'refused':
      return ['refused', `${event.code}: ${event.reason}`];
    case 'repeated':
      return ['repeated', `the relay already had ${event.hash}, and did not send it again`];
    case 'stored':
      return ['stored', 'the block is on disk and survives a power failure'];
    case 'proof':
      return [
        'proof',
        `${event.peer}${event.protected ? ' (local dashd)' : ''}: ${event.status}${because(event.reason)} ${time(event)}`.trimEnd(),
      ];
    case 'verdict':
      return ['verdict', ...verdict(event)];
    case 'finality':
      return ['finality', describeFinality(event)];
    case 'propagation':
      return ['witnesses', describePropagation(event)];
    case 'locks':
      return ['locks', describeLocks(event)];
    case 'locks-relayed':
      return ['locks', describeRelayed(event)];
  }
}

function verdict(event: BlockVerdict): string[] {
  const { outcome, reason, rpc, peersReached, peersTried, accepted, alreadyHad, failed, firstMs, medianMs, lastMs } =
    event;
  const { signers } = event;
  const lines = [`${outcome}${because(reason)}`];
  if (rpc !== undefined) lines.push(`submitblock: ${rpc.outcome}${because(rpc.reason)} in ${formatMs(rpc.ms)}`);
  lines.push(
    `peers: ${peersReached} of ${peersTried} reached; ${accepted} accepted, ${alreadyHad} already had it, ${failed} failed`,
  );
  if (firstMs !== undefined && medianMs !== undefined && lastMs !== undefined) {
    lines.push(`times: first ${formatMs(firstMs)}, median ${formatMs(medianMs)}, last ${formatMs(lastMs)}`);
  }
  if (signers !== undefined) {
    const majority = signers.majorityMs === undefined ? '' : `, 60 % of them after ${formatMs(signers.majorityMs)}`;
    lines.push(`signers: ${signers.reached} of ${signers.tried} reached${majority}`);
  }
  return [...lines, ...table(event.peers)];
}

/** One row per peer, fastest first. */
function table(peers: readonly PeerProof[]): string[] {
  const rows = [...peers]
    .sort((a, b) => (provenMs(a) ?? Number.POSITIVE_INFINITY) - (provenMs(b) ?? Number.POSITIVE_INFINITY))
    .map((peer) => [
      peer.peer,
      peer.status,
      cell(peer.writtenMs),
      cell(peer.acknowledgedMs),
      cell(peer.acceptedMs),
      peer.reason ?? '',
    ]);
  if (rows.length === 0) return [];
  const all = [['peer', 'status', 'written', 'acknowledged', 'accepted', ''], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return [
    '',
    ...all.map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
  ];
}

function provenMs({ acknowledgedMs, acceptedMs }: PeerProof): number | undefined {
  return acknowledgedMs ?? acceptedMs;
}

function time({ writtenMs, acknowledgedMs, acceptedMs }: PeerProof): string {
  const latest = acceptedMs ?? acknowledgedMs ?? writtenMs;
  return latest === undefined ? '' : `after ${formatMs(latest)}`;
}

function cell(value: number | undefined): string {
  return value === undefined ? '–' : formatMs(value);
}

function because(reason: string | undefined): string {
  return reason === undefined ? '' : ` (${reason})`;
}

function counted(value: number | undefined, what: string): string[] {
  return value === undefined ? [] : [`${value} ${what}`];
}

function height(value: number | undefined): string[] {
  return value === undefined ? [] : [`height ${value}`];
}
