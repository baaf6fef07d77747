import { distance } from 'fastest-levenshtein';

/** The candidate of which `word` is most likely a misspelling; undefined when all differ in more than a third of its letters. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.floor(word.length / 3) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const differing = distance(word.toLowerCase(), candidate.toLowerCase());
    if (differing < bestDistance) [best, bestDistance] = [candidate, differing];
  }
  return best;
}
