/** The key figures. */
import type { ComponentChildren } from 'preact';
import type { StatusReply } from '../../contracts/api.js';
import type { QuorumState } from '../../contracts/view.js';
import { blockName, formatAge, formatCount, formatMs, formatRate, plural } from '../model/format.js';
import { signingOf, wantedPeers } from '../model/quorums.js';
import type { PageState } from '../model/state.js';
import { useNow } from './hooks.js';

interface FigureProps {
  readonly label: string;
  readonly meaning: string;
  readonly value: ComponentChildren;
  readonly unit?: string;
  readonly note: ComponentChildren;
}

function Figure({ label, meaning, value, unit, note }: FigureProps) {
  return (
    <div class="figure" title={meaning}>
      <dt>{label}</dt>
      <dd>
        <span class="figure-value">
          {value}
          {unit !== undefined && <small> {unit}</small>}
        </span>
        <span class="figure-note">{note}</span>
      </dd>
    </div>
  );
}

const NONE = '–';

export function Figures({ state, status }: { readonly state: PageState; readonly status: StatusReply }) {
  const { peers, kpis } = status;
  const { all, day } = kpis;
  const signing = status.quorums && signingOf(status.quorums);
  return (
    <section aria-label="Key figures">
      <dl class="figures">
        <Figure
          label="Peers connected"
          meaning="Peers with a finished handshake, including the pool’s own dashd, of the wanted number"
          value={peers.connected}
          unit={`/ ${wantedPeers(status)}`}
          note={signing === undefined ? `${plural(peers.known, 'peer')} known` : signersNote(signing)}
        />
        <LastBlock state={state} />
        <Figure
          label="Blocks pushed"
          meaning="Blocks pushed by the pool, in the whole history"
          value={formatCount(all.blocks)}
          note={`${formatCount(day.blocks)} in 24 hours`}
        />
        <Figure
          label="Delivered"
          meaning="Share of successful blocks among those with a verdict"
          value={all.successRate === undefined ? NONE : formatRate(all.successRate)}
          note={day.successRate === undefined ? 'none in 24 hours' : `${formatRate(day.successRate)} in 24 hours`}
        />
        <Figure
          label="Average broadcast"
          meaning="Time until the median proof by a peer, mean over all blocks"
          {...timeOf(all.averageBroadcastMs)}
          note={all.propagationMs === undefined ? 'no block yet' : `9 of 10 peers in ${formatMs(all.propagationMs)}`}
        />
        <Figure
          label="Network propagation"
          meaning="Time until half of the witnesses, peers that blockcast never sends a block to, had a block of the pool’s: mean over all blocks"
          {...timeOf(all.networkPropagationMs)}
          note={othersNote(status)}
        />
        <Figure
          label="To ChainLock"
          meaning="Time from a block’s arrival to its ChainLock, mean over the blocks whose ChainLock dashd announced"
          {...timeOf(all.chainLockMs)}
          note={all.delayedRate === undefined ? 'locks not known' : `${formatRate(all.delayedRate)} of blocks delayed`}
        />
        <Figure
          label="Orphaned"
          meaning="Share of orphaned blocks among those that are final"
          value={all.orphanRate === undefined ? NONE : formatRate(all.orphanRate)}
          note={finalityNote(status)}
        />
      </dl>
    </section>
  );
}

/** A figure large, its unit small. */
function timeOf(ms: number | undefined): Pick<FigureProps, 'value' | 'unit'> {
  const [value = NONE, ...units] = ms === undefined ? [] : formatMs(ms).split(' ');
  return { value, ...(units.length > 0 && { unit: units.join(' ') }) };
}

function othersNote({ witnesses }: StatusReply): string {
  if (witnesses === undefined) return 'no witnesses';
  const { medianMs } = witnesses.others;
  return medianMs === undefined
    ? `${plural(witnesses.connected, 'witness', 'witnesses')}`
    : `others’ blocks ${formatMs(medianMs)}`;
}

function signersNote({ connected, members }: QuorumState): string {
  return `${formatCount(connected)} of ${formatCount(members)} signers`;
}

function finalityNote({ kpis }: StatusReply): string {
  const { chainlocked, buried, pending } = kpis.all.finality;
  return `${formatCount(chainlocked + buried)} final, ${formatCount(pending)} not yet`;
}

function LastBlock({ state }: { readonly state: PageState }) {
  const now = useNow(1_000) + state.skewMs;
  const block = state.blocks[0];
  const age = block === undefined ? [NONE] : formatAge(now - block.receivedAt).split(' ');
  return (
    <Figure
      label="Last block"
      meaning="Time since the pool’s last block arrived"
      value={<Age parts={age} />}
      note={block === undefined ? 'none yet' : `ago, ${blockName(block)}`}
    />
  );
}

/** Figures large, their units small. */
function Age({ parts }: { readonly parts: readonly string[] }) {
  return (
    <>{parts.map((part, i) => (i % 2 === 0 ? `${i > 0 ? ' ' : ''}${part}` : <small key={part}> {part}</small>))}</>
  );
}
