/** One line that shows how far a study is, and how long the rest will take at the speed so far. */
import { formatAge } from '../../dashboard/model/format.js';

const BAR = 30;
/** No estimate before: the first runs are slower, since the code is not yet compiled. */
const ESTIMATE_AFTER_MS = 1_000;

/** @param width columns of the terminal; the line is not longer */
export function progressLine(done: number, total: number, elapsedMs: number, width: number): string {
  const share = total === 0 ? 1 : done / total;
  const filled = Math.floor(share * BAR);
  const text = `${Math.floor(100 * share)} %, ${done} of ${total} runs${timeOf(done, total, elapsedMs)}`;
  return `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${text}`.slice(0, width);
}

function timeOf(done: number, total: number, elapsedMs: number): string {
  if (done === total) return ` in ${formatAge(elapsedMs)}`;
  if (done === 0 || elapsedMs < ESTIMATE_AFTER_MS) return '';
  return `, ${formatAge((elapsedMs / done) * (total - done))} left`;
}
