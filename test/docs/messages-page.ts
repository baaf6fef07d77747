/** docs/messages.md as a whole, made of the catalogue of messages (src/messages/). */
import { EXIT } from '../../src/cli/context.js';
import { SERVICE_NAMES, SERVICES, type ServiceCode } from '../../src/contracts/services.js';
import { COURSE, FACTS, SENDING } from '../../src/messages/alerts.js';
import { DOUBTS, NOTES, REFUSAL_DETAILS, REFUSALS, VERDICT } from '../../src/messages/blocks.js';
import { CLUSTER, CLUSTER_COMMANDS, CLUSTER_GIVEN_UP, CLUSTER_RIGHTS } from '../../src/messages/cluster.js';
import {
  COMMAND_ERRORS,
  COMMAND_NOTES,
  EDIT_OUTCOMES,
  EXIT_MEANINGS,
  OPEN_FILES,
} from '../../src/messages/commands.js';
import {
  ADDRESS_PROBLEMS,
  CONFIG_ERROR,
  DID_YOU_MEAN,
  EXPECTED,
  GIVE,
  PROBLEMS,
  RULES,
  SOURCES,
  UNREADABLE,
  WARNINGS,
} from '../../src/messages/configuration.js';
import { CHAIN, FEED, FINALITY, LOCKS, RPC } from '../../src/messages/dashd.js';
import { EVENT_MESSAGES, EVENT_PARTS, FINALITY_ENDS, LOCK_ENDS, PROPAGATION } from '../../src/messages/events.js';
import { ANATOMY_REPLIES, HTTP, READINESS, REPLIES } from '../../src/messages/http.js';
import type { Message } from '../../src/messages/message.js';
import {
  BARRED,
  CONNECT,
  DISCONNECT,
  KEEP,
  PEERS,
  SCORE,
  SECOND_VERSION,
  SESSION,
  UNFIT,
} from '../../src/messages/peers.js';
import { LOG, PROGRAM_MESSAGES, UNKNOWN_ERROR } from '../../src/messages/program.js';
import { PROXY, PROXY_REPLY, SUBMISSIONS } from '../../src/messages/proxy.js';
import { PUSH_FORM, PUSH_PLACE, PUSH_RANK } from '../../src/messages/push-plan.js';
import {
  QUORUM_CONNECT,
  QUORUM_DISCONNECT,
  QUORUM_SKIP,
  QUORUM_STANDING,
  QUORUMS,
} from '../../src/messages/quorums.js';
import { SERVICE_LINE, SERVICE_MESSAGES } from '../../src/messages/services.js';
import { ONE_OF, SCENARIO_VALUES, SCENARIOS } from '../../src/messages/simulation.js';
import { CONTROL_SOCKET, ZMQ_SOCKET } from '../../src/messages/sockets.js';
import {
  FILE_FAULTS,
  HISTORY_FILE,
  KEPT,
  PEER_BOOK,
  PEER_FILE,
  SET_ASIDE,
  SPOOL,
  SPOOLED,
  TOO_MANY_FILES,
} from '../../src/messages/storage.js';
import { SOCKS_REPLIES, TOR } from '../../src/messages/tor.js';
import { WITNESS_CHOSEN, WITNESS_EXPLAINED, WITNESS_LOST } from '../../src/messages/witnesses.js';
import { CONDITIONS } from '../../src/ops/alerts/conditions.js';

export const PATH = 'docs/messages.md';

export const escaped = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ⏎ ');

/** A table with columns as wide as their widest cell. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map(escaped));
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const [first = [], ...others] = cells;
  return [line(first), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...others.map(line)].join('\n');
}

function messages(entries: Readonly<Record<string, Message>>): string {
  return table(
    ['Code', 'Level', 'Text', 'What to do'],
    Object.entries(entries).map(([code, { level, text, action = 'Nothing.' }]) => [
      `\`${code}\``,
      level,
      `\`${text}\``,
      action,
    ]),
  );
}

type Texts = Readonly<Record<string, string>>;

/** Texts by the codes with which they are shown. */
function codes(...tables: readonly Texts[]): string {
  return listed('Code', tables);
}

/** Texts by their names in the catalogue, which are not shown. */
function texts(...tables: readonly Texts[]): string {
  return listed('Name', tables);
}

function listed(head: string, tables: readonly Texts[]): string {
  const rows = tables.flatMap((entries) => Object.entries(entries));
  return table(
    [head, 'Text'],
    rows.map(([name, text]) => [`\`${name}\``, `\`${text}\``]),
  );
}

/** Errors with what to do. */
function faults(entries: Readonly<Record<string, { readonly problem: string; readonly remedy: string }>>): string {
  return table(
    ['Code', 'Text', 'What to do'],
    Object.entries(entries).map(([code, { problem, remedy }]) => [`\`${code}\``, `\`${problem}\``, remedy]),
  );
}

const SOCKETS = ZMQ_SOCKET;
/** The texts that `{detail}` stands for. */
const DETAILS: Readonly<Record<ServiceCode, readonly Readonly<Record<string, string>>[]>> = {
  'pool-socket': [],
  'events-socket': [],
  'dashd-feed': [FEED],
  'dashd-rpc': [RPC, FINALITY, LOCKS],
  'dashd-chain': [CHAIN],
  peers: [PEERS],
  quorums: [QUORUMS],
  tor: [TOR, SOCKS_REPLIES],
  'peer-file': [PEER_FILE],
  'history-file': [HISTORY_FILE],
  spool: [SPOOL],
  'json-rpc-proxy': [PROXY],
  http: [HTTP],
  alerts: [],
  cluster: [CLUSTER],
  'control-socket': [CONTROL_SOCKET],
};

function services(): string {
  return SERVICES.filter((service) => Object.keys(SERVICE_MESSAGES[service]).length > 0)
    .map((service) => {
      const rows = Object.entries(SERVICE_MESSAGES[service]).map(([code, { level, meaning, action }]) => [
        `\`${code}\``,
        level,
        meaning,
        action,
      ]);
      const details = DETAILS[service].length === 0 ? [] : ['Details:', texts(...DETAILS[service])];
      return [
        `### ${SERVICE_NAMES[service]}`,
        `\`${service}\` in events, metrics and the API.`,
        table(['Code', 'Level', 'Meaning', 'What to do'], rows),
        ...details,
      ].join('\n\n');
    })
    .join('\n\n');
}

function alerts(): string {
  return table(
    ['Code', 'Severity', 'Title', 'When', 'What to do'],
    Object.entries(CONDITIONS).map(([id, { severity, title, raised, remedy }]) => [
      `\`${id}\``,
      severity,
      title,
      raised,
      remedy,
    ]),
  );
}

export function page(): string {
  return `# Messages

Every message that an operator can see. This page is generated (\`npm run docs\`) from \`src/messages/\`, the tables that the messages themselves are made of.

- \`{braces}\` stand for a value; what is in \`[square brackets]\` is left out where there is nothing to say.
- Levels: \`critical\`: blocks are at risk now. \`error\`: something failed and does not mend itself. \`warn\`: something is degraded. \`info\`: what you want to see once. \`debug\`: the rest.
- With \`log.format\` \`json\` a line has the whole event in \`event\`.
- The same loss of the same peer is logged at \`debug\` for 10 minutes. Of refused frames, and of faults with the same code, ten lines a minute are logged, the others counted.
- A code is shown with its message; a name only identifies a text on this page and in the code.
- Tables without the column "What to do" say it in the text, or the table before them does.

## Blocks, peers and the chain

${messages(EVENT_MESSAGES)}

Parts of these lines:

${texts(EVENT_PARTS, FINALITY_ENDS, PROPAGATION, LOCK_ENDS)}

### Refused frames

\`{code}: {reason}\` of \`refused\`. Correct what the pool sends: one serialised block, as bytes or as hex digits.

${codes(REFUSALS)}

Other texts of these codes:

${texts(REFUSAL_DETAILS)}

\`{note}\` of \`received\`:

${texts(NOTES)}

### Doubts

\`{held}\` of \`received\`: why peers are sent a block only after dashd has accepted it. Nothing is to be done unless dashd rejects the block.

${texts(DOUBTS)}

### Verdicts

\`{reason}\` of \`delivered\`, \`undelivered\` and \`rejected\`.

${texts(VERDICT)}

### Lost peers

\`{code}: {reason}\` of \`peer-lost\`, \`peer-not-reached\`, \`dashd-lost\` and \`dashd-not-reached\`. Other peers replace a lost peer. If many are lost with the same code, see [peers.md](peers.md).

${codes(SESSION, { 'out-of-order': SECOND_VERSION })}

### Chosen peers

Why a peer is connected to (\`plan\`):

${codes(CONNECT)}

Why a peer is left:

${codes(DISCONNECT)}

Why a connection stays:

${codes(KEEP)}

Why a peer is not dialled (\`{skipped}\`, and \`blockcast peers explain\`), or not worth its slot:

${codes(BARRED, UNFIT)}

The terms of a score (\`blockcast peers explain\`):

${codes(SCORE)}

### The plan of a push

\`blockcast peers explain\` says of a connected peer: \`${PUSH_PLACE}\`.

Why a peer is sent a block before or after others:

${codes(PUSH_RANK)}

Why a block beyond a size is sent to it in compact form, or whole:

${codes(PUSH_FORM)}

## Quorum connections

Why a member of a ChainLock quorum is connected to:

${codes(QUORUM_CONNECT)}

Why a connection to a member is given up:

${codes(QUORUM_DISCONNECT)}

Why a member gets no new connection:

${codes(QUORUM_SKIP)}

What \`blockcast peers explain\` says of a member:

${codes(QUORUM_STANDING)}

## Witnesses

Why a peer is a witness, as the \`{reason}\` of \`witness-connected\`:

${texts({ chosen: WITNESS_CHOSEN })}

\`blockcast peers explain\` says of a witness: \`${WITNESS_EXPLAINED}\`.

Why it is no longer one: \`{reason}\` of \`witness-lost\` and \`witness-replaced\` ([witnesses.md](witnesses.md)).

${codes(WITNESS_LOST)}

## Services

The line is \`${SERVICE_LINE.text}\`. The state is \`up\` (level \`info\`), \`down\`, or \`fault\` (it happened once, and the service goes on). A code that is not listed is an error code of the system, at level \`warn\`.

${services()}

### Sockets

Details of the pool socket, the events socket and dashd's feed:

${texts(SOCKETS)}

### Files

Details of the peer file, the block history and the spool:

${codes(FILE_FAULTS, { 'io-error': TOO_MANY_FILES })}

Parts of these details:

${texts(KEPT, SET_ASIDE, PEER_BOOK, SPOOLED)}

## The program

${messages(PROGRAM_MESSAGES)}

Parts of these lines, and of others:

${texts(LOG, { 'unknown-error': UNKNOWN_ERROR })}

## Alerts

Sent to the channels that are configured: [alerts.md](alerts.md). Steps for each are in [operations.md](operations.md).

${alerts()}

What happened; the first line of an alert:

${texts(FACTS)}

Other lines of an alert:

${texts(COURSE)}

\`{detail}\` of \`alert-sent\` and \`alert-not-sent\`, and what \`blockcast alerts test\` prints:

${texts(SENDING)}

## HTTP replies

The body of an error reply is \`{"error": …, "remedy": …}\`. Other errors of a client have the name of their status, and no remedy.

${table(
  ['Status', 'Error', 'What to do'],
  [...Object.values(REPLIES), ...Object.values(ANATOMY_REPLIES)].map((reply) => [
    String(reply.status),
    `\`${reply.error}\``,
    'remedy' in reply ? reply.remedy : 'Nothing.',
  ]),
)}

\`notReady\` and \`degraded\` of \`/readyz\` and \`/api/v1/status\`; the alert for the same condition says what to do:

${texts(READINESS)}

## Replies of the JSON-RPC proxy

When dashd does not answer, or the proxy rejects the request, the caller gets a JSON-RPC error with the code -32603 and the message \`${PROXY_REPLY}\`. \`{fault}\` is one of the details of the [JSON-RPC proxy](#json-rpc-proxy).

${texts(SUBMISSIONS)}

## Configuration errors

A configuration that is wrong is reported whole, on standard error, before anything is opened; the exit code is ${EXIT.failed}, or ${EXIT.usage} for \`submit\`, \`peers\` and \`alerts test\`. Each line says which setting is wrong, where it was set, and what to write instead: \`error: ${CONFIG_ERROR}\`.

Files and names; for a misspelt name the remedy is \`${DID_YOU_MEAN}\`:

${faults(SOURCES)}

\`{reason}\` of \`unreadable\`, if it is not a code of the system:

${texts(UNREADABLE)}

Settings that do not fit together:

${faults(RULES)}

Values; the remedy is \`${GIVE}\`:

${texts(PROBLEMS, ADDRESS_PROBLEMS)}

\`{expected}\`:

${texts(EXPECTED)}

Warnings:

${texts(WARNINGS)}

## Scenario errors

A scenario of \`blockcast simulate\` that is wrong is reported whole, in the same form; the exit code is ${EXIT.usage}. For a name that does not exist, the remedy is \`${DID_YOU_MEAN}\` or \`${ONE_OF}\`. What is wrong with the syntax of a file is said as of a configuration file.

${faults(SCENARIOS)}

\`{expected}\`:

${texts(SCENARIO_VALUES)}

## Commands

Errors are printed on standard error, after \`error:\`, and say what to do.

${texts(COMMAND_ERRORS, OPEN_FILES, CLUSTER_COMMANDS, CLUSTER_GIVEN_UP, CLUSTER_RIGHTS)}

Notes and results:

${texts(COMMAND_NOTES)}

What \`blockcast peers add\` and \`remove\` print for a peer; other codes are those of refused addresses: [operations.md](operations.md).

${table(
  ['Code', 'Meaning'],
  Object.entries(EDIT_OUTCOMES).map(([code, meaning]) => [`\`${code}\``, meaning]),
)}

### Exit codes

${table(
  ['Code', 'Meaning'],
  Object.entries(EXIT).map(([name, code]) => [String(code), EXIT_MEANINGS[name as keyof typeof EXIT]]),
)}

A second signal while it shuts down, half a second or more after the first, ends the process at once, with 128 and the signal's number.
`;
}
