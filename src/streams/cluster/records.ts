/**
 * This relay's records of blocks for the others, and theirs, as one picture. A record is sent with each verdict on a block of the pool's,
 * whichever relay it was pushed to; one that no stream has taken is sent again with the next news.
 */
import { encodeNews, newsOf } from '../../cluster/messages.js';
import { Pictures } from '../../cluster/picture.js';
import { type ClusterNames, recordSubject } from '../../cluster/subjects.js';
import { BoundedMap, BoundedSet } from '../../common/bounded.js';
import type { BlockNews } from '../../contracts/cluster.js';
import type { BlockEvent, BlockVerdict } from '../../contracts/events.js';
import type { ClusterLink } from './link.js';

export interface RecordsDeps {
  readonly names: ClusterNames;
  readonly network: string;
  readonly store: ClusterLink['store'];
}

/** Blocks that are remembered: their arrival, and the network's blocks that may turn out to be the pool's. */
const MAX_BLOCKS = 200;
const MAX_OTHERS = 16;

export class Records {
  readonly pictures = new Pictures();
  private readonly arrivals = new BoundedMap<string, number>(MAX_BLOCKS);
  private readonly found = new BoundedSet<string>(MAX_BLOCKS);
  private readonly others = new BoundedMap<string, BlockVerdict>(MAX_OTHERS);
  private readonly unsent = new BoundedMap<string, BlockNews>(MAX_BLOCKS);

  constructor(private readonly deps: RecordsDeps) {}

  /** Takes this relay's events of blocks. */
  note(event: BlockEvent): void {
    if (event.type === 'received') {
      this.arrivals.set(event.hash, event.firstAt ?? event.at);
      if (event.source !== 'dashd') this.found.add(event.hash);
    } else if (event.type === 'verdict') {
      if (this.found.has(event.hash)) this.record(event);
      else this.others.renew(event.hash, event);
    }
  }

  /** Another relay has told of a block of the pool's: this relay may have it from the network. */
  noteFound(hash: string): void {
    this.found.add(hash);
    const judged = this.others.get(hash);
    if (judged === undefined) return;
    this.others.delete(hash);
    this.record(judged);
  }

  noteOther(relay: string, news: BlockNews): void {
    this.pictures.note(relay, news);
    this.noteFound(news.hash);
  }

  /** Sends what no stream has taken yet. */
  retry(): void {
    for (const news of this.unsent.values()) this.send(news);
  }

  private record(verdict: BlockVerdict): void {
    const { names, network } = this.deps;
    const news = newsOf(verdict, this.arrivals.get(verdict.hash) ?? verdict.at, network);
    if (!this.pictures.note(names.relay, news)) return;
    this.unsent.renew(news.hash, news);
    this.send(news);
  }

  private send(news: BlockNews): void {
    const { names, store } = this.deps;
    void store(recordSubject(names, news.hash), encodeNews(news), {})?.then((answer) => {
      // Without a stream it was still heard; a newer record of the block may wait by now.
      if ((answer.ok || answer.code === 'no-stream') && this.unsent.get(news.hash) === news)
        this.unsent.delete(news.hash);
    });
  }
}
