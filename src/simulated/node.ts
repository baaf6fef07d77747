import { systemClock, systemRandom } from '../adapters/system.js';
import type { Clock, Random } from '../time.js';
import type { PeerAddress } from '../wire/addr.js';
import type { Inbound } from '../wire/decoder.js';
import { INV } from '../wire/inventory.js';
import { NETWORKS } from '../wire/network.js';
import { type Hash, ZERO_HASH } from '../wire/reader.js';
import { AddressBook } from './address-book.js';
import { announce } from './announce.js';
import type { Behaviour, LinkQuality } from './behaviour.js';
import { BlockDownloads } from './block-downloads.js';
import { BLS_SIGNATURE_BYTES } from './build-coinbase.js';
import { type AcceptOutcome, Chain, type ChainBlock } from './chain.js';
import { compactBlock } from './compact.js';
import type { BlockFault, FaultKind } from './consensus-rules.js';
import {
  COMPACT_VERSION,
  DASH_CORE_23,
  type DashCoreRelease,
  DISCOURAGEMENT_POINTS,
  HEADERS_RESPONSE_MS,
  MAX_ANNOUNCED_HEADERS,
  PING_INTERVAL_MS,
  SERVICE,
  SERVICES,
  SERVICES_TO_OTHERS,
  userAgentOf,
} from './dash-core.js';
import { fetchTowards } from './fetch.js';
import { Flood } from './flood.js';
import { onFreePort } from './free-port.js';
import { handle } from './handlers.js';
import type { BlockForm, HandlingNode, Received } from './handling-node.js';
import { HighBandwidthPeers } from './high-bandwidth.js';
import { InstantSend } from './instant-send.js';
import { Mempool } from './mempool.js';
import { MessageThread } from './message-thread.js';
import type { Peer } from './peer.js';
import { PeerLink } from './peer-link.js';
import { type NodeListener, type NodeSocket, type NodeSockets, tcpSockets } from './sockets.js';
import { realTimers, type Timers } from './timers.js';

export interface NodeOptions {
  /** For logs. */
  readonly name?: string;
  /** The address at which it listens; default 127.0.0.1. */
  readonly host?: string;
  /** 0, the default, lets the system choose; `start` keeps the choice. */
  readonly port?: number;
  readonly magic?: Buffer;
  readonly linkQuality?: LinkQuality;
  readonly behaviour?: Behaviour;
  /** Default: a new chain of its own. */
  readonly chain?: Chain;
  /** The registration of a masternode, of which the node says that it is it. */
  readonly masternode?: Hash;
  /** Default: an empty one of its own. */
  readonly mempool?: Mempool;
  /** The release of Dash Core that the node behaves as; default 23. */
  readonly release?: DashCoreRelease;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly timers?: Timers;
  /** Runs an action in the next turn of the event loop; default `setImmediate`. */
  readonly nextTurn?: (action: () => void) => void;
  /** Default: node:net. */
  readonly sockets?: NodeSockets;
  /** Takes no time unless given. */
  readonly processing?: Processing;
}

/** The time in which a node checks and connects a block that a peer sent. @param done called when that time is over */
export type Processing = (raw: Buffer, done: () => void, form: BlockForm) => void;

export interface Misbehaviour {
  /** The id of the peer, as in {@link SimulatedNode.peers}. */
  readonly peer: number;
  readonly points: number;
  readonly reason: string;
}

const LOOPBACK = '127.0.0.1';
const MAX_LOG_LINES = 1_000;
const NO_ONE = { services: 0n, host: '::', port: 0 } as const;

/** No points for what is found out only after the header: a compact block may be passed on before it is validated (BIP 152). */
const FREE_IF_COMPACT: ReadonlySet<FaultKind> = new Set(['consensus', 'mutated']);

/** Points for a block or header with a fault. Source: Dash Core `net_processing.cpp`, `MaybePunishNodeForBlock`. */
const POINTS: Readonly<Record<FaultKind, number>> = {
  // A message that cannot be decoded is ignored.
  undecodable: 0,
  'invalid-header': 100,
  'invalid-parent': 100,
  mutated: 100,
  consensus: 100,
  'missing-parent': 10,
  'not-continuous': 20,
  // Punished on outbound connections only, which here are between simulated nodes.
  'known-invalid': 0,
  'from-the-future': 0,
  conflicting: 10,
};

/**
 * A Dash node that listens on TCP and treats its peers as dashd 23.1.2 treats inbound peers: the same handshake, block rules
 * and misbehaviour points. The contract tests (test/contract) run against it and against a real dashd.
 */
export class SimulatedNode implements HandlingNode {
  readonly name: string;
  readonly host: string;
  readonly magic: Buffer;
  readonly chain: Chain;
  readonly clock: Clock;
  readonly addressBook: AddressBook;
  readonly release: DashCoreRelease;
  /** All misbehaviour points, in order. */
  readonly misbehaviour: Misbehaviour[] = [];
  /** The newest log lines, with dashd's text where it has one. */
  readonly log: string[] = [];
  readonly peers = new Set<Peer>();
  readonly mempool: Mempool;
  readonly instantSend = new InstantSend();
  readonly masternode: Hash | undefined;
  readonly downloads: BlockDownloads;
  readonly highBandwidth = new HighBandwidthPeers();
  /** May be changed at any time; changes to the handshake apply to new connections. */
  behaviour: Behaviour;
  /** May be changed at any time. */
  linkQuality: LinkQuality;
  private readonly random: Random;
  private readonly timers: Timers;
  private readonly nextTurn: (action: () => void) => void;
  private readonly sockets: NodeSockets;
  private readonly processing: Processing;
  private readonly thread = new MessageThread();
  /** Headers of blocks that the node was sent while it lied. */
  private readonly claimed = new Map<Hash, Buffer>();
  private readonly connections = new Set<NodeSocket>();
  private listener: NodeListener | undefined;
  private stopListening: (() => void) | undefined;
  private listenPort: number;
  private nextPeer = 0;
  private announcing = false;

  constructor(options: NodeOptions = {}) {
    this.name = options.name ?? 'node';
    this.host = options.host ?? LOOPBACK;
    this.magic = options.magic ?? NETWORKS.regtest.magic;
    this.linkQuality = options.linkQuality ?? { latencyMs: 0 };
    this.behaviour = options.behaviour ?? {};
    this.release = options.release ?? DASH_CORE_23;
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
    this.timers = options.timers ?? realTimers;
    this.nextTurn = options.nextTurn ?? setImmediate;
    this.sockets = options.sockets ?? tcpSockets;
    this.processing = options.processing ?? ((_raw, done) => done());
    this.chain = options.chain ?? new Chain({ clock: this.clock });
    this.addressBook = new AddressBook(this.random);
    this.masternode = options.masternode;
    this.mempool = options.mempool ?? new Mempool();
    this.downloads = new BlockDownloads((peer, hash) => this.drop(peer, `Timeout downloading block ${hash}`));
    this.listenPort = options.port ?? 0;
  }

  /** The listening port; 0 before the first `start`. */
  get port(): number {
    return this.listenPort;
  }

  /** `host:port`. */
  get address(): string {
    return `${this.host}:${this.listenPort}`;
  }

  /** This node as an entry of another node's address book. */
  get listing(): PeerAddress {
    const time = Math.floor(this.clock.now() / 1000);
    return { time, services: SERVICES, network: 'ipv4', host: this.host, port: this.listenPort };
  }

  /** Starts listening; after a stop, on the same port. @throws the system's error when the port is taken */
  async start(): Promise<void> {
    const listen = async (port: number): Promise<void> => {
      this.listener = await this.sockets.listen(this.host, port, (socket) => this.adopt(socket, true));
      this.listenPort = port;
    };
    await (this.listenPort === 0 ? onFreePort(listen) : listen(this.listenPort));
    this.stopListening = this.chain.onTip((_tip, connected) => {
      this.mempool.confirm(connected);
      this.queueAnnouncements(connected);
    });
  }

  /** Destroys all connections and frees the port. The chain is kept. */
  async stop(): Promise<void> {
    const { listener } = this;
    this.listener = undefined;
    this.stopListening?.();
    for (const socket of this.connections) socket.destroy();
    await listener?.close();
  }

  /** Connects to another node, with which it exchanges blocks. Resolves when the connection is established. */
  async connect(other: { readonly host: string; readonly port: number }): Promise<void> {
    const peer = this.adopt(await this.sockets.connect(other.host, other.port), false);
    this.sendVersion(peer);
  }

  /** Submits a block from a miner or RPC. */
  submit(raw: Buffer): AcceptOutcome {
    return this.chain.accept(raw, true);
  }

  /** Reads but sends nothing from now on, on existing and new connections. */
  fallSilent(): void {
    this.behaviour = { ...this.behaviour, silent: 'from-the-start' };
    for (const { link } of this.peers) link.mute();
  }

  /**
   * Announces an asset unlock transaction (DIP 27) to all peers, as Dash Core 24 does when one enters its mempool. Whether Core
   * withholds it from peers with an older protocol is not verified; here they get it too, which is the harder case for them.
   * @throws Error when the node's release does not know the inventory type
   */
  announceAssetUnlock(hash: Hash): void {
    if (this.release.lastInventoryType < INV.assetUnlock)
      throw new Error(`Dash Core ${this.release.version} has no asset unlocks`);
    for (const peer of this.peers) {
      if (peer.ready) peer.link.send({ command: 'inv', items: [{ type: INV.assetUnlock, hash }] });
    }
  }

  note(line: string): void {
    this.log.push(line);
    if (this.log.length > MAX_LOG_LINES) this.log.shift();
  }

  // The methods below are for the message handlers.

  sendVersion(peer: Peer): void {
    const { version = this.release.protocolVersion, echoesNonce = false } = this.behaviour;
    peer.link.send({
      command: 'version',
      version,
      services: peer.inbound ? SERVICES : SERVICES_TO_OTHERS,
      time: BigInt(Math.floor(this.clock.now() / 1000)),
      receiver: NO_ONE,
      sender: NO_ONE,
      nonce: (echoesNonce ? peer.version?.nonce : undefined) ?? peer.nonce,
      userAgent: userAgentOf(this.release),
      height: this.chain.tip.height,
      relay: true,
      mnauthChallenge: Buffer.alloc(32, Number(this.random.u64() & 0xffn)),
      masternode: false,
    });
  }

  /** Whether the nonce belongs to a connection that this node opened: it is connected to itself. */
  isOwnNonce(nonce: bigint): boolean {
    return [...this.peers].some((peer) => !peer.inbound && !peer.ready && peer.nonce === nonce);
  }

  /** Called on `verack`: sends the node's preferences, a ping and a request for headers. */
  handshakeDone(peer: Peer): void {
    this.authenticate(peer);
    const compressed = peer.inbound && ((peer.version?.services ?? 0n) & SERVICE.headersCompressed) !== 0n;
    if (compressed) peer.link.sendRaw('sendheaders2', Buffer.alloc(0));
    else peer.link.send({ command: 'sendheaders' });
    peer.link.send({ command: 'sendcmpct', highBandwidth: false, version: COMPACT_VERSION });
    peer.link.sendRaw('senddsq', Buffer.of(1));
    peer.ready = true;
    this.ping(peer);
    this.startSync(peer);
    this.announceSoon();
    this.begin(peer);
  }

  /** Says which masternode it is, to a peer with a challenge. Nobody here checks the signature. Source: `CMNAuth::PushMNAUTH`. */
  private authenticate(peer: Peer): void {
    const { masternode } = this;
    const isChallenged = peer.version?.mnauthChallenge.some((byte) => byte !== 0) === true;
    if (masternode === undefined || !isChallenged) return;
    peer.link.send({ command: 'mnauth', masternode, signature: Buffer.alloc(BLS_SIGNATURE_BYTES, 1) });
  }

  drop(peer: Peer, reason: string): void {
    this.note(`peer=${peer.id} ${reason}; disconnecting`);
    peer.closing = true;
    peer.link.close();
  }

  misbehaving(peer: Peer, points: number, reason: string): void {
    const before = peer.points;
    peer.points += points;
    this.misbehaviour.push({ peer: peer.id, points, reason });
    const exceeded = peer.points >= DISCOURAGEMENT_POINTS && before < DISCOURAGEMENT_POINTS;
    const warning = exceeded ? ' DISCOURAGE THRESHOLD EXCEEDED' : '';
    this.note(`Misbehaving: peer=${peer.id} (${before} -> ${peer.points})${warning}: ${reason}`);
    // All peers are local, and Core disconnects local addresses without discouraging them: they may reconnect at once.
    if (exceeded) this.drop(peer, 'disconnecting but not discouraging local peer');
  }

  punish(peer: Peer, { kind }: BlockFault, message: string, form: BlockForm = 'full'): void {
    const points = form === 'compact' && FREE_IF_COMPACT.has(kind) ? 0 : POINTS[kind];
    if (points > 0) this.misbehaving(peer, points, message);
  }

  refuses(peer: Peer, hash: Hash, header: Buffer): boolean {
    const { stuck, lies } = this.behaviour;
    if (lies === true) this.claimed.set(hash, Buffer.from(header));
    return stuck === true || lies === true || peer.closing;
  }

  process(peer: Peer, raw: Buffer, { form, requested }: Received): void {
    const goOn = this.thread.hold();
    this.processing(
      raw,
      () => {
        this.acceptBlock(peer, raw, { form, requested });
        goOn();
      },
      form,
    );
  }

  private acceptBlock(peer: Peer, raw: Buffer, { form, requested }: Received): void {
    const outcome = this.chain.accept(raw, requested);
    if (!outcome.accepted) {
      this.note(`block from peer=${peer.id} rejected: ${outcome.fault.reason}`);
      this.punish(peer, outcome.fault, outcome.fault.reason, form);
      return;
    }
    const { block, connected } = outcome;
    const isTip = connected.includes(block) && !this.chain.initialDownload && !this.downloads.hasOther(block.hash);
    if (isTip) this.highBandwidth.choose(peer);
    // Only after it was accepted, so that a wrong compact block does not end the wait for the right one.
    if (block.raw !== undefined) this.downloads.end(block.hash);
  }

  nextNonce(): bigint {
    return this.random.u64();
  }

  claimedHeader(hash: Hash): Buffer | undefined {
    return this.behaviour.lies === true ? this.claimed.get(hash) : undefined;
  }

  /** Sends `getheaders`, unless an earlier one is unanswered. */
  askHeaders(peer: Peer, from: ChainBlock = this.chain.bestHeader): void {
    const now = this.clock.now();
    if (peer.askedHeadersAt !== undefined && now - peer.askedHeadersAt <= HEADERS_RESPONSE_MS) return;
    peer.askedHeadersAt = now;
    peer.link.send({
      command: 'getheaders',
      version: this.release.protocolVersion,
      locator: this.chain.locator(from),
      stop: ZERO_HASH,
    });
  }

  private adopt(socket: NodeSocket, inbound: boolean): Peer {
    this.connections.add(socket);
    const link = new PeerLink(
      socket,
      { owner: this, inbound, timers: this.timers, random: this.random },
      {
        inbound: (message) => this.thread.run(() => this.onInbound(peer, message)),
        closed: () => this.forget(peer, socket),
      },
    );
    const peer: Peer = {
      id: this.nextPeer++,
      link,
      inbound,
      address: socket.remote,
      connectedAt: this.clock.now(),
      nonce: this.random.u64(),
      received: new Map(),
      version: undefined,
      ready: false,
      closing: false,
      prefersHeaders: false,
      wantsAddrV2: false,
      providesCompact: false,
      wantsCompactAtOnce: false,
      gaveAddresses: false,
      addressTokens: 1,
      addressTokensAt: this.clock.now(),
      points: 0,
      unconnectingHeaders: 0,
      askedHeadersAt: undefined,
      bestKnown: undefined,
      bestHeaderSent: undefined,
      lastUnknown: undefined,
      toAnnounce: [],
    };
    if (this.behaviour.silent === 'from-the-start') link.mute();
    this.peers.add(peer);
    return peer;
  }

  private onInbound(peer: Peer, inbound: Inbound): void {
    if (peer.closing) return;
    if (inbound.kind === 'fault') {
      if (inbound.fault.fatal) this.drop(peer, `Header error: ${inbound.fault.code} (${inbound.fault.detail})`);
      else this.note(`Header error: ${inbound.fault.code} (${inbound.fault.detail}), peer=${peer.id}`);
      return;
    }
    const command = inbound.kind === 'message' ? inbound.message.command : inbound.command;
    peer.received.set(command, (peer.received.get(command) ?? 0) + 1);
    if (inbound.kind === 'message' && !peer.link.isMuted) handle(this, peer, inbound.message);
  }

  private forget(peer: Peer, socket: NodeSocket): void {
    peer.closing = true;
    this.connections.delete(socket);
    this.peers.delete(peer);
    this.highBandwidth.forget(peer);
    if (this.downloads.forget(peer).length > 0) this.fetchElsewhere();
  }

  /** Requests what a lost peer owed from the others that are known to have it. Source: Core, `FindNextBlocksToDownload`. */
  private fetchElsewhere(): void {
    for (const peer of this.peers) {
      if (peer.ready && !peer.closing && peer.bestKnown !== undefined && servesBlocks(peer)) {
        fetchTowards(this, peer, peer.bestKnown);
      }
    }
  }

  private ping(peer: Peer): void {
    peer.link.send({ command: 'ping', nonce: this.random.u64() });
    peer.link.after(PING_INTERVAL_MS, () => this.ping(peer));
  }

  /** Requests headers from a peer that serves blocks, starting one before the best header, so that the answer is never empty. */
  private startSync(peer: Peer): void {
    const { bestHeader } = this.chain;
    if (servesBlocks(peer)) this.askHeaders(peer, bestHeader.parent ?? bestHeader);
  }

  /** Starts the faults that begin after the handshake. */
  private begin(peer: Peer): void {
    const { silent, neverReads, floods, claimsPayload, badChecksums } = this.behaviour;
    if (silent !== undefined) peer.link.mute();
    if (badChecksums === true) peer.link.falsifyChecksums();
    if (neverReads === true) peer.link.stopReading();
    if (floods !== undefined) new Flood(peer.link, floods, this.listing).start();
    if (claimsPayload !== undefined) peer.link.claim(claimsPayload);
  }

  /**
   * Announcements are sent at the end of the event loop's turn, as dashd's are sent by its scheduler: of a burst of blocks, peers
   * announced to by `inv` get the last one only.
   */
  private queueAnnouncements(connected: readonly ChainBlock[]): void {
    if (this.chain.initialDownload) return;
    for (const peer of this.peers) {
      peer.toAnnounce.push(...connected.slice(-MAX_ANNOUNCED_HEADERS).map(({ hash }) => hash));
    }
    this.announceSoon();
  }

  private announceSoon(): void {
    if (this.announcing) return;
    this.announcing = true;
    this.nextTurn(() => {
      this.announcing = false;
      for (const peer of this.peers) if (peer.ready) this.announceTo(peer);
    });
  }

  private announceTo(peer: Peer): void {
    const news = announce(this.chain, peer);
    switch (news.kind) {
      case 'nothing':
        return;
      case 'inv':
        peer.link.send({ command: 'inv', items: [{ type: INV.block, hash: news.hash }] });
        return;
      case 'compact':
        this.sendCompact(peer, news.block);
        return;
      case 'headers':
        this.sendHeaders(peer, news.blocks);
    }
  }

  private sendHeaders(peer: Peer, blocks: readonly ChainBlock[]): void {
    peer.bestHeaderSent = blocks.at(-1);
    peer.link.send({ command: 'headers', headers: blocks.map((block) => block.header.bytes) });
  }

  private sendCompact(peer: Peer, block: ChainBlock): void {
    if (block.raw === undefined) return;
    peer.bestHeaderSent = block;
    peer.link.send(compactBlock(block.raw, this.random.u64()));
  }
}

function servesBlocks({ version }: Peer): boolean {
  return ((version?.services ?? 0n) & (SERVICE.network | SERVICE.networkLimited)) !== 0n;
}
