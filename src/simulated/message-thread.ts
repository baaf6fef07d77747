/**
 * dashd handles the messages of all its peers in one thread, in which it also checks and connects blocks: meanwhile all messages wait.
 * Source: Dash Core `net.cpp`, `ThreadMessageHandler`.
 */
export class MessageThread {
  private readonly waiting: (() => void)[] = [];
  private isHeld = false;
  private isDraining = false;

  /** Runs a task, at once or when those before it are done. */
  run(task: () => void): void {
    this.waiting.push(task);
    this.drain();
  }

  /** Occupies the thread. @returns a function that lets it go on */
  hold(): () => void {
    this.isHeld = true;
    return () => {
      this.isHeld = false;
      this.drain();
    };
  }

  private drain(): void {
    if (this.isDraining) return;
    this.isDraining = true;
    try {
      while (!this.isHeld) {
        const next = this.waiting.shift();
        if (next === undefined) return;
        next();
      }
    } finally {
      this.isDraining = false;
    }
  }
}
