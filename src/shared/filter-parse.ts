import { VectorStoreError } from './errors.js';
import type { JsonScalar } from './filter-types.js';
import { nearestWord } from './nearest-word.js';
import { isPlainObject, isReservedKey, kindOf, type PlainObject, shown } from './plain-object.js';

/** A checked filter: implicit `$eq` and `$and` written out, `$ne` and `$nin` as negations. */
export type FilterNode =
  | { readonly op: 'and' | 'or'; readonly parts: readonly FilterNode[] }
  | { readonly op: 'not'; readonly part: FilterNode }
  | FieldNode;

type FieldNode = { readonly path: readonly string[] } & FieldTest;

export type FieldTest =
  | { readonly op: 'exists' }
  | { readonly op: 'eq' | 'contains'; readonly operand: JsonScalar }
  | { readonly op: 'gt' | 'gte' | 'lt' | 'lte'; readonly operand: number | string }
  | { readonly op: 'in'; readonly operands: readonly JsonScalar[] }
  | { readonly op: 'startsWith'; readonly operand: string };

/** Filters within filters, and segments in a path. Metadata is not deeper either. */
const MAX_FILTER_DEPTH = 16;
/** Filters and conditions in one filter: bounds the work per record. */
const MAX_FILTER_NODES = 1_000;
/** Operands of one `$in` or `$nin`. */
const MAX_FILTER_OPERANDS = 10_000;

const COMBINATORS = ['$and', '$or', '$not'];
const FIELD_OPERATORS = [
  '$eq',
  '$ne',
  '$gt',
  '$gte',
  '$lt',
  '$lte',
  '$in',
  '$nin',
  '$exists',
  '$contains',
  '$startsWith',
];

/** How to say here what other filter languages have an operator for. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  [
    '$regex',
    'Patterns are not supported, because one pattern can keep a search busy for minutes. Use $contains or $startsWith.',
  ],
  ['$like', 'Patterns are not supported. Use $contains or $startsWith.'],
  ['$nor', 'Write { $not: { $or: […] } }.'],
  ['$all', 'Write { $and: [{ field: { $contains: a } }, { field: { $contains: b } }] }.'],
  ['$between', 'Write { field: { $gte: low, $lte: high } }.'],
  ['$elemMatch', 'A dotted path goes through arrays: { "items.name": … } asks whether any element passes.'],
  ['$notIn', 'Write $nin.'],
]);

/** Reads a filter from unknown data, or throws `INVALID_ARGUMENT` and says where in the filter and why. */
export function parseFilter(value: unknown): FilterNode {
  const budget = { left: MAX_FILTER_NODES };
  return parseNode(value, 'filter', 1, budget);
}

function parseNode(value: unknown, at: string, depth: number, budget: { left: number }): FilterNode {
  if (!isPlainObject(value)) {
    refuse(
      at,
      `is ${kindOf(value)}`,
      'A filter is a plain object',
      'write { field: value } or { field: { $gt: value } }',
    );
  }
  if (depth > MAX_FILTER_DEPTH) {
    refuse(
      at,
      `is nested deeper than ${MAX_FILTER_DEPTH} levels`,
      'The limit keeps every filter quick to read',
      'flatten it',
    );
  }
  spend(budget, at);
  const parts: FilterNode[] = [];
  for (const key of Object.keys(value)) {
    const here = `${at}.${key}`;
    const operand = value[key];
    if (key === '$and' || key === '$or') {
      parts.push(combine(key === '$and' ? 'and' : 'or', parseList(operand, here, depth, budget)));
    } else if (key === '$not') {
      parts.push({ op: 'not', part: parseNode(operand, here, depth + 1, budget) });
    } else if (key.startsWith('$')) {
      refuseOperator(key, here, true);
    } else {
      parts.push(...parseField(parsePath(key, here), operand, here, budget));
    }
  }
  return combine('and', parts);
}

function parseList(value: unknown, at: string, depth: number, budget: { left: number }): FilterNode[] {
  if (!Array.isArray(value))
    refuse(at, `is ${kindOf(value)}`, 'It combines filters', 'give an array of filters');
  if (value.length === 0) {
    refuse(
      at,
      'is an empty array',
      'Whether that means all records or none is easily misread',
      'leave it out to match all records',
    );
  }
  // Not map(): it skips holes.
  return Array.from(value as unknown[], (part, i) => parseNode(part, `${at}[${i}]`, depth + 1, budget));
}

function parsePath(key: string, at: string): string[] {
  const path = key.split('.');
  if (path.length > MAX_FILTER_DEPTH) {
    refuse(
      at,
      `is a path of ${path.length} segments`,
      `Metadata is at most ${MAX_FILTER_DEPTH} levels deep, so it can never match`,
      'shorten it',
    );
  }
  for (const segment of path) {
    if (segment === '') {
      refuse(
        at,
        'is a path with an empty segment',
        'A path is split at its dots, so it names no field',
        'name the field as "outer.inner"',
      );
    }
    if (isReservedKey(segment)) {
      refuse(
        at,
        `names the reserved key ${shown(segment)}`,
        'Metadata cannot have it, so it can never match',
        'use another field',
      );
    }
  }
  return path;
}

function parseField(path: string[], value: unknown, at: string, budget: { left: number }): FilterNode[] {
  if (!isPlainObject(value)) {
    spend(budget, at);
    return [{ path, op: 'eq', operand: scalar(value, at) }];
  }
  const operators = checkCondition(value, at, path);
  return operators.map((operator) => {
    spend(budget, at);
    return parseCondition(path, operator, value[operator], `${at}.${operator}`);
  });
}

function checkCondition(condition: PlainObject, at: string, path: readonly string[]): string[] {
  const keys = Object.keys(condition);
  const plain = keys.filter((key) => !key.startsWith('$'));
  if (keys.length === 0) {
    refuse(
      at,
      'is an empty object',
      'It holds no operator',
      'give one, such as { $exists: true }, or leave the field out',
    );
  }
  if (plain.length === keys.length) {
    const nested = `"${path.join('.')}.${plain[0]}"`;
    refuse(
      at,
      `holds the key ${shown(plain[0]!)}, which is not an operator`,
      'A field is compared with scalars, never with objects',
      `name a nested field by its path, ${nested}`,
    );
  }
  if (plain.length > 0) {
    refuse(
      at,
      `mixes operators with the plain key ${shown(plain[0]!)}`,
      'It is either a condition or a nested field',
      'use operators only, and name nested fields by their dotted path',
    );
  }
  return keys;
}

function parseCondition(path: readonly string[], operator: string, operand: unknown, at: string): FilterNode {
  switch (operator) {
    case '$eq':
      return { path, op: 'eq', operand: scalar(operand, at) };
    case '$ne':
      return { op: 'not', part: { path, op: 'eq', operand: scalar(operand, at) } };
    case '$gt':
      return { path, op: 'gt', operand: ordered(operand, at) };
    case '$gte':
      return { path, op: 'gte', operand: ordered(operand, at) };
    case '$lt':
      return { path, op: 'lt', operand: ordered(operand, at) };
    case '$lte':
      return { path, op: 'lte', operand: ordered(operand, at) };
    case '$in':
      return { path, op: 'in', operands: scalars(operand, at) };
    case '$nin':
      return { op: 'not', part: { path, op: 'in', operands: scalars(operand, at) } };
    case '$exists':
      if (typeof operand !== 'boolean')
        refuse(at, `is ${kindOf(operand)}`, 'It asks whether the field is there', 'give true or false');
      return operand ? { path, op: 'exists' } : { op: 'not', part: { path, op: 'exists' } };
    case '$contains':
      return { path, op: 'contains', operand: scalar(operand, at) };
    case '$startsWith':
      if (typeof operand !== 'string')
        refuse(at, `is ${kindOf(operand)}`, 'Only strings have a beginning to compare', 'give a string');
      return { path, op: 'startsWith', operand };
    default:
      return refuseOperator(operator, at, false);
  }
}

function scalar(value: unknown, at: string): JsonScalar {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value;
    refuse(at, `is ${value}`, 'JSON, and so metadata, has no such number', 'give a finite number');
  }
  const advice = Array.isArray(value)
    ? 'use $in for any of several values, or $contains for an element of an array'
    : value instanceof Date
      ? 'store and compare dates as numbers (date.getTime()) or ISO strings (date.toISOString())'
      : value === undefined
        ? 'leave the field out, or use { $exists: false } for a missing field'
        : 'give a string, a finite number, true, false or null';
  refuse(at, `is ${kindOf(value)}`, 'Operands are JSON scalars', advice);
}

function ordered(value: unknown, at: string): number | string {
  const operand = scalar(value, at);
  if (typeof operand === 'number' || typeof operand === 'string') return operand;
  refuse(
    at,
    `is ${operand}`,
    'Only numbers and strings have an order',
    'give a number or a string, or use $eq',
  );
}

function scalars(value: unknown, at: string): JsonScalar[] {
  if (!Array.isArray(value))
    refuse(at, `is ${kindOf(value)}`, 'It takes several operands', 'give an array, or use $eq for one value');
  if (value.length > MAX_FILTER_OPERANDS) {
    refuse(
      at,
      `has ${value.length} operands, more than ${MAX_FILTER_OPERANDS}`,
      'The limit keeps a filter small',
      'store a field that marks these records, and filter on that',
    );
  }
  return Array.from(value as unknown[], (operand, i) => scalar(operand, `${at}[${i}]`));
}

/** One part stands for itself, and an `and` inside an `and` (or `or` inside `or`) is dissolved. */
function combine(op: 'and' | 'or', parts: readonly FilterNode[]): FilterNode {
  if (parts.length === 1) return parts[0]!;
  return { op, parts: parts.flatMap((part) => (part.op === op ? part.parts : part)) };
}

function spend(budget: { left: number }, at: string): void {
  if (budget.left-- > 0) return;
  refuse(
    at,
    `is beyond the ${MAX_FILTER_NODES} filters and conditions that one filter may have`,
    'The limit bounds the work per record',
    'use $in for alternatives of one field',
  );
}

function refuseOperator(operator: string, at: string, atFilterLevel: boolean): never {
  const allowed = atFilterLevel ? COMBINATORS : FIELD_OPERATORS;
  if (atFilterLevel && FIELD_OPERATORS.includes(operator)) {
    refuse(at, 'has no field', `${operator} compares one field`, `write { field: { ${operator}: … } }`);
  }
  if (!atFilterLevel && COMBINATORS.includes(operator)) {
    refuse(
      at,
      'stands on a field',
      `${operator} combines whole filters`,
      `write { ${operator}: ${operator === '$not' ? '{ field: … }' : '[{ field: … }, …]'} }`,
    );
  }
  const elsewhere = ELSEWHERE.get(operator);
  if (elsewhere !== undefined)
    refuse(at, 'is not an operator of this filter language', `It has ${allowed.join(' ')}`, elsewhere);
  const nearest = nearestWord(operator, [...allowed, ...COMBINATORS, ...FIELD_OPERATORS]);
  refuse(
    at,
    'is not an operator',
    `${atFilterLevel ? 'Filters are combined by' : 'A field has'} ${allowed.join(' ')}`,
    nearest === undefined ? 'use one of these' : `did you mean ${nearest}?`,
  );
}

function refuse(at: string, what: string, why: string, advice: string): never {
  const end = /[.?]$/.test(advice) ? '' : '.';
  const path = at.length > 200 ? `${at.slice(0, 200)}…` : at;
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    `${path} ${what}. ${why}. ${advice[0]!.toUpperCase()}${advice.slice(1)}${end}`,
  );
}
