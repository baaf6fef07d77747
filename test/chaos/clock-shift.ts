/**
 * Loaded into a relay by `--import`: its wall clock is off by what stands in a file, in milliseconds, and jumps when that file changes.
 * The monotonic clock is left alone, as by somebody who sets the time.
 */
import { readFileSync, watchFile } from 'node:fs';

const file = process.env['CHAOS_CLOCK'] ?? '';
const wallClock = Date.now;
let shiftMs = 0;

function read(): void {
  shiftMs = Number(readFileSync(file, 'utf8'));
}

Date.now = () => wallClock() + shiftMs;
read();
watchFile(file, { interval: 10, persistent: false }, read);
