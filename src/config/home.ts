/** `~/` is the shell's doing, which files and container environments do without. */
import { posix } from 'node:path';

export type Expanded = { readonly ok: true; readonly path: string } | { readonly ok: false; readonly problem: string };

/** A path as it is opened. `~` at its start is the home directory; another user's (`~name`) is not looked for. */
export function expandHome(path: string, home: string | undefined): Expanded {
  if (path !== '~' && !path.startsWith('~/')) return { ok: true, path };
  if (home === undefined) return { ok: false, problem: 'starts with ~, and the environment has no HOME' };
  return { ok: true, path: posix.join(home, path.slice(1)) };
}
