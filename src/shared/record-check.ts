import type { Problem } from './errors.js';
import { nearestWord } from './nearest-word.js';
import { kindOf, shown } from './plain-object.js';
import { utf8Length } from './string-column.js';
import type { Metric } from './types.js';

// What is wrong with one part of a record or query; `undefined` if nothing is. The one place for these rules.

export type Fault = Pick<Problem, 'code' | 'message'>;

const MAX_ID_BYTES = 512;

/**
 * Largest Euclidean norm of a vector. Two of them have a dot product of at most 2^124 and a squared distance of at
 * most (2·2^62)² = 2^126 (Cauchy-Schwarz; it bounds the partial sums, too), below float32's 2^128, so no score of
 * any kernel overflows.
 */
export const MAX_NORM = 2 ** 62;

/**
 * Smallest norm under cosine: its square, 2^-124, is above float32's smallest normal number, 2^-126, so that
 * normalising keeps the direction.
 */
export const MIN_COSINE_NORM = 2 ** -62;

export function invalid(message: string): Fault {
  return { code: 'INVALID_ARGUMENT', message };
}

/** Several faults of one record as one, with the code of the first; `undefined` if there is none. */
export function joinFaults(faults: readonly Fault[]): Fault | undefined {
  if (faults.length < 2) return faults[0];
  return { code: faults[0]!.code, message: faults.map((fault) => fault.message).join(' Also: ') };
}

/** For data whose getter or proxy throws. */
export function unreadable(what: string, error: unknown): Fault {
  const reason = error instanceof Error ? error.message : typeof error;
  return invalid(`${what} could not be read (${reason}). Its getters or proxies throw. Give plain data.`);
}

export function idProblem(id: unknown): Fault | undefined {
  if (typeof id !== 'string') {
    const advice =
      typeof id === 'number' || typeof id === 'bigint'
        ? 'Use String(id)'
        : 'Give each record a string of its own';
    return invalid(`id is ${kindOf(id)}. Records are found again by it, and ids are strings. ${advice}.`);
  }
  if (id === '')
    return invalid(
      'id is an empty string. Records are found again by it. Give each record a string of its own.',
    );
  // A UTF-16 code unit is at most 3 bytes.
  if (id.length * 3 > MAX_ID_BYTES) {
    const bytes = utf8Length(id);
    if (bytes > MAX_ID_BYTES) {
      return invalid(
        `id is ${bytes} bytes of UTF-8, more than ${MAX_ID_BYTES}. All ids are held in memory. Use a shorter id, such as a hash of this one.`,
      );
    }
  }
  if (!isWellFormed(id)) return invalid(loneSurrogate('id'));
  return undefined;
}

/** Checks a text that is given. */
export function textProblem(text: unknown): Fault | undefined {
  if (typeof text !== 'string')
    return invalid(
      `text is ${kindOf(text)}. Only strings can be stored and embedded. Give a string or leave it out.`,
    );
  if (text === '')
    return invalid('text is an empty string. It has no meaning to embed. Give a text or leave it out.');
  if (!isWellFormed(text)) return invalid(loneSurrogate('text'));
  return undefined;
}

/**
 * Checks a vector that is given, but not the values in it (see `rowProblem`): a Float32Array, a Float64Array or an
 * array of numbers, `dimension` long.
 */
export function vectorShapeProblem(vector: unknown, dimension: number): Fault | undefined {
  const isArray = Array.isArray(vector);
  if (!isArray && !isFloatArray(vector))
    return invalid(`vector is ${kindOf(vector)}. ${vectorAdvice(vector)}`);
  if (vector.length !== dimension) {
    return {
      code: 'DIMENSION_MISMATCH',
      message:
        `vector has ${vector.length} numbers, the collection's dimension is ${dimension}. Vectors of another length come from another model ` +
        "and cannot be compared. Use the collection's model, or a collection of that dimension.",
    };
  }
  if (isArray) {
    for (let i = 0; i < dimension; i++) {
      if (typeof vector[i] !== 'number') {
        return invalid(
          `vector[${i}] is ${kindOf(vector[i])}. Every component is a number. Convert the vector to numbers first.`,
        );
      }
    }
  }
  return undefined;
}

/** Checks a vector that is given, with its values. */
export function vectorProblem(vector: unknown, dimension: number, metric: Metric): Fault | undefined {
  const fault = vectorShapeProblem(vector, dimension);
  if (fault !== undefined) return fault;
  const row = vector as ArrayLike<number>;
  return rowProblem(float32Norm(row, 0, dimension), metric, row);
}

/**
 * Says what is wrong with a row of `dimension` numbers, given its Euclidean norm in double precision over the
 * float32 values (NaN or Infinity if any component is). With the row, the message can name the component.
 */
export function rowProblem(norm: number, metric: Metric, row?: ArrayLike<number>): Fault | undefined {
  if (norm <= MAX_NORM && (metric !== 'cosine' || norm >= MIN_COSINE_NORM)) return undefined;
  if (!Number.isFinite(norm)) {
    return invalid(
      `${notFinite(row)}. Distances to it would be NaN and the order of results undefined. Find out why the model gave it, and leave the record out.`,
    );
  }
  if (norm > MAX_NORM) {
    return invalid(
      `vector has the norm ${norm.toPrecision(3)}, more than 2^62 (4.61e18). Scores are computed in float32, where products of such vectors overflow. Scale the vectors down.`,
    );
  }
  if (norm === 0) {
    return invalid(
      'vector is all zeros. It has no direction, so its cosine is undefined. Leave the record out, or use a collection with metric dot or l2.',
    );
  }
  return invalid(
    `vector has the norm ${norm.toPrecision(3)}, less than 2^-62 (2.17e-19). Its squares vanish in float32, and its direction with them. Scale the vectors up (cosine does not change).`,
  );
}

/** Euclidean norm of values[start, end) once rounded to float32, in double precision. */
export function float32Norm(values: ArrayLike<number>, start: number, end: number): number {
  if (values instanceof Float32Array) return normOfFloat32(values, start, end);
  let sum = 0;
  for (let i = start; i < end; i++) {
    const value = Math.fround(values[i]!);
    sum += value * value;
  }
  return Math.sqrt(sum);
}

/** Apart, so that the engine compiles it for this array type alone; four sums need not wait for one another. */
function normOfFloat32(values: Float32Array, start: number, end: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = start;
  for (; i + 3 < end; i += 4) {
    a += values[i]! * values[i]!;
    b += values[i + 1]! * values[i + 1]!;
    c += values[i + 2]! * values[i + 2]!;
    d += values[i + 3]! * values[i + 3]!;
  }
  for (; i < end; i++) a += values[i]! * values[i]!;
  return Math.sqrt(a + b + (c + d));
}

/** Names the keys that are not known, and the ones they may have meant. */
export function unknownKeyProblem(
  value: object,
  known: readonly string[],
  meant: ReadonlyMap<string, string>,
  advice: string,
): Fault | undefined {
  let keys: string[] | undefined;
  for (const key in value) {
    if (
      known.includes(key) ||
      !Object.hasOwn(value, key) ||
      (value as { [key: string]: unknown })[key] === undefined
    )
      continue;
    keys ??= [];
    keys.push(key);
  }
  if (keys === undefined) return undefined;
  const names = keys.slice(0, 5).map((key) => {
    const right = meant.get(key.toLowerCase()) ?? nearestWord(key, known);
    return right === undefined ? shown(key) : `${shown(key)} (did you mean ${shown(right)}?)`;
  });
  const more = keys.length > names.length ? ` and ${keys.length - names.length} more` : '';
  return invalid(
    `unknown ${keys.length === 1 ? 'key' : 'keys'} ${names.join(', ')}${more}. It would be lost without a word; the keys are ${known.join(', ')}. ${advice}`,
  );
}

export function isFloat32Array(value: unknown): value is Float32Array {
  return value instanceof Float32Array || tagOf(value) === 'Float32Array';
}

function isFloatArray(value: unknown): value is Float32Array | Float64Array {
  return isFloat32Array(value) || value instanceof Float64Array || tagOf(value) === 'Float64Array';
}

/** The class name of a typed array, also of one from another realm, whose class is another object. */
function tagOf(value: unknown): string | undefined {
  return ArrayBuffer.isView(value) ? (value as Uint8Array)[Symbol.toStringTag] : undefined;
}

// With the `u` flag, a surrogate matches only where it is not half of a pair.
const LONE_SURROGATE = /\p{Surrogate}/u;

function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

function loneSurrogate(what: string): string {
  return `${what} holds half of a surrogate pair. It is stored as UTF-8, which cannot hold one, so it would come back changed. Do not cut strings inside an emoji; mend this one with toWellFormed().`;
}

function notFinite(row: ArrayLike<number> | undefined): string {
  for (let i = 0; row !== undefined && i < row.length; i++) {
    if (Number.isFinite(Math.fround(row[i]!))) continue;
    return Number.isFinite(row[i])
      ? `vector[${i}] is ${row[i]}, which is Infinity in float32`
      : `vector[${i}] is ${row[i]}`;
  }
  return 'vector holds NaN or Infinity';
}

function vectorAdvice(vector: unknown): string {
  if (ArrayBuffer.isView(vector))
    return 'Vectors are stored as float32. Pass Float32Array.from(vector), scaled back if it was quantised.';
  const data =
    typeof vector === 'object' && vector !== null ? (vector as { data?: unknown }).data : undefined;
  if (isFloatArray(data)) return 'It looks like a tensor. Pass its data, one row for each record.';
  return 'Vectors are compared number by number. Pass a Float32Array or an array of numbers.';
}
