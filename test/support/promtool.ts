/** Prometheus' promtool. Tests that use it are skipped, with the reason, where it is not installed. */
import { spawnSync } from 'node:child_process';

/** A value for a test's `skip`: false where promtool is installed, otherwise the reason. */
export const NO_PROMTOOL: string | false =
  spawnSync('promtool', ['--version']).error === undefined ? false : 'promtool is not installed';

/** @returns its exit code and its output */
export function promtool(
  args: readonly string[],
  input = '',
): { readonly code: number | null; readonly output: string } {
  const { status, stdout, stderr, error } = spawnSync('promtool', [...args], { input, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { code: status, output: stdout + stderr };
}
