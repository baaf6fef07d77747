/** Detects `many` occurrences within a time span, and until when that holds. Keeps the last `many` times. */
export class EventWindow {
  private readonly times: number[] = [];

  constructor(
    private readonly many: number,
    private readonly spanMs: number,
  ) {}

  /** It happened, at `now` in milliseconds. */
  add(now: number): void {
    this.times.push(now);
    if (this.times.length > this.many) this.times.shift();
  }

  /** When it stops having happened `many` times within the span; undefined when it did not. */
  manyUntil(): number | undefined {
    const [first] = this.times;
    return first === undefined || this.times.length < this.many ? undefined : first + this.spanMs;
  }
}
