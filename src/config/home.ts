/** Expands a leading `~`: no shell does it for a configuration file or a container's environment. */

import { posix } from 'node:path';
import { PROBLEMS } from '../messages/configuration.js';

export type Expanded = { readonly ok: true; readonly path: string } | { readonly ok: false; readonly problem: string };

/** The path to open. A leading `~` is the home directory; `~name` (another user's) is not expanded. */
export function expandHome(path: string, home: string | undefined): Expanded {
  if (path !== '~' && !path.startsWith('~/')) return { ok: true, path };
  if (home === undefined) return { ok: false, problem: PROBLEMS['no-home'] };
  return { ok: true, path: posix.join(home, path.slice(1)) };
}
