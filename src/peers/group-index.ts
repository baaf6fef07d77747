import type { PeerKey } from './address.js';

/** Keys by network group, and at any time the largest group. Each operation is O(1). */
export class GroupIndex {
  readonly #members = new Map<string, Set<PeerKey>>();
  /** Groups by their size; index 0 stays empty. */
  readonly #bySize: Set<string>[] = [new Set()];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get groups(): number {
    return this.#members.size;
  }

  members(group: string): ReadonlySet<PeerKey> {
    return this.#members.get(group) ?? NOBODY;
  }

  add(group: string, key: PeerKey): void {
    const members = this.#members.get(group) ?? new Set();
    if (members.has(key)) return;
    this.#members.set(group, members.add(key));
    this.#resize(group, members.size - 1, members.size);
    this.#size++;
  }

  delete(group: string, key: PeerKey): void {
    const members = this.#members.get(group);
    if (members?.delete(key) !== true) return;
    if (members.size === 0) this.#members.delete(group);
    this.#resize(group, members.size + 1, members.size);
    this.#size--;
  }

  /** The largest group; of several, the one that has had this size for longest. @returns undefined when there is none */
  largest(): string | undefined {
    return this.#bySize.at(-1)?.values().next().value;
  }

  #resize(group: string, from: number, to: number): void {
    this.#bySize[from]?.delete(group);
    if (to > 0) {
      const peers = this.#bySize[to] ?? new Set();
      this.#bySize[to] = peers.add(group);
    }
    while (this.#bySize.length > 1 && this.#bySize.at(-1)?.size === 0) this.#bySize.pop();
  }
}

const NOBODY: ReadonlySet<PeerKey> = new Set();
