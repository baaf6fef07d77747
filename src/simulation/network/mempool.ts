/** How many of a block's transactions each node lacks: each node lacks each one with the same probability, independently. */
import { exp, type KeyedRandom } from '../random.js';
import type { SimBlock } from './block.js';
import type { NodeId } from './plan.js';

/** Above, the normal distribution is as good as Poisson's, which takes a step for each transaction. */
const NORMAL_FROM = 30;

/**
 * The same for a node and a block, whatever else is drawn.
 * @param overlap share of the transactions that a node has
 */
export function missingTransactions(draws: KeyedRandom, node: NodeId, block: SimBlock, overlap: number): number {
  const mean = block.transactions * (1 - overlap);
  const drawn =
    mean < NORMAL_FROM
      ? poisson(mean, draws.float(node, block.nth, 0))
      : Math.round(mean + Math.sqrt(mean) * draws.normal(node, block.nth));
  return Math.min(block.transactions, Math.max(0, drawn));
}

/** The inverse of Poisson's distribution at `share`, which is the approximation of the binomial one for rare events. */
function poisson(mean: number, share: number): number {
  let probability = exp(-mean);
  let sum = probability;
  let count = 0;
  while (sum <= share && probability > 0) {
    count += 1;
    probability *= mean / count;
    sum += probability;
  }
  return count;
}
