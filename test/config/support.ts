import assert from 'node:assert/strict';
import { type Config, type ConfigError, type ConfigResult, loadConfig } from '../../src/config/config.js';

export interface Given {
  readonly options?: Record<string, string>;
  readonly env?: Record<string, string>;
  /** Path → contents. */
  readonly files?: Record<string, string>;
  readonly platform?: string;
}

export function load({ options = {}, env = {}, files = {}, platform = 'linux' }: Given): ConfigResult {
  const readFile = (path: string) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' });
    return text;
  };
  return loadConfig({ options, env: { HOME: '/home/pool', ...env }, readFile, platform });
}

export function good(given: Given): { readonly config: Config; readonly warnings: readonly string[] } {
  const result = load(given);
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.errors));
  return result;
}

export function bad(given: Given): readonly ConfigError[] {
  const result = load(given);
  assert.ok(!result.ok, 'it was accepted');
  return result.errors;
}

/** A YAML file's worth of settings. */
export function yaml(text: string): Given {
  return { options: { config: 'blockcast.yaml' }, files: { 'blockcast.yaml': text } };
}

/** The value at a dotted path. */
export function at(tree: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], tree);
}
