/**
 * A map and a set that hold a bounded number of entries: what is added beyond the bound evicts the oldest. Everything that is remembered of
 * what comes from outside uses them, so that no peer, caller or client can fill memory.
 *
 * Age is the order of insertion. As in Map and Set, writing an entry again leaves it in its place; `renew` makes it the newest. Reading
 * changes nothing: this is first in, first out, not least recently used. Each operation is O(1).
 */

/** A Map of at most `max` entries. */
export class BoundedMap<K, V> extends Map<K, V> {
  /** @param max 1 or more */
  constructor(readonly max: number) {
    super();
  }

  /** The key that is evicted next. */
  get oldest(): K | undefined {
    return this.keys().next().value;
  }

  override set(key: K, value: V): this {
    super.set(key, value);
    if (this.size > this.max) evictFirst(this);
    return this;
  }

  /** Sets a value and makes its entry the newest. */
  renew(key: K, value: V): this {
    this.delete(key);
    return this.set(key, value);
  }
}

/** A Set of at most `max` members. */
export class BoundedSet<T> extends Set<T> {
  /**
   * @param max 1 or more
   * @param members the first ones, the oldest first
   */
  constructor(
    readonly max: number,
    members: Iterable<T> = [],
  ) {
    super();
    for (const member of members) this.add(member);
  }

  override add(member: T): this {
    super.add(member);
    if (this.size > this.max) evictFirst(this);
    return this;
  }
}

function evictFirst<T>(entries: Map<T, unknown> | Set<T>): void {
  for (const first of entries.keys()) {
    entries.delete(first);
    return;
  }
}
