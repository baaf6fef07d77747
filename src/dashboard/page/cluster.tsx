/** The relays of the cluster, and the shown block at the peers of all of them. */
import { useEffect, useState } from 'preact/hooks';
import type { BlockSummary, ClusterReply } from '../../contracts/api.js';
import type { ClusterBlock, ClusterPart, ClusterProof, ClusterRelay } from '../../contracts/cluster.js';
import { type ClusterCurve, cameText, clusterCurves, clusterText, heardText } from '../model/cluster.js';
import { blockName, formatCount, plain, plural } from '../model/format.js';
import { outcomeLabel } from '../model/labels.js';
import { type Axis, axisFor } from '../model/race.js';
import type { GroupName } from '../model/race-groups.js';
import { getCluster, getClusterRace, HttpError } from './api.js';
import { useNow } from './hooks.js';
import { Badge } from './icons.js';
import { CurveRow } from './race-groups.js';
import { AxisRow } from './race-rows.js';

export interface ClusterProps {
  /** The shown one. */
  readonly block: BlockSummary | undefined;
  readonly skewMs: number;
}

/** The other relays' records come without an event of this relay's. */
const POLL_MS = 5_000;

interface Known {
  readonly reply: ClusterReply;
  /** Of the shown block; undefined where no relay has a record of it. */
  readonly race: readonly ClusterProof[] | undefined;
  readonly hash: string | undefined;
}

async function raceOf(hash: string | undefined): Promise<readonly ClusterProof[] | undefined> {
  if (hash === undefined) return undefined;
  try {
    return (await getClusterRace(hash)).race;
  } catch (error) {
    if (error instanceof HttpError && error.status === 404) return undefined;
    throw error;
  }
}

/** @returns undefined until it is known; while the relay does not answer, what was known last: the head of the page says so */
function useCluster(block: BlockSummary | undefined): Known | undefined {
  const [known, setKnown] = useState<Known | undefined>(undefined);
  const hash = block?.hash;
  const stage = block?.verdict?.peersReached;
  useEffect(() => {
    let isWanted = true;
    const look = async (): Promise<void> => {
      const [reply, race] = await Promise.all([getCluster(), raceOf(hash)]);
      if (isWanted) setKnown({ reply, race, hash });
    };
    // While the relay does not answer, the head of the page says so.
    const ask = () => void look().catch(() => undefined);
    ask();
    const polling = setInterval(ask, POLL_MS);
    return () => {
      isWanted = false;
      clearInterval(polling);
    };
  }, [hash, stage]);
  return known;
}

export function ClusterPanel({ block, skewMs }: ClusterProps) {
  const known = useCluster(block);
  const now = useNow(1_000) + skewMs;
  const record = known?.reply.blocks.find(({ hash }) => hash === block?.hash);
  const race = known?.hash === block?.hash ? known?.race : undefined;
  return (
    <section class="card cluster-card" aria-labelledby="cluster-title">
      <div class="card-head">
        <h2 id="cluster-title">The relays as one</h2>
        {known !== undefined && <p class="aside">{clusterText(known.reply)}</p>}
      </div>
      {known === undefined ? (
        <p class="empty">Loading…</p>
      ) : (
        <ul class="relays">
          {known.reply.relays.map((relay) => (
            <Relay
              key={relay.relay}
              relay={relay}
              part={record?.relays.find((part) => part.relay === relay.relay)}
              now={now}
            />
          ))}
        </ul>
      )}
      {block !== undefined && known !== undefined && <AtAll block={block} record={record} race={race} />}
    </section>
  );
}

interface RelayProps {
  readonly relay: ClusterRelay;
  /** In the shown block's delivery. */
  readonly part: ClusterPart | undefined;
  readonly now: number;
}

function Relay({ relay: { relay, self, version, heardAt, peers }, part, now }: RelayProps) {
  return (
    <li class={`relay${self ? ' is-self' : ''}`}>
      <h3>
        {plain(relay)}
        {self && <span class="tag">this relay</span>}
      </h3>
      <p>
        {plural(peers, 'peer')}, {plain(version)}
        {!self && `, ${heardText(heardAt, now)}`}
      </p>
      {part !== undefined && (
        <p class="relay-part">
          <Badge {...outcomeLabel(part, false)} /> {cameText(part)}, {formatCount(part.reached)} of{' '}
          {formatCount(part.tried)}
        </p>
      )}
    </li>
  );
}

interface AtAllProps {
  readonly block: BlockSummary;
  readonly record: ClusterBlock | undefined;
  readonly race: readonly ClusterProof[] | undefined;
}

function AtAll({ block, record, race }: AtAllProps) {
  if (record === undefined || race === undefined) {
    return <p class="facts">No relay has a record of block {blockName(block)} yet.</p>;
  }
  const curves = clusterCurves(race);
  const axis = axisFor(curves.flatMap(({ times }) => times));
  return (
    <>
      <p class="facts">
        Block {blockName(block)}: {formatCount(record.reached)} of {plural(record.tried, 'peer')} have it, each counted
        once; times since the first relay had it
        {record.sentTwice > 0 && `; ${formatCount(record.sentTwice)} were sent it by two relays`}
      </p>
      <div class="race race-groups">
        <AxisRow axis={axis} />
        <ul>
          {curves.map((curve) => (
            <Row key={`${curve.kind} ${curve.name}`} curve={curve} axis={axis} />
          ))}
        </ul>
      </div>
    </>
  );
}

const LOOKS: Readonly<Record<ClusterCurve['kind'], GroupName>> = {
  all: 'members',
  signers: 'signers',
  relay: 'others',
};

function Row({ curve, axis }: { readonly curve: ClusterCurve; readonly axis: Axis }) {
  const { kind, name } = curve;
  const titles = { all: 'All relays', signers: 'Signers', relay: plain(name) };
  const meanings = {
    all: 'The peers of all relays, each once',
    signers: 'Members of the quorum that signs the ChainLock of this block, at any relay',
    relay: `The peers of ${plain(name)}`,
  };
  return (
    <CurveRow
      name={LOOKS[kind]}
      title={titles[kind]}
      meaning={meanings[kind]}
      curve={curve}
      axis={axis}
      elapsedMs={undefined}
    />
  );
}
