import { type MonoTypeOperatorFunction, Observable, Subscription } from 'rxjs';

/** Limits how many streams run at once. Those beyond the limit wait, first come, first served. */
export class Semaphore<T> {
  private held = 0;
  private readonly waiting = new Set<() => void>();
  private granting = false;

  /** @param releases true for the value after which a stream needs its permit no longer; its end releases it in any case */
  constructor(
    private readonly permits: number,
    readonly releases: (value: T) => boolean,
  ) {}

  /** Calls `go`, now or later. @returns a function that gives up the permit, or the wait for it; calling it twice does no harm */
  acquire(go: () => void): () => void {
    let isHeld = false;
    const grant = () => {
      isHeld = true;
      this.held += 1;
      go();
    };
    this.waiting.add(grant);
    this.grantWaiting();
    return () => {
      this.waiting.delete(grant);
      if (!isHeld) return;
      isHeld = false;
      this.held -= 1;
      this.grantWaiting();
    };
  }

  /** A loop, not a recursion: a stream may release its permit at once, and so may the next. */
  private grantWaiting(): void {
    if (this.granting) return;
    this.granting = true;
    try {
      for (const grant of this.waiting) {
        if (this.held >= this.permits) break;
        this.waiting.delete(grant);
        grant();
      }
    } finally {
      this.granting = false;
    }
  }
}

/** Subscribes to the source once the semaphore grants a permit. */
export function withPermit<T>(semaphore: Semaphore<T>): MonoTypeOperatorFunction<T> {
  return (source$) =>
    new Observable((subscriber) => {
      const subscription = new Subscription();
      let release: (() => void) | undefined;
      let isReleased = false;
      const giveUp = () => {
        isReleased = true;
        release?.();
      };
      release = semaphore.acquire(() => {
        subscription.add(
          source$.subscribe({
            next: (value) => {
              subscriber.next(value);
              if (!isReleased && semaphore.releases(value)) giveUp();
            },
            error: (error) => subscriber.error(error),
            complete: () => subscriber.complete(),
          }),
        );
      });
      // The source may have emitted the releasing value before `release` was assigned.
      if (isReleased) release();
      subscription.add(release);
      return subscription;
    });
}
