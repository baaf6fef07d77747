import { type MonoTypeOperatorFunction, Observable, Subscription } from 'rxjs';

/** Lets a few in at once; the others wait, first come, first served. */
export class Turnstile<T> {
  private inside = 0;
  private readonly waiting = new Set<() => void>();

  /** @param isThrough true for the value that shows that a stream needs its place no longer; its end does so in any case */
  constructor(
    private readonly places: number,
    readonly isThrough: (value: T) => boolean,
  ) {}

  /** Calls `go`, now or later. @returns what gives the place, or the wait for it, up; calling it twice does no harm */
  enter(go: () => void): () => void {
    let state: 'waiting' | 'inside' | 'gone' = 'waiting';
    const admit = () => {
      state = 'inside';
      this.inside += 1;
      go();
    };
    const leave = () => {
      this.waiting.delete(admit);
      const wasInside = state === 'inside';
      state = 'gone';
      if (wasInside) {
        this.inside -= 1;
        this.admitNext();
      }
    };
    if (this.inside < this.places) admit();
    else this.waiting.add(admit);
    return leave;
  }

  private admitNext(): void {
    const [next] = this.waiting;
    if (next === undefined || this.inside >= this.places) return;
    this.waiting.delete(next);
    next();
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
