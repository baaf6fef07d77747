/** The scenarios that come with blockcast: the files of `config/scenarios/` in its package, wherever it is installed. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../adapters/package-folder.js';

const ENDING = '.yaml';

/** Their names, with the paths of their files; the default first. @throws Error when the package is incomplete */
export function shippedScenarios(): ReadonlyMap<string, string> {
  const folder = join(packageFolder(), 'config', 'scenarios');
  const names = readdirSync(folder)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .sort((a, b) => Number(b === DEFAULT_SCENARIO) - Number(a === DEFAULT_SCENARIO) || (a < b ? -1 : 1));
  return new Map(names.map((name) => [name, join(folder, name + ENDING)]));
}

export const DEFAULT_SCENARIO = 'default';
