/**
 * The subjects and streams of a cluster. A relay publishes under its own name alone, and the servers see to that (docs/cluster.md, the
 * accounts): so the subject says who a message is from. The cluster's name keeps two clusters on one server apart.
 *
 *   blockcast.<cluster>.block.<relay>            a found block, raw
 *   blockcast.<cluster>.relay.<relay>            RelayNews
 *   blockcast.<cluster>.record.<relay>.<hash>    BlockNews
 */
import { HASH } from '../contracts/hash.js';

export interface ClusterNames {
  readonly name: string;
  /** This relay's. */
  readonly relay: string;
}

const ROOT = 'blockcast';
const WORD = /^[A-Za-z0-9_-]{1,32}$/;

export function blockSubject({ name, relay }: ClusterNames): string {
  return `${ROOT}.${name}.block.${relay}`;
}

export function relaySubject({ name, relay }: ClusterNames): string {
  return `${ROOT}.${name}.relay.${relay}`;
}

export function recordSubject({ name, relay }: ClusterNames, hash: string): string {
  return `${ROOT}.${name}.record.${relay}.${hash}`;
}

/** Everything of the cluster. */
export function allSubjects(name: string): string {
  return `${ROOT}.${name}.>`;
}

export interface StreamNames {
  /** Found blocks, for relays that were away. */
  readonly blocks: string;
  /** The last news of each relay, and its last record of each block. */
  readonly state: string;
}

export function streamNames(name: string): StreamNames {
  return { blocks: `${ROOT}-${name}-blocks`, state: `${ROOT}-${name}-state` };
}

/** Which subjects each stream stores. */
export function streamSubjects(name: string): Readonly<Record<keyof StreamNames, readonly string[]>> {
  return { blocks: [`${ROOT}.${name}.block.*`], state: [`${ROOT}.${name}.relay.*`, `${ROOT}.${name}.record.*.*`] };
}

export type Topic =
  | { readonly kind: 'block' | 'relay'; readonly relay: string }
  | { readonly kind: 'record'; readonly relay: string; readonly hash: string };

/** @returns undefined for what is no subject of the cluster */
export function parseSubject(subject: string, name: string): Topic | undefined {
  const [root, cluster, kind, relay = '', hash = '', ...more] = subject.split('.');
  if (root !== ROOT || cluster !== name || !WORD.test(relay) || more.length > 0) return undefined;
  if (kind === 'record') return HASH.test(hash) ? { kind, relay, hash } : undefined;
  return (kind === 'block' || kind === 'relay') && hash === '' ? { kind, relay } : undefined;
}
