/** Reads a scenario file: YAML, JSON or JSON5, as the configuration. All errors are reported at once. */
import type { ConfigError } from '../config/error.js';
import { parseTree } from '../config/parse-tree.js';
import { SCENARIOS } from '../messages/simulation.js';
import type { Scenario } from './scenario.js';
import { explainIssue, faultsOf } from './scenario-faults.js';
import { type Catalogue, keysOf, type ScenarioContent, scenarioSchema } from './scenario-schema.js';

/** The studies of one scenario file. */
export interface StudyPlan {
  readonly name: string;
  /** One line; may be empty. */
  readonly description: string;
  readonly seed: number;
  /** Simulated blocks of each contender in each scenario. */
  readonly runs: number;
  readonly contenders: readonly string[];
  /** One for each latency table and size of block: all sizes with the first table, then with the next. */
  readonly scenarios: readonly Scenario[];
}

export type PlanResult =
  | { readonly ok: true; readonly plan: StudyPlan }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

export interface ScenarioText {
  /** As errors show it. Its extension selects the syntax. */
  readonly path: string;
  readonly text: string;
  /** As reports show it. */
  readonly name: string;
}

/** What the command line gives instead of the file; numbers are within the bounds of the schema. */
export interface Overrides {
  readonly seed?: number;
  readonly runs?: number;
  readonly contenders?: string[];
}

/** Parses a scenario file and checks it. Never throws. */
export function readPlan({ path, text, name }: ScenarioText, overrides: Overrides, catalogue: Catalogue): PlanResult {
  const parsed = parseTree(path, text);
  if (!parsed.ok) return failure(path, parsed);
  if (parsed.tree === null || parsed.tree === undefined) return failure(path, SCENARIOS.empty);
  const checked = scenarioSchema(catalogue).safeParse(parsed.tree);
  if (!checked.success) {
    const keys = (section: readonly PropertyKey[]) => keysOf(section, catalogue);
    const file = { what: 'a scenario', tree: parsed.tree, from: path, keys };
    const errors = checked.error.issues.flatMap((issue) => explainIssue(issue, file));
    // A huge number is neither an integer nor within its bounds: zod reports both.
    return {
      ok: false,
      errors: [...new Map(errors.map((error) => [`${error.key} ${error.problem}`, error])).values()],
    };
  }
  const content: ScenarioContent = { ...checked.data, ...overrides };
  const errors = faultsOf(content, catalogue, (key) => (Object.hasOwn(overrides, key) ? `--${key}` : path));
  if (errors.length > 0) return { ok: false, errors };
  const { description, seed, runs, contenders } = content;
  return { ok: true, plan: { name, description, seed, runs, contenders, scenarios: scenariosOf(content) } };
}

function failure(path: string, { problem, remedy }: Pick<ConfigError, 'problem' | 'remedy'>): PlanResult {
  return { ok: false, errors: [{ key: 'scenario', from: path, problem, remedy }] };
}

function scenariosOf({
  latency,
  blockBytes,
  network,
  pool,
  mempoolOverlap,
  rival,
  contenders,
}: ScenarioContent): Scenario[] {
  const headStartsMs = rival.headStartsMs.toSorted((a, b) => a - b);
  return latency.flatMap((table) =>
    blockBytes.map((bytes) => ({
      latency: table,
      blockBytes: bytes,
      network,
      pool,
      mempoolOverlap,
      rival: { headStartsMs },
      contenders,
    })),
  );
}
