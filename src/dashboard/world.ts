/**
 * The world map as dots, computed when the dashboard is built, so that the browser gets one SVG path. Borders are from Natural Earth (public
 * domain), from the package world-atlas.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { geoArea, geoNaturalEarth1, geoPath } from 'd3-geo';
import { feature } from 'topojson-client';

export interface World {
  readonly width: number;
  readonly height: number;
  /** From one dot to the next in a row. */
  readonly pitch: number;
  /** One line for each run of dots, to be drawn dashed by the pitch. */
  readonly land: string;
  /** Of each country its middle, by ISO 3166-1 alpha-2 code. */
  readonly countries: Readonly<Record<string, readonly [x: number, y: number]>>;
}

type Ring = (readonly [x: number, y: number])[];

const WIDTH = 1_000;
const PITCH = 7.8;
const ROW = PITCH * 0.866;
/** The Antarctic is cut off: it has no peers, and would take a fifth of the height. */
const SOUTH = -56;
const NORTH = 80;

const require = createRequire(import.meta.url);

/** @throws Error when world-atlas is not installed */
export function makeWorld(): World {
  const projection = geoNaturalEarth1().precision(0.1).rotate([-10, 0]).fitWidth(WIDTH, { type: 'Sphere' });
  const top = projection([10, NORTH])?.[1] ?? 0;
  const [x, y] = projection.translate();
  projection.translate([x, y - top]);
  const height = Math.ceil(projection([10, SOUTH])?.[1] ?? 0);
  const rings: Ring[] = [];
  geoPath(projection, collector(rings))(shapes(LAND, 'land'));
  return { width: WIDTH, height, pitch: PITCH, land: dots(rings, height), countries: middles(projection) };
}

type Topology = Parameters<typeof feature>[0];
type Collection = Extract<Topology['objects'][string], { type: 'GeometryCollection' }>;

const LAND = require.resolve('world-atlas/land-110m.json');
/** Finer, for the sake of small countries. */
const COUNTRIES = require.resolve('world-atlas/countries-50m.json');

function shapes(file: string, name: string) {
  const topology = JSON.parse(readFileSync(file, 'utf8')) as Topology;
  return feature(topology, topology.objects[name] as Collection);
}

/** Takes the place of a canvas, and keeps the outlines drawn on it. */
function collector(rings: Ring[]) {
  return {
    moveTo: (x: number, y: number) => {
      rings.push([[x, y]]);
    },
    lineTo: (x: number, y: number) => {
      rings.at(-1)?.push([x, y]);
    },
    arc: () => undefined,
    closePath: () => undefined,
    beginPath: () => undefined,
  };
}

function dots(rings: readonly Ring[], height: number): string {
  let path = '';
  for (let row = 0; row * ROW < height; row++) {
    const y = (row + 0.5) * ROW;
    const start = row % 2 === 0 ? 0 : PITCH / 2;
    const crossings = crossingsAt(rings, y);
    for (let i = 0; i + 1 < crossings.length; i += 2) path += run(start, crossings[i] ?? 0, crossings[i + 1] ?? 0, y);
  }
  return path;
}

/** Where the outlines cross a row: between the first and the second is land, between the second and the third none. */
function crossingsAt(rings: readonly Ring[], y: number): number[] {
  const found: number[] = [];
  for (const ring of rings) {
    for (const [i, [x1, y1]] of ring.entries()) {
      const [x2, y2] = ring[(i + 1) % ring.length] ?? [x1, y1];
      if (y1 > y !== y2 > y) found.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
    }
  }
  return found.sort((a, b) => a - b);
}

/** The dots of the grid between two places. A hair is added, so that rounding does not take the last dot. */
function run(start: number, from: number, to: number, y: number): string {
  const first = start + Math.ceil((from - start) / PITCH) * PITCH;
  const count = Math.floor((to - first) / PITCH);
  return count < 0 ? '' : `M${first.toFixed(1)} ${y.toFixed(1)}h${(count * PITCH + 0.1).toFixed(1)}`;
}

/** Of the largest piece of each country: a country's middle would else lie in the sea for the sake of its islands. */
function middles(projection: ReturnType<typeof geoNaturalEarth1>): World['countries'] {
  const path = geoPath(projection);
  const found: Record<string, readonly [number, number]> = {};
  const { features } = shapes(COUNTRIES, 'countries');
  for (const { id, geometry } of features) {
    const code = alpha2(id);
    if (code === undefined || found[code] !== undefined) continue;
    const [x, y] = path.centroid(largest(geometry));
    found[code] = [Math.round(x * 10) / 10, Math.round(y * 10) / 10];
  }
  return found;
}

type Geometry = ReturnType<typeof shapes>['features'][number]['geometry'];

function largest(geometry: Geometry): Geometry {
  if (geometry.type !== 'MultiPolygon') return geometry;
  const pieces = geometry.coordinates.map((coordinates): Geometry => ({ type: 'Polygon', coordinates }));
  return pieces.reduce((best, piece) => (geoArea(piece) > geoArea(best) ? piece : best));
}

/** Countries are numbered in the atlas; the Unicode aliases of regions know the letters. */
function alpha2(id: string | number | undefined): string | undefined {
  const region = /^\d{3}$/.test(String(id)) ? new Intl.Locale(`und-${id}`).region : undefined;
  return region !== undefined && /^[A-Z]{2}$/.test(region) ? region : undefined;
}
