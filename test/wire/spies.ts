/** What a piece of work took from `Buffer.allocUnsafe` or `Buffer.concat`, and moved with `copy`. */
export interface Spent {
  /** Bytes allocated, over all. */
  allocated: number;
  /** The largest single allocation, in bytes. */
  largest: number;
  /** Allocations over 1 MB. */
  large: number;
  /** Bytes moved by `Buffer.prototype.copy`. */
  copied: number;
}

/** Counts while `work` runs. Not `mock.method`, which keeps a record of each of millions of calls. */
export function allocations(work: (soFar: Readonly<Spent>) => void): Spent {
  const spent: Spent = { allocated: 0, largest: 0, large: 0, copied: 0 };
  const { allocUnsafe, concat } = Buffer;
  const { copy } = Buffer.prototype;
  const count = (size: number) => {
    spent.allocated += size;
    spent.largest = Math.max(spent.largest, size);
    if (size > 1_000_000) spent.large++;
  };
  // Whether concat allocates through the property replaced here is Node's own affair: it counts once either way.
  let inConcat = false;
  Buffer.allocUnsafe = (size) => {
    if (!inConcat) count(size);
    return allocUnsafe(size);
  };
  Buffer.concat = (list, total) => {
    inConcat = true;
    const joined = concat(list, total);
    inConcat = false;
    count(joined.length);
    return joined;
  };
  Buffer.prototype.copy = function (this: Buffer, ...args: Parameters<Buffer['copy']>) {
    const moved = copy.apply(this, args);
    spent.copied += moved;
    return moved;
  };
  try {
    work(spent);
  } finally {
    Buffer.allocUnsafe = allocUnsafe;
    Buffer.concat = concat;
    Buffer.prototype.copy = copy;
  }
  return spent;
}
