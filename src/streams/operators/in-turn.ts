import { type MonoTypeOperatorFunction, Observable, Subscription } from 'rxjs';

/** Lets a few in at once; the others wait, first come, first served. */
export class Turnstile<T> {
  private inside = 0;
  private readonly waiting = new Set<() => void>();
  private admitting = false;

  /** @param isThrough true for the value that shows that a stream needs its place no longer; its end does so in any case */
  constructor(
    private readonly places: number,
    readonly isThrough: (value: T) => boolean,
  ) {}

  /** Calls `go`, now or later. @returns what gives the place, or the wait for it, up; calling it twice does no harm */
  enter(go: () => void): () => void {
    let inside = false;
    const admit = () => {
      inside = true;
      this.inside += 1;
      go();
    };
    this.waiting.add(admit);
    this.admitWaiting();
    return () => {
      this.waiting.delete(admit);
      if (!inside) return;
      inside = false;
      this.inside -= 1;
      this.admitWaiting();
    };
  }

  /** A row, not a recursion: one that is let in may be through at once, and so may the next. */
  private admitWaiting(): void {
    if (this.admitting) return;
    this.admitting = true;
    try {
      for (const admit of this.waiting) {
        if (this.inside >= this.places) break;
        this.waiting.delete(admit);
        admit();
      }
    } finally {
      this.admitting = false;
    }
  }
}

/** Subscribes to the source when the turnstile lets it in. */
export function inTurn<T>(turnstile: Turnstile<T>): MonoTypeOperatorFunction<T> {
  return (source$) =>
    new Observable((subscriber) => {
      const subscription = new Subscription();
      let leave: (() => void) | undefined;
      let through = false;
      const passed = () => {
        through = true;
        leave?.();
      };
      leave = turnstile.enter(() => {
        subscription.add(
          source$.subscribe({
            next: (value) => {
              subscriber.next(value);
              if (!through && turnstile.isThrough(value)) passed();
            },
            error: (error) => subscriber.error(error),
            complete: () => subscriber.complete(),
          }),
        );
      });
      // It may have passed before it was known how to leave.
      if (through) leave();
      subscription.add(leave);
      return subscription;
    });
}
