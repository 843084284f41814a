import { isPlainObject, kindOf, type PlainObject, shown } from '../plain-object.js';
import { MalformedError } from './bounded-json.js';
import type { Stamp } from './protocol.js';

// Checks of parsed JSON; each throws `MalformedError` that names the place.

const STAMP = /^[0-9a-f]{32}$/;
const SHARD = /^(?:0|[1-9]\d{0,3})$/;

export function objectAt(value: unknown, where: string): PlainObject {
  if (isPlainObject(value)) return value;
  throw wrong(value, where, 'an object');
}

export function arrayAt(value: unknown, where: string, max = Number.POSITIVE_INFINITY): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(value, where, 'an array');
  if (value.length <= max) return value;
  throw new MalformedError(`${where} has ${value.length} elements; at most ${max} are taken.`);
}

export function stringAt(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  throw wrong(value, where, 'a string');
}

export function flagAt(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value;
  throw wrong(value, where, 'true or false');
}

/** A whole number from 0. */
export function countAt(value: unknown, where: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw wrong(value, where, 'a whole number from 0');
}

/** Finite, as all numbers in JSON. */
export function numberAt(value: unknown, where: string): number {
  if (Number.isFinite(value)) return value as number;
  throw wrong(value, where, 'a finite number');
}

export function choiceAt<T extends string>(value: unknown, where: string, choices: readonly T[]): T {
  if (choices.includes(value as T)) return value as T;
  throw wrong(value, where, `one of ${choices.join(', ')}`);
}

export function stampAt(value: unknown, where: string): Stamp {
  if (typeof value === 'string' && STAMP.test(value)) return value;
  throw wrong(value, where, '32 lower-case hex digits');
}

/** One member, by its name; none where it is undefined. */
export function optionalAt<K extends string, T>(
  member: { readonly [key in K]: unknown },
  where: string,
  check: (value: unknown, where: string) => T,
): { readonly [key in K]?: T } {
  const [[name, value]] = Object.entries(member) as [[K, unknown]];
  if (value === undefined) return {};
  const place = where === '' ? name : `${where}.${name}`;
  return { [name]: check(value, place) } as { readonly [key in K]: T };
}

/** The members of an object whose keys are numbers of shards. */
export function byShardAt<T>(
  value: unknown,
  where: string,
  member: (value: unknown, where: string) => T,
): Record<number, T> {
  const result: Record<number, T> = {};
  for (const [key, item] of Object.entries(objectAt(value, where))) {
    if (!SHARD.test(key)) throw new MalformedError(`${where} has the key ${shown(key)}, which is no shard.`);
    result[Number(key)] = member(item, `${where}.${key}`);
  }
  return result;
}

function wrong(value: unknown, where: string, expected: string): MalformedError {
  const what = typeof value === 'string' || typeof value === 'number' ? shown(value) : kindOf(value);
  return new MalformedError(`${where} is ${what}, not ${expected}.`);
}
