/**
 * The data of the simulated internet: latency tables and the mix of hosts, from config/simulation/ of this package. A table that is put into
 * config/simulation/latency/ is known by its file's name.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import type { z } from 'zod';
import { packageFolder } from '../../adapters/package-folder.js';
import { errorCode } from '../../adapters/system-error.js';
import type { ConfigError } from '../../config/error.js';
import { parseTree } from '../../config/parse-tree.js';
import { type CheckedFile, explainIssue } from '../scenario-faults.js';
import { HOSTS_SCHEMA, hostsKeys, LATENCY_SCHEMA, latencyKeys } from './data-schema.js';
import type { HostMix } from './host-mix.js';
import { LatencyTable } from './latency-table.js';

export interface NetData {
  /** By name, in the order of names. All have the regions of the hosts. */
  readonly tables: ReadonlyMap<string, LatencyTable>;
  readonly hosts: HostMix;
}

export type Checked<T> =
  | { readonly ok: true; readonly data: T }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** Reads all data files of a folder, by default those of this package. Never throws for what a file contains. */
export function readNetData(folder = join(packageFolder(), 'config', 'simulation')): Checked<NetData> {
  const errors: ConfigError[] = [];
  const read = <T>(path: string, check: (path: string, text: string) => Checked<T>): T | undefined => {
    const checked = readText(path, check);
    if (checked.ok) return checked.data;
    errors.push(...checked.errors);
    return undefined;
  };
  const hostsPath = join(folder, 'hosts.yaml');
  const hosts = read(hostsPath, parseHosts);
  const tables = new Map<string, LatencyTable>();
  const listed = listFiles(join(folder, 'latency'));
  if (!listed.ok) errors.push(...listed.errors);
  for (const path of listed.ok ? listed.data : []) {
    const table = read(path, parseLatencyTable);
    if (table !== undefined) tables.set(nameOf(path), table);
    if (table !== undefined && hosts !== undefined) errors.push(...missingRegions(hosts, table, path, hostsPath));
  }
  if (hosts === undefined || errors.length > 0) return { ok: false, errors };
  return { ok: true, data: { tables, hosts } };
}

/** @param path as errors show it; its extension selects the syntax */
export function parseLatencyTable(path: string, text: string): Checked<LatencyTable> {
  const parsed = parse(path, text, LATENCY_SCHEMA, { what: 'a latency table', keys: latencyKeys });
  return parsed.ok ? { ok: true, data: new LatencyTable(parsed.data) } : parsed;
}

/** @param path as errors show it; its extension selects the syntax */
export function parseHosts(path: string, text: string): Checked<HostMix> {
  return parse(path, text, HOSTS_SCHEMA, { what: 'a file of hosts', keys: hostsKeys });
}

function parse<T extends z.ZodType>(
  path: string,
  text: string,
  schema: T,
  { what, keys }: Pick<CheckedFile, 'what' | 'keys'>,
): Checked<z.output<T>> {
  const parsed = parseTree(path, text);
  if (!parsed.ok) return fault({ key: what, from: path, problem: parsed.problem, remedy: 'Correct the file.' });
  const checked = schema.safeParse(parsed.tree);
  if (checked.success) return { ok: true, data: checked.data };
  const file = { what, tree: parsed.tree, from: path, keys };
  return { ok: false, errors: checked.error.issues.flatMap((issue) => explainIssue(issue, file)) };
}

function readText<T>(path: string, check: (path: string, text: string) => Checked<T>): Checked<T> {
  try {
    return check(path, readFileSync(path, 'utf8'));
  } catch (error) {
    return fault({
      key: basename(path),
      from: path,
      problem: `could not be read: ${errorCode(error)}`,
      remedy: RESTORE,
    });
  }
}

/** In the order of the names without their extensions. */
function byName(one: string, other: string): number {
  return nameOf(one) < nameOf(other) ? -1 : 1;
}

function nameOf(path: string): string {
  return basename(path, extname(path));
}

/** Paths of the tables, in the order of their names. */
function listFiles(folder: string): Checked<readonly string[]> {
  try {
    const names = readdirSync(folder).filter((name) => ['.yaml', '.yml', '.json', '.json5'].includes(extname(name)));
    if (names.length > 0) return { ok: true, data: names.sort(byName).map((name) => join(folder, name)) };
    return fault({ key: 'latency', from: folder, problem: 'has no latency table', remedy: RESTORE });
  } catch (error) {
    return fault({ key: 'latency', from: folder, problem: `could not be read: ${errorCode(error)}`, remedy: RESTORE });
  }
}

const RESTORE = 'Restore it from the package of blockcast.';

function fault(error: ConfigError): { readonly ok: false; readonly errors: readonly ConfigError[] } {
  return { ok: false, errors: [error] };
}

function missingRegions(hosts: HostMix, { regions }: LatencyTable, path: string, hostsPath: string): ConfigError[] {
  const named = new Set([...Object.keys(hosts.masternodes.regions), ...Object.keys(hosts.others.regions)]);
  return [...named]
    .filter((name) => !regions.includes(name))
    .map((name) => ({
      key: 'regions',
      from: path,
      problem: `has no ${name}, where ${hostsPath} has hosts`,
      remedy: `Give ${name} a row and a column, or its hosts another region.`,
    }));
}
