/** Places peers on the map around the centre of their country, without overlap and deterministically. O(n²) per round, for up to some hundred peers. */

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Spot<T> extends Place {
  readonly item: T;
}

const ROUNDS = 60;
/** The golden angle: successive points around a centre never line up. */
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));
/** The part of the way back to the centre that a point moves in each round. */
const PULL = 0.02;

/**
 * @param items in a stable order
 * @param middleOf the preferred place of an item
 * @param gap the distance between two items, in the map's units; approximate where it is crowded
 */
export function layOut<T>(items: readonly T[], middleOf: (item: T) => Place, gap: number): readonly Spot<T>[] {
  const count = new Map<string, number>();
  const points = items.map((item) => {
    const middle = middleOf(item);
    const key = `${middle.x},${middle.y}`;
    const nth = count.get(key) ?? 0;
    count.set(key, nth + 1);
    const [radius, angle] = [gap * 0.55 * Math.sqrt(nth), nth * GOLDEN_ANGLE];
    return { item, middle, x: middle.x + radius * Math.cos(angle), y: middle.y + radius * Math.sin(angle) };
  });
  for (let round = 0; round < ROUNDS; round++) {
    for (const point of points) {
      point.x += (point.middle.x - point.x) * PULL;
      point.y += (point.middle.y - point.y) * PULL;
    }
    for (const [i, a] of points.entries()) for (const b of points.slice(i + 1)) push(a, b, gap);
  }
  return points.map(({ item, x, y }) => ({ item, x: round1(x), y: round1(y) }));
}

/** Moves two points apart that are too close, each by half of the missing distance. */
function push(a: { x: number; y: number }, b: { x: number; y: number }, gap: number): void {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const distance = Math.hypot(dx, dy);
  if (distance >= gap) return;
  const missing = (gap - distance) / 2;
  const [ux, uy] = distance === 0 ? [1, 0] : [dx / distance, dy / distance];
  a.x -= ux * missing;
  a.y -= uy * missing;
  b.x += ux * missing;
  b.y += uy * missing;
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
