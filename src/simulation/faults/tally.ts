/** Counts what a campaign has played, and says it in lines. */
import type { SeedReport } from './campaign.js';
import { BLOCK_KINDS, type BlockKind, FAULT_KINDS, type FaultKind } from './fault.js';
import { planOf } from './plan.js';

export class Tally {
  readonly failed: SeedReport[] = [];
  private readonly faults = new Map<FaultKind, number>(FAULT_KINDS.map((kind) => [kind, 0]));
  private readonly blocks = new Map<BlockKind, number>(BLOCK_KINDS.map((kind) => [kind, 0]));
  private seeds = 0;
  private found = 0;
  private observations = 0;
  private virtualSeconds = 0;

  add(report: SeedReport): void {
    const plan = planOf(report.seed);
    this.seeds += 1;
    this.found += report.blocks;
    this.observations += report.observations;
    this.virtualSeconds += report.seconds;
    for (const { kind } of plan.faults) this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
    for (const { kind } of plan.blocks) this.blocks.set(kind, (this.blocks.get(kind) ?? 0) + 1);
    if (report.violation !== undefined) this.failed.push(report);
  }

  /** @param total seeds in all @param elapsedMs since the campaign began */
  progress(total: number, elapsedMs: number): string {
    const failed = this.failed.length === 0 ? '' : `, ${this.failed.length} failed`;
    return `${this.seeds} of ${total} seeds${failed}, ${this.rate(elapsedMs)} a second`;
  }

  summary(elapsedMs: number): readonly string[] {
    const seconds = (elapsedMs / 1_000).toFixed(1);
    const hours = (this.virtualSeconds / 3_600).toFixed(1);
    return [
      `${this.seeds} seeds in ${seconds} s, ${this.rate(elapsedMs)} a second: ${hours} hours of virtual time, ${this.observations} observations`,
      `faults: ${counts(this.faults)}`,
      `blocks: ${this.found} found by the pool; ${counts(this.blocks)}`,
      this.failed.length === 0
        ? 'no invariant was violated'
        : `failed: ${this.failed.map(({ seed }) => seed).join(', ')}`,
    ];
  }

  private rate(elapsedMs: number): string {
    return (this.seeds / Math.max(0.001, elapsedMs / 1_000)).toFixed(1);
  }
}

function counts(by: ReadonlyMap<string, number>): string {
  const seen = [...by].filter(([, count]) => count > 0);
  return seen.map(([kind, count]) => `${kind} ${count}`).join(', ');
}

/** What a failed seed is told with. @param options of the campaign, to be repeated */
export function describeFailure({ seed, violation }: SeedReport, options: string): readonly string[] {
  return [
    `seed ${seed}: ${violation?.invariant}: ${violation?.detail}`,
    `  to see it: npm run simulate:faults -- --seed ${seed}${options} --verbose`,
  ];
}
