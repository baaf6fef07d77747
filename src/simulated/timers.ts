/** Lets a simulated link take time; a test hands in one that takes none. */
export interface Timers {
  /**
   * Runs `action` after `ms` milliseconds; actions with the same delay run in the order they were given.
   * @returns cancels it
   */
  after(ms: number, action: () => void): () => void;
}

export const realTimers: Timers = {
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};
