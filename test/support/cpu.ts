/**
 * The least processor time that a piece of work took in so many tries, milliseconds: what it would hold the event loop for. Time on the wall is
 * also that of whatever else the machine runs.
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
