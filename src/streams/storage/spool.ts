/**
 * The spool: found blocks on disk until dashd and the network have them. A block is written once it is in the sockets, never before;
 * `received` is reported when the kernel has its file (it survives the end of this process), `stored` when the file is synced (it survives a
 * loss of power). No block waits for the spool, and no fault here stops the relay: a block that
 * cannot be written is sent all the same, and `received` says that it is not on disk.
 *
 * A block leaves the spool when a verdict says that it was delivered and dashd has it, or when its state is final: ChainLocked, buried,
 * orphaned. What is found at the start is sent again: recovery.ts.
 *
 * Bounds: `maxBlocks` and `maxBytes` on disk, the oldest block is removed first; in memory a block's bytes are held until it is stored, at
 * most {@link MAX_FAILED_BYTES} of blocks that could not be written. Cost: one write, one sync and one removal a block, by Node's threads.
 */

import { firstValueFrom, from, last, merge, type SchedulerLike, type Subscription, timer } from 'rxjs';
import type { Block } from '../../block/gate.js';
import { BoundedSet } from '../../common/bounded.js';
import type {
  BlockFinality,
  BlockRepeated,
  BlockStored,
  BlockVerdict,
  RelayEvent,
  ServiceEvent,
} from '../../contracts/events.js';
import type { FileAnswer, FileFault, FileFaultCode } from '../../contracts/files.js';
import type { SpoolView } from '../../contracts/view.js';
import {
  fileName,
  formatHead,
  hashOfName,
  inChainOrder,
  MAX_HEAD_BYTES,
  parseEntry,
  type SpoolEntry,
} from '../../history/spool-entry.js';
import { fill } from '../../messages/fill.js';
import { SPOOL } from '../../messages/storage.js';
import { type Clock, SECOND_MS } from '../../time.js';
import type { Hash } from '../../wire/reader.js';
import { reportOn } from '../service-events.js';
import { describeMove, isTaken, type Lockable, patientLock } from './saving.js';

/** A folder with a file for each block. */
export interface SpoolStore extends Lockable {
  readonly path: string;
  list(max: number): Promise<FileAnswer<{ names: readonly string[]; more: boolean }>>;
  /** The file survives the end of this process. */
  write(name: string, parts: readonly Buffer[]): Promise<FileAnswer>;
  /** The files survive a loss of power. */
  sync(names: readonly string[]): Promise<FileAnswer>;
  peek(name: string, max: number): Promise<FileAnswer<{ start: Buffer; bytes: number }>>;
  read(name: string): Promise<FileAnswer<{ bytes: Buffer }>>;
  remove(name: string): Promise<FileAnswer>;
  setAside(name: string): Promise<FileAnswer<{ path: string }>>;
  close(): Promise<void>;
}

export interface SpoolDeps {
  readonly folder: SpoolStore;
  readonly maxBlocks: number;
  /** Of blocks on disk. */
  readonly maxBytes: number;
  readonly emit: (event: BlockStored | ServiceEvent) => void;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
}

/** A block that the disk has not taken by then is reported as not spooled: so that nobody waits for a hanging disk, milliseconds. */
const PATIENCE_MS = 2 * SECOND_MS;
const RETRY_MS = 5 * SECOND_MS;
/** Bytes of blocks that could not be written, kept in memory to be retried. */
const MAX_FAILED_BYTES = 64 * 1024 * 1024;
/** Files that are synced together, before their folder is. */
const MAX_BATCH = 64;
/** Names looked at in the folder: more than `spool.maxBlocks` can be. */
const MAX_NAMES = 100_000;
/** The longest wait for the disk when the relay stops. */
const CLOSE_PATIENCE_MS = 3 * SECOND_MS;
const MAX_DROPPED = 1_024;
/** What no later attempt can change: such a file is no block. All other faults may be the disk's, and pass. */
const UNUSABLE: ReadonlySet<FileFaultCode> = new Set<FileFaultCode>(['not-a-file', 'too-large', 'corrupt']);

/**
 * `found`: on disk since before the start. `waiting`: to be written. `written`: to be synced. `failed`: the disk did not take it.
 */
type State = 'found' | 'waiting' | 'written' | 'stored' | 'failed';

interface Item {
  readonly entry: SpoolEntry;
  state: State;
  /** Until it is stored. */
  raw: Buffer | undefined;
  /** dashd and the network have it, or its state is final. */
  over: boolean;
  /** It was sent since the start. */
  sent: boolean;
  /** Called when it is written, or is known not to be. */
  waiters: ((unspooled?: string) => void)[];
}

export class Spool {
  private readonly items = new Map<Hash, Item>();
  private bytes = 0;
  /** Blocks that were removed to make room: they are in no file. */
  private readonly dropped = new BoundedSet<Hash>(MAX_DROPPED);
  private writing: Promise<void> | undefined;
  private syncing: Promise<void> | undefined;
  private retry: Subscription | undefined;
  private locking: Subscription | undefined;
  private closed = false;
  /** The folder was listed since the start. */
  private isListed = false;
  private isListingFaultReported = false;
  /** Files that could not be read when that was tried last. */
  private readonly unread = new Set<string>();
  private faultCode: string | undefined;
  private isFull = false;
  private faults = 0;
  private syncedAt: number | undefined;

  constructor(private readonly deps: SpoolDeps) {}

  get view(): SpoolView {
    const { syncedAt, faults, bytes } = this;
    const path = this.deps.folder.path;
    return { path, blocks: this.items.size, bytes, faults, ...(syncedAt !== undefined && { syncedAt }) };
  }

  /**
   * Writes a block that is in the sockets.
   * @param done is called once its file is with the kernel, or with a code for why it is not; in the order of the calls
   */
  keep({ hash, previous, height, raw, size }: Block, at: number, done: (unspooled?: string) => void): void {
    const known = this.items.get(hash);
    if (known !== undefined && known.state !== 'failed') {
      known.sent = true;
      // As it stands on disk since before the start: all that is left is to sync it.
      if (known.state === 'found') known.state = 'written';
      this.whenWritten(hash, done);
      this.work();
      return;
    }
    const entry = { hash, previous, at, size, ...(height !== undefined && { height }) };
    this.forget(hash);
    this.makeRoom(size);
    const item: Item = { entry, state: 'waiting', raw, over: false, sent: true, waiters: [] };
    this.items.set(hash, item);
    this.bytes += size;
    this.wait(item, done);
    this.work();
  }

  /** Calls back once a block that is being written is written, or known not to be; at once for all others. */
  private whenWritten(hash: Hash, then: (unspooled?: string) => void): void {
    const item = this.items.get(hash);
    if (item?.state === 'waiting') this.wait(item, then);
    else if (item?.state === 'failed') then(this.faultCode?.replaceAll(' ', '-') ?? 'disk');
    else then();
  }

  /**
   * Answers a push of a block that was here before, once it is written: `stored` when a loss of power cannot take it, since it is
   * stored, or is not in the spool because dashd and the network have it.
   */
  answer(event: BlockRepeated, emit: (event: BlockRepeated) => void): void {
    const { hash } = event;
    this.whenWritten(hash, (unspooled) => {
      const { state, over } = this.items.get(hash) ?? {};
      const isGone = this.dropped.has(hash);
      // One that is over is safe, also while the disk does not take it.
      if (state === 'stored' || over === true || (state === undefined && !isGone)) emit({ ...event, stored: true });
      else if (unspooled === undefined && !isGone) emit(event);
      else emit({ ...event, unspooled: unspooled ?? 'full' });
    });
  }

  /** A verdict or a final state may remove a block from the spool. */
  note(event: RelayEvent): void {
    if (event.type !== 'verdict' && event.type !== 'finality') return;
    if (isOver(event)) this.finish(event.hash);
  }

  /** The block need not be kept any longer. */
  finish(hash: Hash): void {
    const item = this.items.get(hash);
    if (item === undefined) return;
    item.over = true;
    // It need not survive any more, so it need not be synced.
    if (item.state === 'found') item.state = 'stored';
    this.work();
  }

  /** Looks into the folder. @returns when what is there is known, as far as it can be read, and what is of no use is set aside and reported */
  async scan(): Promise<void> {
    const { folder } = this.deps;
    this.locking ??= this.lock();
    const listed = await folder.list(MAX_NAMES);
    if (!listed.ok) {
      if (!this.isListingFaultReported) this.fault(listed.code, fill(SPOOL['not-listed'], { detail: listed.detail }));
      this.isListingFaultReported = true;
      return;
    }
    const isFirst = !this.isListed;
    this.isListed = true;
    if (listed.more && isFirst) {
      this.fault('full', fill(SPOOL['too-many-files'], { path: folder.path, max: MAX_NAMES }));
    }
    const foreign: string[] = [];
    for (const name of listed.names) {
      if (this.closed) return;
      const hash = hashOfName(name);
      if (hash !== undefined) await this.find(hash);
      else if (!ASIDE.test(name)) foreign.push(name);
    }
    if (foreign.length > 0 && isFirst) this.fault('foreign', foreignDetail(folder.path, foreign));
    this.makeRoom(0);
  }

  /** True when all that was here before the start is known: the disk let it be read. */
  get isRead(): boolean {
    return this.isListed && this.unread.size === 0;
  }

  /** Blocks on disk that were not sent since the start, or are not under way any longer; parents before children. */
  unfinished(isUnderWay: (hash: Hash) => boolean): SpoolEntry[] {
    const idle = [...this.items.values()].filter(({ over, entry }) => !over && !isUnderWay(entry.hash));
    return inChainOrder(idle.map(({ entry }) => entry));
  }

  /** True when the block was sent, or its being stale was reported, since the start. */
  wasSent(hash: Hash): boolean {
    return this.items.get(hash)?.sent ?? false;
  }

  markSent(hash: Hash): void {
    const item = this.items.get(hash);
    if (item !== undefined) item.sent = true;
  }

  /** @returns the block's bytes, or undefined when they cannot be read: that is reported */
  async read(hash: Hash): Promise<Buffer | undefined> {
    const item = this.items.get(hash);
    if (item?.raw !== undefined) return item.raw;
    const name = fileName(hash);
    const file = await this.deps.folder.read(name);
    if (!file.ok) {
      this.noteUnread(hash, file);
      if (file.code === 'missing') this.drop(hash);
      return undefined;
    }
    this.unread.delete(name);
    const parsed = parseEntry(hash, file.bytes.subarray(0, MAX_HEAD_BYTES), file.bytes.length);
    if (parsed.ok) return file.bytes.subarray(parsed.headBytes);
    await this.reject(hash, parsed.code, parsed.reason);
    return undefined;
  }

  /** Sets aside a file that is not a block. */
  async reject(hash: Hash, code: string, reason: string): Promise<void> {
    this.forget(hash);
    await this.setAside(fileName(hash), code, reason);
  }

  /** Writes and syncs pending blocks, as far as the disk does it in time, and releases the folder. */
  async close(): Promise<void> {
    this.closed = true;
    this.locking?.unsubscribe();
    this.retry?.unsubscribe();
    await firstValueFrom(merge(from(this.settle()), timer(CLOSE_PATIENCE_MS, this.deps.scheduler)));
    await this.deps.folder.close();
  }

  private async settle(): Promise<void> {
    await this.writing;
    await this.syncing;
  }

  private wait(item: Item, done: (unspooled?: string) => void): void {
    const patience = this.deps.scheduler.schedule(() => {
      item.waiters = item.waiters.filter((other) => other !== waiter);
      done('slow-disk');
    }, PATIENCE_MS);
    const waiter = (unspooled?: string): void => {
      patience.unsubscribe();
      done(unspooled);
    };
    item.waiters.push(waiter);
  }

  private async find(hash: Hash): Promise<void> {
    const name = fileName(hash);
    const file = await this.deps.folder.peek(name, MAX_HEAD_BYTES);
    // It was pushed again while we looked, was found before, or has gone.
    if (this.items.has(hash) || (!file.ok && file.code === 'missing')) {
      this.unread.delete(name);
      return;
    }
    if (!file.ok) {
      if (UNUSABLE.has(file.code)) await this.setAside(name, file.code, file.detail);
      else this.noteUnread(hash, file);
      return;
    }
    this.unread.delete(name);
    const parsed = parseEntry(hash, file.start, file.bytes);
    if (parsed.ok) {
      const item: Item = { entry: parsed.entry, state: 'found', raw: undefined, over: false, sent: false, waiters: [] };
      this.items.set(hash, item);
      this.bytes += parsed.entry.size;
    } else if (parsed.code === 'newer-version') {
      // It stays in place, where the newer version finds it.
      this.fault(parsed.code, fill(SPOOL['left-alone'], { name, path: this.deps.folder.path, reason: parsed.reason }));
    } else {
      await this.setAside(name, parsed.code, parsed.reason);
    }
  }

  /** A disk that fails says nothing of the block: its file stays where it is. Reported once for each file. */
  private noteUnread(hash: Hash, { code, detail }: FileFault): void {
    const name = fileName(hash);
    if (!this.unread.has(name)) this.fault(code, fill(SPOOL['not-read'], { hash, detail }));
    if (code !== 'missing') this.unread.add(name);
  }

  private lock(): Subscription {
    const { folder, scheduler } = this.deps;
    return patientLock(folder, scheduler)
      .pipe(last())
      .subscribe(({ answer }) => {
        if (isTaken(answer)) this.fault('locked', sharedDetail(folder.path));
        else this.report(answer);
        if (answer.ok && (answer.unfinished ?? 0) > 0)
          this.say('up', 'swept', sweptDetail(folder.path, answer.unfinished));
      });
  }

  private async setAside(name: string, code: string, reason: string): Promise<void> {
    const moved = await this.deps.folder.setAside(name);
    this.fault(code, fill(SPOOL.unusable, { name, path: this.deps.folder.path, reason, moved: describeMove(moved) }));
  }

  private work(): void {
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
      if (this.first('waiting') !== undefined) this.work();
    });
    this.syncing ??= this.syncAll().finally(() => {
      this.syncing = undefined;
      // What came between the last look and now; after a failure it waits for the next attempt.
      if (this.retry === undefined && !this.closed && this.isSyncDue()) this.work();
    });
  }

  private isSyncDue(): boolean {
    for (const item of this.items.values()) if (item.state === 'written' || isRemovable(item)) return true;
    return false;
  }

  private async writeAll(): Promise<void> {
    for (let item = this.first('waiting'); item !== undefined; item = this.first('waiting')) {
      await this.write(item);
      // Written blocks are synced meanwhile.
      this.work();
    }
  }

  private async write(item: Item): Promise<void> {
    const { entry, raw = Buffer.alloc(0) } = item;
    const answer = await this.deps.folder.write(fileName(entry.hash), [formatHead(entry), raw]);
    this.report(answer);
    item.state = answer.ok ? 'written' : 'failed';
    const waiters = item.waiters;
    item.waiters = [];
    for (const waiter of waiters) waiter(answer.ok ? undefined : answer.code.replaceAll(' ', '-'));
    if (answer.ok) return;
    this.limitFailed();
    this.tryAgain();
  }

  /** Syncs what is written, and removes what is over. */
  private async syncAll(): Promise<void> {
    for (;;) {
      const written = this.all('written').slice(0, MAX_BATCH);
      if (written.length === 0 || !(await this.sync(written))) break;
    }
    for (const { entry } of [...this.items.values()].filter(isRemovable)) {
      this.reportFailure(await this.deps.folder.remove(fileName(entry.hash)));
      this.forget(entry.hash);
    }
  }

  /** @returns false when the disk did not do it: it is tried again later */
  private async sync(items: readonly Item[]): Promise<boolean> {
    const { folder, clock, emit } = this.deps;
    const answer = await folder.sync(items.map(({ entry }) => fileName(entry.hash)));
    this.report(answer);
    if (!answer.ok) {
      // The kernel may have discarded what it could not write: it is written again, if possible.
      for (const item of items) if (item.raw !== undefined) item.state = 'failed';
      this.limitFailed();
      this.tryAgain();
      return false;
    }
    const at = clock.now();
    this.syncedAt = at;
    for (const item of items) {
      item.state = 'stored';
      item.raw = undefined;
      emit({ type: 'stored', at, hash: item.entry.hash });
    }
    return true;
  }

  private tryAgain(): void {
    if (this.closed || this.retry !== undefined) return;
    this.retry = this.deps.scheduler.schedule(() => {
      this.retry = undefined;
      // One block is tried; when it is written, the others follow.
      const [first, ...others] = this.all('failed');
      if (first !== undefined) first.state = 'waiting';
      this.work();
      if (first === undefined) return;
      void this.writing?.then(() => {
        if (first.state === 'failed') return;
        for (const item of others) if (item.state === 'failed') item.state = 'waiting';
        this.work();
      });
    }, RETRY_MS);
  }

  /** `down` and `up`, each once. */
  private report(answer: FileAnswer): void {
    const code = answer.ok ? undefined : answer.code;
    if (code === this.faultCode) return;
    this.faultCode = code;
    if (answer.ok) {
      this.say('up', 'saved', SPOOL.saved);
      return;
    }
    this.faults += 1;
    this.say('down', answer.code, fill(SPOOL.unsaved, { detail: answer.detail }));
  }

  /** A successful removal does not show that writing works. */
  private reportFailure(answer: FileAnswer): void {
    if (!answer.ok) this.report(answer);
  }

  private fault(code: string, detail: string): void {
    this.faults += 1;
    this.say('fault', code, detail);
  }

  private say(state: ServiceEvent['state'], code: string, detail: string): void {
    this.deps.emit(reportOn('spool', this.deps.clock)(state, code, detail));
  }

  /** Removes the oldest blocks, but not those that wait for the disk, which are the newest. */
  private makeRoom(size: number): void {
    const { maxBlocks, maxBytes, folder } = this.deps;
    let lost = 0;
    const isTight = () => this.items.size + (size > 0 ? 1 : 0) > maxBlocks || this.bytes + size > maxBytes;
    const oldest = isTight() ? [...this.items.values()].sort((a, b) => a.entry.at - b.entry.at) : [];
    for (const { entry, state } of oldest) {
      if (!isTight()) break;
      if (state === 'waiting') continue;
      this.drop(entry.hash);
      void folder.remove(fileName(entry.hash)).then((answer) => this.reportFailure(answer));
      lost += 1;
    }
    if (lost > 0 && !this.isFull) {
      this.fault('full', fill(SPOOL.full, { path: folder.path, maxBlocks, maxBytes }));
    }
    this.isFull = lost > 0;
  }

  private limitFailed(): void {
    let bytes = 0;
    for (const { entry } of this.all('failed').reverse()) {
      bytes += entry.size;
      if (bytes > MAX_FAILED_BYTES) this.drop(entry.hash);
    }
  }

  private drop(hash: Hash): void {
    this.forget(hash);
    this.dropped.add(hash);
  }

  private forget(hash: Hash): void {
    this.dropped.delete(hash);
    const item = this.items.get(hash);
    if (item === undefined) return;
    this.items.delete(hash);
    this.bytes -= item.entry.size;
  }

  private first(state: State): Item | undefined {
    for (const item of this.items.values()) if (item.state === state) return item;
    return undefined;
  }

  private all(state: State): Item[] {
    return [...this.items.values()].filter((item) => item.state === state);
  }
}

/** A block that could not be written is retried even when it is no longer needed: this shows when writing works again. */
function isRemovable({ over, state }: Item): boolean {
  return over && state === 'stored';
}

/** Files that were set aside before. */
const ASIDE = /^[0-9a-f]{64}\.block\.corrupt-\w+$/;

function isOver(event: BlockVerdict | BlockFinality): boolean {
  if (event.type === 'finality') return event.state !== 'pending';
  const dashdHasIt = event.rpc?.outcome === 'accepted' || event.rpc?.outcome === 'duplicate';
  return event.outcome === 'delivered' && dashdHasIt;
}

function sweptDetail(path: string, files = 0): string {
  return fill(SPOOL.swept, { files, path });
}

function sharedDetail(path: string): string {
  return fill(SPOOL.shared, { path });
}

function foreignDetail(path: string, names: readonly string[]): string {
  return fill(SPOOL.foreign, { name: names[0], more: names.length > 1 ? names.length - 1 : undefined, path });
}
