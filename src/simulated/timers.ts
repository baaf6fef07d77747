/** The delays of simulated links; tests replace them by immediate ones. */
export interface Timers {
  /**
   * Runs `action` after `ms` milliseconds; actions with the same delay run in the order of the calls.
   * @returns a function that cancels the action
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
