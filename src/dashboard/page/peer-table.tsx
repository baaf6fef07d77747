/** The table of peers. A long one scrolls in its own frame below its head. */
import type { PeerView } from '../../contracts/view.js';
import { countryName, formatAgent, formatCount, formatMs } from '../model/format.js';
import type { PeerQuery, SortKey } from '../model/peer-list.js';
import { Name, None, ProofBar, rowClass, since, Tags } from './peer-parts.js';
import { ScoreButton } from './score.js';
import { useRowWindow } from './windowed.js';

export interface PeerListProps {
  /** Those to be listed, in this order. */
  readonly peers: readonly PeerView[];
  /** Of the relay. */
  readonly now: number;
  /** It scrolls by itself, and can be sorted. */
  readonly isLong: boolean;
  readonly query: PeerQuery;
  readonly onQuery: (query: PeerQuery) => void;
}

interface Column {
  readonly title: string;
  readonly sort?: SortKey;
  /** Figures. */
  readonly isNumber?: true;
  readonly meaning?: string;
}

const COLUMNS: readonly Column[] = [
  { title: 'Peer', sort: 'peer' },
  { title: 'Country', sort: 'country' },
  { title: 'Software' },
  { title: 'Connected', sort: 'since', isNumber: true },
  { title: 'Height', sort: 'height', isNumber: true },
  { title: 'Ping', sort: 'ping', isNumber: true, meaning: 'Round-trip time' },
  { title: 'Proof after', sort: 'proof', isNumber: true, meaning: 'Time from writing a block to its proof' },
  { title: 'Blocks proven', meaning: 'Results of the blocks pushed to this peer' },
  { title: 'Score', sort: 'score', isNumber: true },
];

/** Height of a row in app.css, with its border, CSS pixels. */
const ROW_PX = 34;

export function PeerTable(props: PeerListProps) {
  return props.isLong ? <LongTable {...props} /> : <Table {...props} />;
}

function LongTable(props: PeerListProps) {
  const { peers } = props;
  const { ref, first, end } = useRowWindow(peers.length, ROW_PX);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="rows-scroll peers-scroll" ref={ref} tabIndex={0} aria-label="Table of peers">
      <Table {...props} peers={peers.slice(first, end)} first={first} total={peers.length} />
    </section>
  );
}

interface TableProps extends PeerListProps {
  /** Which of all the first of `peers` is, and how many there are in all. */
  readonly first?: number;
  readonly total?: number;
}

function Table({ peers, now, isLong, query, onQuery, first = 0, total = peers.length }: TableProps) {
  return (
    <table class="peers" {...(isLong && { 'aria-rowcount': total + 1 })}>
      <thead>
        <tr>
          {COLUMNS.map((column) => (
            <Head key={column.title} column={column} canSort={isLong} query={query} onQuery={onQuery} />
          ))}
        </tr>
      </thead>
      <tbody>
        <Gap rows={first} />
        {peers.map((peer, i) => (
          <Row key={peer.peer} peer={peer} now={now} index={isLong ? first + i + 2 : undefined} />
        ))}
        <Gap rows={total - first - peers.length} />
      </tbody>
    </table>
  );
}

interface HeadProps extends Pick<PeerListProps, 'query' | 'onQuery'> {
  readonly column: Column;
  readonly canSort: boolean;
}

function Head({ column: { title, sort, isNumber, meaning }, canSort, query, onQuery }: HeadProps) {
  const isSorted = canSort && query.sort === sort;
  const direction = query.descending ? 'descending' : 'ascending';
  const numeric = isNumber === true ? 'num' : undefined;
  if (!canSort || sort === undefined) {
    return (
      <th scope="col" class={numeric} title={meaning}>
        {title}
      </th>
    );
  }
  // The first click sorts as one mostly wants it: the highest score, but the lowest ping.
  const descending = isSorted ? !query.descending : sort === 'score' || sort === 'height';
  return (
    <th scope="col" class={numeric} title={meaning} aria-sort={isSorted ? direction : 'none'}>
      <button type="button" class="sort" onClick={() => onQuery({ ...query, sort, descending })}>
        {title}
        <span class="sort-mark" aria-hidden="true">
          {isSorted ? (query.descending ? '▾' : '▴') : ''}
        </span>
      </button>
    </th>
  );
}

/** Stands for rows that are not in the document. */
function Gap({ rows }: { readonly rows: number }) {
  if (rows <= 0) return null;
  return (
    <tr class="gap">
      <td aria-hidden="true" colSpan={COLUMNS.length} style={{ height: `${rows * ROW_PX}px` }} />
    </tr>
  );
}

interface RowProps {
  readonly peer: PeerView;
  readonly now: number;
  /** Its number in the whole table, for screen readers, where not all rows are in the document. */
  readonly index: number | undefined;
}

function Row({ peer, now, index }: RowProps) {
  return (
    <tr class={rowClass(peer)} {...(index !== undefined && { 'aria-rowindex': index })}>
      <th scope="row">
        <Name peer={peer} /> <Tags peer={peer} />
      </th>
      <td>{countryName(peer.country) ?? <None />}</td>
      <td class="agent">{peer.userAgent === undefined ? <None /> : formatAgent(peer.userAgent)}</td>
      <td class="num">{since(peer, now)}</td>
      <td class="num">{peer.height === undefined ? <None /> : formatCount(peer.height)}</td>
      <td class="num">{peer.pingMs === undefined ? <None /> : formatMs(peer.pingMs)}</td>
      <td class="num">{peer.blocks.proofMs === undefined ? <None /> : formatMs(peer.blocks.proofMs)}</td>
      <td>
        <ProofBar blocks={peer.blocks} />
      </td>
      <td class="num">
        <ScoreButton peer={peer} />
      </td>
    </tr>
  );
}
