/**
 * The least processor time of several runs, ms: how long the work blocks the event loop. Wall time would include what else the
 * machine runs.
 */
export function leastCpuMs(tries: number, work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < tries; i += 1) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}
