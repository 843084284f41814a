import { expect } from 'vitest';
import type { Query } from '../../shared/types.js';

// What the records of the model test look like.

export interface Metadata {
  readonly n: number;
  readonly tag: string | null;
  readonly deep?: { readonly on: boolean };
}

export interface ModelRecord {
  readonly vector: Float32Array;
  readonly metadata: Metadata | undefined;
  readonly text: string | undefined;
}

type Filter = NonNullable<Query['filter']>;

/** Filters, and what they mean, said a second time. */
export const FILTERS: readonly [Filter, (metadata: Metadata | undefined) => boolean][] = [
  [{}, () => true],
  [{ n: 3 }, (m) => m?.n === 3],
  [{ n: { $gte: 2, $lt: 7 } }, (m) => m !== undefined && m.n >= 2 && m.n < 7],
  [{ tag: { $in: ['a', 'b'] } }, (m) => m?.tag === 'a' || m?.tag === 'b'],
  [{ tag: { $ne: 'a' } }, (m) => m?.tag !== 'a'],
  [{ 'deep.on': true }, (m) => m?.deep?.on === true],
  [{ deep: { $exists: false } }, (m) => m?.deep === undefined],
  [{ $or: [{ n: 0 }, { $not: { tag: 'c' } }] }, (m) => m?.n === 0 || m?.tag !== 'c'],
  [{ tag: null }, (m) => m !== undefined && m.tag === null],
  [{ n: 99 }, () => false],
];

export function within(value: number, expected: number, difference: number, about: string): void {
  if (Math.abs(value - expected) <= difference) return;
  expect.fail(`score or distance of ${about} is ${value}, not within ${difference} of ${expected}`);
}
