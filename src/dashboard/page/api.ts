/** Requests to the relay's API. URLs are relative, so that the page works below any path of a reverse proxy. */
import type {
  AnatomyReply,
  BlockReply,
  BlocksReply,
  ClusterRaceReply,
  ClusterReply,
  ErrorReply,
  PeersReply,
  StatusReply,
} from '../../contracts/api.js';
import type { PeerView } from '../../contracts/view.js';

const TIMEOUT_MS = 10_000;
const PAGE = 100;

/** The relay answered with an error status. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    /** What the relay says about it, where it does. */
    readonly words = `the relay answered with HTTP status ${status}`,
  ) {
    super(`the relay answered with HTTP status ${status}`);
  }
}

/** @throws HttpError; TypeError or DOMException when there is no answer */
async function get<Reply>(path: string): Promise<Reply> {
  const reply = await fetch(`api/v1/${path}`, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!reply.ok) throw new HttpError(reply.status, await wordsOf(reply));
  return (await reply.json()) as Reply;
}

/** An error of the API comes with words, one of a reverse proxy may not. */
async function wordsOf(reply: Response): Promise<string | undefined> {
  if (reply.headers.get('content-type')?.startsWith('application/json') !== true) return undefined;
  const { error, remedy } = (await reply.json()) as Partial<ErrorReply>;
  return [error, remedy].filter((words) => words !== undefined).join('. ') || undefined;
}

export const getStatus = () => get<StatusReply>('status');
/** Without the terms of the scores, which are half of the reply. */
export const getPeers = () => get<PeersReply>('peers?terms=false');
export const getPeer = (peer: string) => get<PeerView>(`peers/${encodeURIComponent(peer)}`);
export const getBlocks = (after?: string) =>
  get<BlocksReply>(`blocks?limit=${PAGE}${after === undefined ? '' : `&after=${encodeURIComponent(after)}`}`);
export const getBlock = (hash: string) => get<BlockReply>(`blocks/${encodeURIComponent(hash)}`);
export const getCluster = () => get<ClusterReply>('cluster');
export const getClusterRace = (hash: string) => get<ClusterRaceReply>(`cluster/blocks/${encodeURIComponent(hash)}`);
/** @throws an HttpError with the words of the relay; otherwise as the others do */
export const getAnatomy = (hash: string) => get<AnatomyReply>(`blocks/${encodeURIComponent(hash)}/anatomy`);
