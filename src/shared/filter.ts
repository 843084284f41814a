import { type FieldTest, type FilterNode, parseFilter } from './filter-parse.js';
import type { UntypedFilter } from './filter-types.js';
import type { JsonValue } from './types.js';

/** Decides about a record by its metadata; `undefined` for a record without metadata. */
export type FilterPredicate = (metadata: JsonValue | undefined) => boolean;

type ValueTest = (value: JsonValue) => boolean;

/** Throws `INVALID_ARGUMENT` unless `value` is a filter; the message says where in it and why. */
export function checkFilter(value: unknown): asserts value is UntypedFilter {
  parseFilter(value);
}

/** A filter made ready by one reading of it. */
export interface CompiledFilter {
  readonly node: FilterNode;
  /**
   * For caches: filters that differ only in the order of keys, of parts or of `$in` operands, in repeated parts, or in
   * writing implicit operators out, have the same key; filters with the same key mean the same.
   */
  readonly key: string;
  readonly matches: FilterPredicate;
}

/** Checks a filter and makes it ready; SPEC.md, rules F1 to F22. Throws as `checkFilter`. */
export function compileFilter(filter: unknown): CompiledFilter {
  const node = parseFilter(filter);
  return { node, key: keyOf(node), matches: compileNode(node) };
}

function keyOf(node: FilterNode): string {
  switch (node.op) {
    case 'and':
    case 'or':
      return `["${node.op}",${sortedSet(node.parts.map(keyOf))}]`;
    case 'not':
      return `["not",${keyOf(node.part)}]`;
    case 'in':
      return `["in",${JSON.stringify(node.path)},${sortedSet(node.operands.map((operand) => JSON.stringify(operand)))}]`;
    case 'exists':
      return `["exists",${JSON.stringify(node.path)}]`;
    default:
      return JSON.stringify([node.op, node.path, node.operand]);
  }
}

function sortedSet(keys: readonly string[]): string {
  return `[${[...new Set(keys)].sort().join()}]`;
}

function compileNode(node: FilterNode): FilterPredicate {
  switch (node.op) {
    case 'and': {
      const parts = node.parts.map(compileNode);
      return (metadata) => parts.every((part) => part(metadata));
    }
    case 'or': {
      const parts = node.parts.map(compileNode);
      return (metadata) => parts.some((part) => part(metadata));
    }
    case 'not': {
      const part = compileNode(node.part);
      return (metadata) => !part(metadata);
    }
    default: {
      const reach = node.path.reduceRight<ValueTest>((next, key) => within(key, next), compileTest(node));
      return (metadata) => metadata !== undefined && reach(metadata);
    }
  }
}

const hasOwn = Object.prototype.hasOwnProperty;

/** Goes one segment down, through the elements of an array where there is one. */
function within(key: string, next: ValueTest): ValueTest {
  const inObject = (value: JsonValue): boolean =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    hasOwn.call(value, key) &&
    next(value[key]!);
  return (value) => (Array.isArray(value) ? value.some(inObject) : inObject(value));
}

function compileTest(test: FieldTest): ValueTest {
  switch (test.op) {
    case 'exists':
      return () => true;
    case 'eq': {
      const { operand } = test;
      return anyElement((value) => value === operand);
    }
    case 'in': {
      const operands = new Set<JsonValue>(test.operands);
      return anyElement((value) => operands.has(value));
    }
    case 'contains': {
      const { operand } = test;
      return (value) =>
        Array.isArray(value)
          ? value.includes(operand)
          : typeof value === 'string' && typeof operand === 'string' && value.includes(operand);
    }
    case 'startsWith': {
      const { operand } = test;
      return anyElement((value) => typeof value === 'string' && value.startsWith(operand));
    }
    default:
      return anyElement(compileOrder(test.op, test.operand));
  }
}

function compileOrder(op: 'gt' | 'gte' | 'lt' | 'lte', operand: number | string): ValueTest {
  const type = typeof operand;
  switch (op) {
    case 'gt':
      return (value) => typeof value === type && value! > operand;
    case 'gte':
      return (value) => typeof value === type && value! >= operand;
    case 'lt':
      return (value) => typeof value === type && value! < operand;
    case 'lte':
      return (value) => typeof value === type && value! <= operand;
  }
}

function anyElement(test: ValueTest): ValueTest {
  return (value) => (Array.isArray(value) ? value.some(test) : test(value));
}
