/** NATS servers as a relay sees them, without a network: messages arrive at once, streams keep what they are told to. */
import type {
  ClusterLink,
  LinkHandlers,
  LinkMessage,
  StoreAnswer,
  StoredLinkMessage,
} from '../../../src/streams/cluster/link.js';

interface Client {
  readonly handlers: LinkHandlers;
  isUp: boolean;
}

export class FakeServers {
  /** All that was published, in order. */
  readonly published: LinkMessage[] = [];
  readonly blocks: StoredLinkMessage[] = [];
  /** How a stream answers; the block is published in any case. */
  answer: StoreAnswer = { ok: true };
  maxPayload = 8 * 1024 * 1024;
  private readonly state = new Map<string, StoredLinkMessage>();
  private readonly ids = new Set<string>();
  private readonly clients: Client[] = [];

  constructor(private readonly now: () => number) {}

  readonly open = (handlers: LinkHandlers): ClusterLink => {
    const client: Client = { handlers, isUp: false };
    this.clients.push(client);
    return {
      publish: (subject, data) => this.deliver(client, { subject, data }),
      store: (subject, data, { id, ...marks }) => {
        if (!client.isUp) return undefined;
        this.deliver(client, { subject, data, ...marks });
        if (this.answer.ok) this.keep(subject, data, id);
        return Promise.resolve(this.answer);
      },
      read: (stream, since) => this.read(stream, since),
      close: async () => {
        client.isUp = false;
      },
    };
  };

  /** All clients are connected, or one of them. @param place in the order in which they were made */
  up(place?: number): void {
    for (const client of this.some(place)) {
      client.isUp = true;
      client.handlers.up('nats:4222', this.maxPayload);
    }
  }

  down(place?: number): void {
    for (const client of this.some(place)) {
      client.isUp = false;
      client.handlers.down('disconnected', 'nats:4222');
    }
  }

  /** A message of a client that is none of ours. */
  say(message: LinkMessage): void {
    for (const { handlers, isUp } of this.clients) if (isUp) handlers.message(message);
  }

  private some(place?: number): readonly Client[] {
    return place === undefined ? this.clients : this.clients.slice(place, place + 1);
  }

  private deliver(from: Client, message: LinkMessage): void {
    if (!from.isUp) return;
    this.published.push(message);
    if (message.subject.includes('.relay.')) this.keep(message.subject, message.data, undefined);
    for (const client of this.clients) if (client !== from && client.isUp) client.handlers.message(message);
  }

  private keep(subject: string, data: Buffer, id: string | undefined): void {
    if (id !== undefined && this.ids.has(id)) return;
    if (id !== undefined) this.ids.add(id);
    const message = { subject, data, at: this.now() };
    if (subject.includes('.block.')) this.blocks.push(message);
    else this.state.set(subject, message);
  }

  /** How many reads fail from now on. */
  failing = 0;

  private async *read(stream: string, since: Date): AsyncGenerator<StoredLinkMessage, void> {
    if (this.failing > 0) {
      this.failing -= 1;
      throw new Error('no leader');
    }
    const all = stream.endsWith('-blocks') ? this.blocks : [...this.state.values()];
    for (const message of all) if (message.at >= since.getTime()) yield message;
  }
}
