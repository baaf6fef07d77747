import type {
  DashdRow,
  FirstBlock,
  Flooded,
  Idle,
  MatrixRow,
  OptionalRow,
  Results,
  Scale,
  Stalled,
  Uplink,
  Watched,
} from './results.js';
import type { Summary } from './stats.js';

const METHOD =
  'One contender runs at a time, the others are stopped. It has half of the cores; the pool and the receivers, which represent separate hosts, have the rest.';

/** The results as Markdown. Compare the ratios: the times depend on the machine and its other load. */
export function report(results: Results): string {
  const {
    machine,
    at,
    quick,
    refusals,
    matrix,
    scale,
    uplink,
    first,
    stalled,
    dashd,
    watched,
    flooded,
    optional,
    idle,
  } = results;
  const parts = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}, Node ${machine.node}, ${at}${quick ? ' (quick run)' : ''}`,
    [METHOD, ...(refusals.length === 0 ? [] : [`Exceptions in this run: ${refusals.join('; ')}.`])].join(' '),
    ...(matrix.length > 0 ? [matrixTable(matrix)] : []),
    ...(scale === undefined ? [] : scaleTables(scale)),
    ...(uplink === undefined ? [] : [uplinkTable(uplink)]),
    ...(first === undefined ? [] : [firstTable(first)]),
    ...(stalled === undefined ? [] : [stalledTable(stalled)]),
    ...(dashd === undefined ? [] : [dashdTable(dashd)]),
    ...(watched === undefined ? [] : [watchedTable(watched)]),
    ...(flooded === undefined ? [] : [floodedTable(flooded)]),
    ...(optional === undefined ? [] : [optionalTable(optional)]),
    ...(idle === undefined ? [] : idleTables(idle)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function matrixTable(rows: readonly MatrixRow[]): string {
  return table(
    'From PUSH to the last peer’s last byte, p50 / p99 in ms',
    ['block', 'peers', 'blocks', 'floor', 'relay', 'naive', 'relay ÷ floor', 'naive ÷ relay'],
    rows.map(({ size, peers, floor, relay, naive }) => [
      bytes(size),
      String(peers),
      String(relay.count),
      pair(floor.p50, floor.p99),
      pair(relay.p50, relay.p99),
      pair(naive.p50, naive.p99),
      ratios(relay, floor),
      ratios(naive, relay),
    ]),
  );
}

function scaleTables({ rows, crowds }: Scale): string[] {
  const [fewest] = crowds;
  const perPeer = (bytesOf: (crowd: Scale['crowds'][number]) => number, crowd: Scale['crowds'][number]) =>
    fewest === undefined || fewest === crowd
      ? ''
      : `${((bytesOf(crowd) - bytesOf(fewest)) / (crowd.peers - fewest.peers) / 1_000).toFixed(0)} KB`;
  const microseconds = ({ form, size, peers, relay }: Scale['rows'][number]) => {
    const base = rows.find((one) => one.form === form && one.size === size && one.peers < peers);
    return base === undefined ? '' : (((relay.p50 - base.relay.p50) * 1_000) / (peers - base.peers)).toFixed(1);
  };
  return [
    table(
      'Up to 1,350 peers, from PUSH to the last peer’s last byte, p50 / p99 in ms; µs for each peer more than in the first row of its form',
      [
        'block',
        'sent as',
        'peers',
        'blocks',
        'floor',
        'forward',
        'relay',
        'relay ÷ floor',
        'relay ÷ forward',
        'µs a peer',
      ],
      rows.map((row) => [
        bytes(row.size),
        `${row.form}, ${bytes(row.sentBytes)}`,
        String(row.peers),
        String(row.relay.count),
        pair(row.floor.p50, row.floor.p99),
        row.forward === undefined ? '' : pair(row.forward.p50, row.forward.p99),
        pair(row.relay.p50, row.relay.p99),
        ratios(row.relay, row.floor),
        row.forward === undefined ? '' : ratios(row.relay, row.forward),
        microseconds(row),
      ]),
    ),
    ...(crowds.length === 0
      ? []
      : [
          table(
            'An idle relay with many connections, its memory before and after blocks of 15 KB, and the longest that its event loop was blocked meanwhile',
            [
              'peers',
              'of one core',
              'memory',
              'a connection',
              'after blocks',
              'a connection',
              'event loop blocked, max',
            ],
            crowds.map((crowd) => [
              String(crowd.peers),
              `${(crowd.load * 100).toFixed(2)} %`,
              bytes(crowd.memory),
              perPeer(({ memory }) => memory, crowd),
              bytes(crowd.memoryAfter),
              perPeer(({ memoryAfter }) => memoryAfter, crowd),
              `${ms(crowd.heldMs)} ms`,
            ]),
          ),
        ]),
  ];
}

const SENT_AS = {
  floor: 'whole, in one turn',
  relay: 'compact, in one turn',
  paced: 'compact, at the speed of the uplink',
} as const;

function uplinkTable({ size, mbit, roundTripMs, rows }: Uplink): string {
  const whole = rows.find(({ name }) => name === 'floor');
  return table(
    `${bytes(size)} over an uplink of ${mbit} Mbit/s and ${roundTripMs} ms round trip, made in user space (bench/shared-uplink.ts), from PUSH to the last byte of the first and of the last peer, p50 in ms`,
    ['sent', 'peers', 'blocks', 'first', 'last', 'last, times sooner than whole'],
    rows.map(({ name, peers, first, last }) => [
      SENT_AS[name],
      String(peers),
      String(last.count),
      ms(first.p50),
      ms(last.p50),
      whole === undefined || whole.peers !== peers ? '' : (whole.last.p50 / last.p50).toFixed(1),
    ]),
  );
}

function firstTable({ size, peers, starts, relay, floor }: FirstBlock): string {
  const line = (name: string, { first, hundredth }: FirstBlock['relay']) => [
    name,
    ms(first),
    ms(hundredth),
    ratio(first, hundredth),
  ];
  return table(
    `The first block after start and the hundredth, ${bytes(size)} to ${peers} peers, medians of ${starts} starts in ms`,
    ['', 'first', 'hundredth', 'first ÷ hundredth'],
    [line('relay', relay), line('floor', floor)],
  );
}

function stalledTable({ size, peers, without, with: stalled }: Stalled): string {
  const line = (name: string, a: Stalled['with']['submit'], b: Stalled['with']['submit']) => [
    name,
    pair(a.p50, a.p99),
    pair(b.p50, b.p99),
    ratio(b.p50, a.p50),
  ];
  return table(
    `${bytes(size)} to ${peers} peers that read, without and with one that does not, p50 / p99 in ms`,
    ['', 'without', 'with', 'with ÷ without (p50)'],
    [
      line('the others’ last byte', without.lastByte, stalled.lastByte),
      line('submitblock’s last byte', without.submit, stalled.submit),
    ],
  );
}

function dashdTable(rows: readonly DashdRow[]): string {
  return table(
    'dashd alone (submitblock, then its peers fetch) against the relay, p50 / p99 in ms',
    ['block', 'peers', 'blocks', 'dashd alone', 'relay', 'dashd ÷ relay (p50)'],
    rows.map(({ size, peers, dashd, relay }) => [
      bytes(size),
      String(peers),
      String(dashd.count),
      pair(dashd.p50, dashd.p99),
      pair(relay.p50, relay.p99),
      ratio(dashd.p50, relay.p50),
    ]),
  );
}

function watchedTable({ size, peers, rows }: Watched): string {
  const [alone] = rows;
  return table(
    `Monitoring overhead: ${bytes(size)} to ${peers} peers, to the last byte, p50 / p99 in ms`,
    ['', 'blocks', 'relay', '÷ no monitoring (p50 / p99)', 'requests per second'],
    rows.map(({ name, lastByte, requestsPerSecond }) => [
      name,
      String(lastByte.count),
      pair(lastByte.p50, lastByte.p99),
      alone === undefined ? '' : ratios(lastByte, alone.lastByte),
      requestsPerSecond === undefined ? '' : requestsPerSecond.toFixed(0),
    ]),
  );
}

function idleTables({ size, peers, seconds, alone, watched, starts, pauses }: Idle): string[] {
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  const cost = (name: string, { wallMs, cpuMs }: Idle['starts']['node']) => [
    name,
    ms(wallMs),
    ms(cpuMs),
    ratio(wallMs, starts.node.wallMs),
    ratio(cpuMs, starts.node.cpuMs),
  ];
  const pause = (name: string, { first, hundredth }: FirstBlock['relay']) => [
    name,
    ms(first),
    ms(hundredth),
    ratio(first, hundredth),
  ];
  return [
    table(
      `An idle relay with ${peers} peers, over ${seconds.toFixed(0)} s`,
      ['', 'of one core'],
      [
        ['no monitoring', percent(alone)],
        ['one open page', percent(watched)],
      ],
    ),
    table(
      `The start, medians of ${starts.count} in ms`,
      ['', 'wall', 'CPU', 'wall ÷ Node', 'CPU ÷ Node'],
      [
        cost('Node alone', starts.node),
        cost('to the pool socket', starts.bound),
        cost('until it is read', starts.reading),
      ],
    ),
    table(
      `The first block after ${pauses.pauseSeconds} s without one and the hundredth, ${bytes(size)} to ${peers} peers, medians of ${pauses.rounds} pauses in ms`,
      ['', 'first', 'hundredth', 'first ÷ hundredth'],
      [pause('relay', pauses.relay), pause('floor', pauses.floor)],
    ),
  ];
}

const OPTIONAL = {
  spool: 'the spool',
  reasons: 'witnesses, learned choice, locks, anatomy',
} as const;

function optionalTable(rows: readonly OptionalRow[]): string {
  return table(
    'What can be turned off, to the last byte, p50 / p99 in ms; the relays take turns block by block',
    ['', 'block', 'peers', 'blocks', 'off', 'on', 'on ÷ off'],
    rows.map(({ what, size, peers, off, on }) => [
      OPTIONAL[what],
      bytes(size),
      String(peers),
      String(on.count),
      pair(off.p50, off.p99),
      pair(on.p50, on.p99),
      ratios(on, off),
    ]),
  );
}

function floodedTable({ size, peers, strangers, rows }: Flooded): string {
  return table(
    `Floods: ${bytes(size)} to ${peers} peers that behave, pushed when some of ${strangers} others start to flood, to the last byte, in ms`,
    ['peers that flood', 'blocks', 'p50', 'p99', 'max', 'event loop blocked, max', 'its own work, max', 'peers lost'],
    rows.map(({ flooders, lastByte, heldMs, workedMs, lost }) => [
      flooders === 0 ? 'none (floor)' : String(flooders),
      String(lastByte.count),
      ms(lastByte.p50),
      ms(lastByte.p99),
      ms(lastByte.max),
      ms(heldMs),
      workedMs === undefined ? 'unknown' : ms(workedMs),
      Object.entries(lost)
        .map(([code, count]) => `${count} ${code}`)
        .join(', '),
    ]),
  );
}

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [`**${title}**`, '', line(head), line(rule), ...rows.map(line)].join('\n');
}

function pair(p50: number, p99: number): string {
  return `${ms(p50)} / ${ms(p99)}`;
}

/** At most three significant digits and two decimals. */
function ms(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function ratios(of: Summary, to: Summary): string {
  return `${ratio(of.p50, to.p50)} / ${ratio(of.p99, to.p99)}`;
}

function ratio(of: number, to: number): string {
  return (of / to).toFixed(2);
}

function bytes(size: number): string {
  if (size >= 1_000_000) return `${round(size / 1_000_000)} MB`;
  return size >= 1_000 ? `${round(size / 1_000)} KB` : `${size} B`;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
