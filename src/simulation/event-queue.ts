/**
 * What is scheduled, the earliest first; events of one time in the order in which they came. A heap whose nodes have four children each
 * (D. B. Johnson, 1975), with the times in an array of their own: a study spends much of its time here.
 */

const CHILDREN = 4;
const FIRST_CAPACITY = 1_024;

export class EventQueue<T> {
  private times = new Float64Array(FIRST_CAPACITY);
  private orders = new Float64Array(FIRST_CAPACITY);
  private readonly events: T[] = [];
  private pushed = 0;

  get length(): number {
    return this.events.length;
  }

  /** When the first is due; infinity when there is none. */
  get nextTime(): number {
    return this.events.length === 0 ? Number.POSITIVE_INFINITY : (this.times[0] ?? 0);
  }

  peek(): T | undefined {
    return this.events[0];
  }

  push(time: number, event: T): void {
    const { events } = this;
    if (events.length === this.times.length) this.grow();
    const { times, orders } = this;
    const order = this.pushed++;
    let at = events.length;
    events.push(event);
    // The order is higher than any: only an earlier time moves it up.
    while (at > 0) {
      const parent = (at - 1) >> 2;
      const parentTime = times[parent] as number;
      if (parentTime <= time) break;
      times[at] = parentTime;
      orders[at] = orders[parent] as number;
      events[at] = events[parent] as T;
      at = parent;
    }
    times[at] = time;
    orders[at] = order;
    events[at] = event;
  }

  /** Takes the first away. */
  pop(): T | undefined {
    const { events, times, orders } = this;
    const [first] = events;
    const last = events.pop();
    const size = events.length;
    if (last === undefined || size === 0) return first;
    const time = times[size] as number;
    const order = orders[size] as number;
    let at = 0;
    for (;;) {
      const child = this.firstChild(at, size);
      if (child < 0 || !this.isBefore(child, time, order)) break;
      times[at] = times[child] as number;
      orders[at] = orders[child] as number;
      events[at] = events[child] as T;
      at = child;
    }
    times[at] = time;
    orders[at] = order;
    events[at] = last;
    return first;
  }

  /** Of the children of a place the one that is due first; −1: there is none. */
  private firstChild(at: number, size: number): number {
    const from = CHILDREN * at + 1;
    if (from >= size) return -1;
    const to = Math.min(from + CHILDREN, size);
    let best = from;
    for (let child = from + 1; child < to; child += 1) {
      if (this.isBefore(child, this.times[best] as number, this.orders[best] as number)) best = child;
    }
    return best;
  }

  private isBefore(at: number, time: number, order: number): boolean {
    const mine = this.times[at] as number;
    return mine < time || (mine === time && (this.orders[at] as number) < order);
  }

  private grow(): void {
    const times = new Float64Array(2 * this.times.length);
    times.set(this.times);
    this.times = times;
    const orders = new Float64Array(2 * this.orders.length);
    orders.set(this.orders);
    this.orders = orders;
  }
}
