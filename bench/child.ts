import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

type Tagged = { readonly type: string };

/** Longest wait for a message, milliseconds; a longer one is a bug of the bench. */
const PATIENCE_MS = 60_000;

/** Killed at exit: a stopped process does not notice that its parent has ended. */
const alive = new Set<ChildProcess>();
let isWatching = false;

function watchOver(child: ChildProcess): void {
  if (!isWatching) killAllAtExit();
  alive.add(child);
  child.once('exit', () => alive.delete(child));
}

function killAllAtExit(): void {
  isWatching = true;
  process.once('exit', () => {
    for (const child of alive) child.kill('SIGKILL');
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

/** A forked script of the bench. Both sides exchange tagged messages; those that arrive early are kept. */
export class Child<Heard extends Tagged, Said extends Tagged = never> {
  private readonly process: ChildProcess;
  private readonly kept: Heard[] = [];
  private readonly waiting = new Map<string, (message: Heard) => void>();
  private isHalted = false;

  /**
   * @param script relative to this file
   * @param plan the script's task; it reads it with {@link planOf}
   * @param execArgv options of Node, such as `--cpu-prof`
   */
  constructor(
    private readonly script: string,
    plan: object,
    execArgv: readonly string[] = [],
  ) {
    this.process = fork(fileURLToPath(new URL(script, import.meta.url)), [JSON.stringify(plan)], {
      execArgv: ['--enable-source-maps', ...execArgv],
      serialization: 'advanced',
    });
    watchOver(this.process);
    this.process.on('message', (message) => this.hear(message as Heard));
  }

  /** @throws Error when the process could not be started */
  get pid(): number {
    const { pid } = this.process;
    if (pid === undefined) throw new Error(`${this.script} could not be started`);
    return pid;
  }

  /** Stops the process (SIGSTOP) until it is resumed or ended. Not on Windows. */
  halt(): void {
    if (this.isHalted) return;
    this.isHalted = this.process.kill('SIGSTOP');
  }

  resume(): void {
    if (this.isHalted) this.process.kill('SIGCONT');
    this.isHalted = false;
  }

  say(message: Said): void {
    this.process.send(message);
  }

  /**
   * The next message with this tag. One wait for a tag at a time.
   * @throws Error when the process ends first, or no message arrives in time
   */
  async next<T extends Heard['type']>(type: T): Promise<Extract<Heard, { type: T }>> {
    const place = this.kept.findIndex((message) => message.type === type);
    const message = place < 0 ? await this.wait(type) : this.kept.splice(place, 1)[0];
    return message as Extract<Heard, { type: T }>;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exit = once(this.process, 'exit');
    this.resume();
    this.process.disconnect();
    await exit;
  }

  private hear(message: Heard): void {
    const waiting = this.waiting.get(message.type);
    this.waiting.delete(message.type);
    if (waiting === undefined) this.kept.push(message);
    else waiting(message);
  }

  private wait(type: string): Promise<Heard> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${this.script}: no "${type}": ${why}`));
      const onExit = () => fail('the process ended');
      const timer = setTimeout(() => fail(`nothing in ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
      this.process.once('exit', onExit);
      this.waiting.set(type, (message) => {
        clearTimeout(timer);
        this.process.off('exit', onExit);
        resolve(message);
      });
    });
  }
}

/** In a forked script: its task. The process ends when the parent disconnects. */
export function planOf<Plan>(): Plan {
  process.on('disconnect', () => process.exit());
  return JSON.parse(process.argv[2] ?? '{}');
}

/** In a forked script: sends a message to the parent. */
export function emit<Said extends Tagged>(message: Said): void {
  process.send?.(message);
}
