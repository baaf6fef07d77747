/** `blockcast cluster`: looks at the NATS servers of a cluster with the credentials of this relay, and makes the streams with those of an operator. */
import { type NatsDesk, openDesk, type StreamAnswer } from '../adapters/nats-streams.js';
import { decodeBlockNews, decodeRelayNews, MIN_PAYLOAD_BYTES } from '../cluster/messages.js';
import { Pictures } from '../cluster/picture.js';
import { streamPlans } from '../cluster/stream-plans.js';
import { parseSubject, streamNames } from '../cluster/subjects.js';
import type { Config } from '../config/config.js';
import type { RelayNews } from '../contracts/cluster.js';
import { CLUSTER_COMMANDS } from '../messages/cluster.js';
import { fill } from '../messages/fill.js';
import { HOUR_MS, SECOND_MS } from '../time.js';
import { type CliContext, EXIT, printError } from './context.js';

type Output = Pick<CliContext, 'stdout' | 'stderr'>;
type ClusterConfig = NonNullable<Config['cluster']>;

const RECORDS_MS = 24 * HOUR_MS;
const SHOWN_BLOCKS = 5;
const CONNECT_SECONDS = 5;

/** Prints the server, the streams, the relays and the last blocks. @returns the exit code: not 0 when a block of 2 MB would not pass, or not be stored */
export async function clusterStatus(config: Config, output: Output): Promise<number> {
  return await atServers(config, output, async (desk, cluster) => {
    const { server, version, roundTripMs: ms, maxPayload: max } = desk;
    const print = (text: string) => output.stdout.write(`${text}\n`);
    print(fill(CLUSTER_COMMANDS.server, { server, version, ms, max }));
    const isLarge = max >= MIN_PAYLOAD_BYTES;
    if (!isLarge) printError(output, CLUSTER_COMMANDS['too-small']);
    const { blocks, state } = streamNames(cluster.name);
    const streams = [await desk.look(blocks), await desk.look(state)];
    for (const stream of streams) print(streamLine(stream));
    const areThere = streams.every(({ ok }) => ok);
    if (areThere) for (const line of await stateLines(desk, cluster, state)) print(line);
    return isLarge && areThere ? EXIT.ok : EXIT.failed;
  });
}

/** Makes the streams, or changes them to be as this version wants them. @param replicas copies of each, on as many servers */
export async function clusterSetup(config: Config, replicas: number | undefined, output: Output): Promise<number> {
  return await atServers(config, output, async (desk, { name, servers }) => {
    const copies = replicas ?? Math.min(MAX_COPIES, servers.length);
    let code: number = EXIT.ok;
    for (const plan of streamPlans(name)) {
      const made = await desk.make(plan, copies);
      if (made.ok) output.stdout.write(`${fill(CLUSTER_COMMANDS.created, { name: plan.name, replicas: copies })}\n`);
      else code = printError(output, fill(CLUSTER_COMMANDS['not-created'], { name: plan.name, detail: made.detail }));
    }
    return code;
  });
}

/** More copies cost each store a round trip more, and survive no likelier fault. */
const MAX_COPIES = 3;

async function atServers(
  { cluster }: Config,
  output: Output,
  act: (desk: NatsDesk, cluster: ClusterConfig) => Promise<number>,
): Promise<number> {
  if (cluster === undefined) return printError(output, CLUSTER_COMMANDS.off, EXIT.usage);
  let desk: NatsDesk;
  try {
    desk = await openDesk({ ...cluster, client: `blockcast ${cluster.relay} cli` });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return printError(output, fill(CLUSTER_COMMANDS['no-answer'], { seconds: CONNECT_SECONDS, detail }), EXIT.noAnswer);
  }
  try {
    return await act(desk, cluster);
  } finally {
    await desk.close();
  }
}

function streamLine(answer: StreamAnswer): string {
  if (!answer.ok) return fill(CLUSTER_COMMANDS['no-stream'], { name: answer.name, detail: answer.detail });
  const { name, messages, bytes, replicas, leader = '-' } = answer.stream;
  return fill(CLUSTER_COMMANDS.stream, { name, messages, bytes, replicas, leader });
}

async function stateLines(desk: NatsDesk, { name, relay: own }: ClusterConfig, stream: string): Promise<string[]> {
  const relays = new Map<string, { readonly news: RelayNews; readonly at: number }>();
  const pictures = new Pictures();
  const now = Date.now();
  for await (const { subject, data, at } of desk.read(stream, new Date(now - RECORDS_MS))) {
    const topic = parseSubject(subject, name);
    const news = topic?.kind === 'relay' ? decodeRelayNews(data) : undefined;
    const record = topic?.kind === 'record' ? decodeBlockNews(data) : undefined;
    if (topic !== undefined && news !== undefined) relays.set(topic.relay, { news, at });
    if (topic !== undefined && record !== undefined) pictures.note(topic.relay, record);
  }
  const lines = [...relays]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([relay, { news, at }]) => {
      const { version, network, peers } = news;
      const self = relay === own ? CLUSTER_COMMANDS.self : undefined;
      const age = Math.max(0, Math.round((now - at) / SECOND_MS));
      return fill(CLUSTER_COMMANDS.relay, { relay, self, version, network, peers: peers.length, age });
    });
  const blocks = pictures.latest(SHOWN_BLOCKS).map(({ hash, height, outcome, reached, tried, relays: parts }) =>
    fill(CLUSTER_COMMANDS.block, {
      hash,
      height,
      outcome,
      reached,
      tried,
      relays: parts.map(({ relay }) => relay).join(', '),
    }),
  );
  return [...(lines.length > 0 ? lines : [CLUSTER_COMMANDS['no-relays']]), ...blocks];
}
