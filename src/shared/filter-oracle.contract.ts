import fc from 'fast-check';
import type { JsonValue } from './types.js';

// The oracle: SPEC.md's rules F1 to F18 read aloud, on the filter as it was written. It shares no code with the
// evaluator; what is negated there is spelled out here.

export function oracle(filter: Record<string, unknown>, metadata: JsonValue | undefined): boolean {
  for (const [key, value] of Object.entries(filter)) {
    if (key === '$and') {
      for (const part of value as Record<string, unknown>[])
        if (oracle(part, metadata) === false) return false;
    } else if (key === '$or') {
      let some = false;
      for (const part of value as Record<string, unknown>[]) if (oracle(part, metadata)) some = true;
      if (!some) return false;
    } else if (key === '$not') {
      if (oracle(value as Record<string, unknown>, metadata)) return false;
    } else {
      const found: JsonValue[] = [];
      if (metadata !== undefined) collect(metadata, key, found);
      const isCondition = typeof value === 'object' && value !== null;
      const condition = isCondition ? (value as Record<string, JsonValue>) : { $eq: value as JsonValue };
      for (const operator of Object.keys(condition)) {
        if (!satisfies(found, operator, condition[operator]!)) return false;
      }
    }
  }
  return true;
}

/** Every value that the path leads to. */
function collect(value: JsonValue, path: string, found: JsonValue[]): void {
  const dot = path.indexOf('.');
  const head = dot < 0 ? path : path.slice(0, dot);
  for (const owner of Array.isArray(value) ? value : [value]) {
    if (Object.prototype.toString.call(owner) !== '[object Object]') continue;
    for (const [key, member] of Object.entries(owner as object)) {
      if (key !== head) continue;
      if (dot < 0) found.push(member);
      else collect(member, path.slice(dot + 1), found);
    }
  }
}

function satisfies(found: JsonValue[], operator: string, operand: JsonValue): boolean {
  // What $eq and its like compare with: the values, and of arrays the elements.
  const compared = found.flat(1);
  switch (operator) {
    case '$exists':
      return operand ? found.length > 0 : found.length === 0;
    case '$eq':
      return compared.filter((value) => value === operand).length > 0;
    case '$ne':
      return compared.filter((value) => value === operand).length === 0;
    case '$in':
      return compared.filter((value) => (operand as JsonValue[]).indexOf(value) >= 0).length > 0;
    case '$nin':
      return compared.filter((value) => (operand as JsonValue[]).indexOf(value) >= 0).length === 0;
    case '$startsWith':
      return compared.some((value) => typeof value === 'string' && value.indexOf(operand as string) === 0);
    case '$contains':
      for (const value of found) {
        if (Array.isArray(value) && value.indexOf(operand) >= 0) return true;
        if (typeof value === 'string' && typeof operand === 'string' && value.indexOf(operand) >= 0)
          return true;
      }
      return false;
    default: {
      const sameType = compared.filter((value) => typeof value === typeof operand) as number[];
      const than = operand as number;
      if (operator === '$gt') return sameType.filter((value) => value > than).length > 0;
      if (operator === '$gte') return sameType.filter((value) => !(value < than)).length > 0;
      if (operator === '$lt') return sameType.filter((value) => value < than).length > 0;
      if (operator === '$lte') return sameType.filter((value) => !(value > than)).length > 0;
      throw new Error(`the oracle does not know ${operator}`);
    }
  }
}

// Few keys and few values, so that filters and records meet.
const key = fc.constantFrom('a', 'b', 'c');
const long = 'ab'.repeat(200);
const text = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('', 'a', 'ab', 'B', '1', '\u{1f600}', '\uffee') },
  fc.constantFrom(long, `${long}a`, '\ud83d', '\0'),
);
const number = fc.constantFrom(-0, 0, 1, 1.5, 1e21);
const scalar = fc.oneof(
  { weight: 3, arbitrary: text },
  { weight: 3, arbitrary: number },
  fc.constantFrom(true, false, null),
);

const { object: metadataObject } = fc.letrec<{ value: JsonValue; object: { [key: string]: JsonValue } }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 4, arbitrary: scalar },
      { weight: 2, arbitrary: tie('object') },
      { weight: 2, arbitrary: fc.array(tie('value'), { maxLength: 3 }) },
    ),
    object: fc
      .tuple(
        fc.record({ a: tie('value'), b: tie('value'), c: tie('value') }, { requiredKeys: [] }),
        fc.dictionary(fc.constantFrom('0', 'hasOwnProperty', ''), tie('value'), { maxKeys: 1 }),
      )
      .map(([usual, unusual]) => ({ ...usual, ...unusual })),
  }),
);
/** Of a record, or none. */
export const metadata = fc.option(metadataObject, { freq: 10, nil: undefined });

const path = fc.oneof(
  { weight: 6, arbitrary: key },
  { weight: 4, arbitrary: fc.tuple(key, key).map((keys) => keys.join('.')) },
  fc.tuple(key, key, key).map((keys) => keys.join('.')),
  fc.constantFrom('a.0', 'hasOwnProperty', 'toString', 'a.length'),
);
const ordered = fc.oneof(text, number);
const operands = fc.array(scalar, { maxLength: 6 });
const operator: fc.Arbitrary<object> = fc.oneof(
  fc.record({ $eq: scalar }),
  fc.record({ $ne: scalar }),
  fc.record({ $gt: ordered }),
  fc.record({ $gte: ordered }),
  fc.record({ $lt: ordered }),
  fc.record({ $lte: ordered }),
  fc.record({ $in: operands }),
  fc.record({ $nin: operands }),
  fc.record({ $exists: fc.boolean() }),
  fc.record({ $contains: scalar }),
  fc.record({ $startsWith: text }),
);
const condition = fc.oneof(
  scalar,
  { weight: 4, arbitrary: operator },
  fc.tuple(operator, operator).map(([one, other]) => ({ ...one, ...other })),
);
const field = fc.tuple(path, condition).map(([name, value]) => ({ [name]: value }));
const fields: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  { weight: 4, arbitrary: field },
  fc.tuple(field, field).map(([one, other]) => ({ ...one, ...other })),
);

export const { filter } = fc.letrec<{ filter: Record<string, unknown> }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    { weight: 5, arbitrary: fields },
    { weight: 1, arbitrary: fc.record({ $and: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }) },
    { weight: 2, arbitrary: fc.record({ $or: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ $not: tie('filter') }) },
    {
      weight: 1,
      arbitrary: fc.tuple(fields, tie('filter')).map(([fields, inner]) => ({
        ...fields,
        $not: inner,
      })),
    },
  ),
}));
