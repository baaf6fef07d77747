/**
 * Loaded into a relay with `--import`: shifts its wall clock by the milliseconds in a file, and again when that file changes. The monotonic
 * clock is not shifted, as when somebody sets the time.
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
