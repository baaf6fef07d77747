/** Prometheus' own checker, for the tests that have it look; they are skipped, and say so, where it is not installed. */
import { spawnSync } from 'node:child_process';

/** Fit for a test's `skip`: false where promtool is found, the reason where it is not. */
export const NO_PROMTOOL: string | false =
  spawnSync('promtool', ['--version']).error === undefined ? false : 'promtool is not installed';

/** @returns its exit code, and all that it said */
export function promtool(
  args: readonly string[],
  input = '',
): { readonly code: number | null; readonly output: string } {
  const { status, stdout, stderr, error } = spawnSync('promtool', [...args], { input, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { code: status, output: stdout + stderr };
}
