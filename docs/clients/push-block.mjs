/**
 * Pushes found blocks to blockcast, again and again until the relay says that they are safe. Needs the package `zeromq`.
 *
 * In a pool: make one BlockPusher when the pool starts, and call push() when a block is found.
 * By hand:   node push-block.mjs <file with the raw block> <its hash> [received|stored]
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { Push, Subscriber } from 'zeromq';

export class BlockPusher {
  // `immediate`: a relay that is away gets the newest push, not a hundred copies of it.
  #pool = new Push({ immediate: true, linger: 0, sendTimeout: 0 });
  #events = new Subscriber({ linger: 0 });
  #waiting = new Set();

  constructor(pool = 'tcp://127.0.0.1:28500', events = 'tcp://127.0.0.1:28501') {
    this.#events.connect(events);
    this.#events.subscribe();
    this.#pool.connect(pool);
    void this.#listen();
  }

  /**
   * @param hash the block's hash, as dashd prints it
   * @param until `received`: the block survives a crash of the relay; `stored`: it survives a loss of power, too
   * @returns the event that ended the wait, or undefined when there was none in time. A block that is refused is not pushed again
   */
  async push(raw, hash, { until = 'received', againAfterMs = 1_000, giveUpAfterMs = 600_000 } = {}) {
    const sha256 = createHash('sha256').update(raw).digest('hex');
    const deadline = performance.now() + giveUpAfterMs;
    let answer;
    let wake;
    const take = (event) => {
      if (!ends(event, hash, sha256, until)) return;
      answer = event;
      wake?.();
    };
    this.#waiting.add(take);
    while (answer === undefined && performance.now() < deadline) {
      // Rejected while the relay is away: the next turn tries again.
      await this.#pool.send(raw).catch(() => undefined);
      if (answer !== undefined) break;
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, againAfterMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#waiting.delete(take);
    return answer;
  }

  close() {
    this.#pool.close();
    this.#events.close();
  }

  async #listen() {
    for await (const [message] of this.#events) {
      const event = JSON.parse(message.toString());
      for (const take of this.#waiting) take(event);
    }
  }
}

function ends(event, hash, sha256, until) {
  if (event.type === 'refused') return event.sha256 === sha256;
  if (event.hash !== hash) return false;
  if (event.type === 'stored') return true;
  if (event.type === 'repeated' && event.stored === true) return true;
  // With `unspooled` the relay could not write the block to its disk: it has it in memory alone.
  const isTaken = event.type === 'received' || event.type === 'repeated';
  return until === 'received' && isTaken && event.unspooled === undefined;
}

const [, script, file, hash, until, ...endpoints] = process.argv;
if (script !== undefined && import.meta.url === pathToFileURL(script).href) {
  const pusher = new BlockPusher(...endpoints);
  // A pool has been connected for hours when it finds a block; this process has not.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const answer = await pusher.push(await readFile(file), hash, { until });
  console.log(JSON.stringify(answer ?? null));
  pusher.close();
  process.exitCode = answer === undefined || answer.type === 'refused' ? 1 : 0;
}
