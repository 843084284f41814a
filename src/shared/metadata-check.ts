import { isPlainObject, isReservedKey, kindOf, shown } from './plain-object.js';
import { utf8Length } from './string-column.js';

/** Objects and arrays within one another; the metadata object itself is level 1. */
const MAX_METADATA_DEPTH = 16;
/** UTF-8 bytes of the metadata as JSON. */
export const MAX_METADATA_BYTES = 65_536;

/** Either the metadata as JSON text, or why it cannot be stored. */
export type EncodedMetadata =
  | { readonly json: string; readonly problem?: undefined }
  | { readonly json?: undefined; readonly problem: string };

/**
 * Metadata as JSON text, after checking that it is plain JSON data: `JSON.parse` of the text gives the same data,
 * but that `undefined` members are left out and −0 becomes 0. Never throws; the value is not changed, and no
 * `toJSON` is called.
 */
export function encodeMetadata(value: unknown): EncodedMetadata {
  try {
    if (!isPlainObject(value)) {
      return {
        problem: `metadata is ${kindOf(value)}. Filters look fields up by name. Give a plain object, or leave it out.`,
      };
    }
    const fault = findFault(value, 1, { left: MAX_METADATA_BYTES });
    if (fault !== undefined) return { problem: explain(fault, value) };
    const json = JSON.stringify(value);
    // A UTF-16 code unit is at most 3 bytes.
    if (json.length * 3 > MAX_METADATA_BYTES) {
      const bytes = utf8Length(json);
      if (bytes > MAX_METADATA_BYTES) return { problem: tooLarge(`${bytes} bytes as JSON`) };
    }
    return { json };
  } catch (error) {
    return {
      problem: `metadata could not be read (${error instanceof Error ? error.message : typeof error}). Its getters or proxies throw. Give plain data.`,
    };
  }
}

type Step = string | number;
const TOO_LARGE = 'is too large';
const TOO_DEEP = 'is too deep';

interface Fault {
  readonly what: string;
  /** Keys and indexes that lead to the faulty value, innermost first. */
  readonly path: Step[];
}

/**
 * `budget` counts down a lower bound of the JSON's size, so that a huge or endlessly shared value is given up early.
 */
function findFault(container: object, depth: number, budget: { left: number }): Fault | undefined {
  if (depth > MAX_METADATA_DEPTH) return { what: TOO_DEEP, path: [] };
  // Also finds methods that are inherited or not enumerable, which JSON.stringify would call.
  if (typeof (container as { toJSON?: unknown }).toJSON === 'function') {
    return { what: 'is a function, which is not data', path: ['toJSON'] };
  }
  if (Array.isArray(container)) {
    if (container.length > budget.left) return { what: TOO_LARGE, path: [] };
    for (let i = 0; i < container.length; i++) {
      const item: unknown = container[i];
      const fault =
        item === undefined
          ? { what: 'is undefined, which JSON has not (in an array it would turn into null)', path: [] }
          : findFaultIn(item, depth, budget);
      if (fault !== undefined) return at(i, fault);
    }
    return undefined;
  }
  for (const key of Object.keys(container)) {
    const member: unknown = (container as { [key: string]: unknown })[key];
    if (member === undefined) continue;
    if (isReservedKey(key))
      return { what: 'has a reserved name, which could pollute prototypes when copied', path: [key] };
    budget.left -= key.length;
    const fault = findFaultIn(member, depth, budget);
    if (fault !== undefined) return at(key, fault);
  }
  return undefined;
}

function findFaultIn(value: unknown, depth: number, budget: { left: number }): Fault | undefined {
  if ((budget.left -= 2) < 0) return { what: TOO_LARGE, path: [] };
  switch (typeof value) {
    case 'string':
      return (budget.left -= value.length) < 0 ? { what: TOO_LARGE, path: [] } : undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : { what: `is ${value}, which JSON has not`, path: [] };
    case 'boolean':
      return undefined;
    case 'object':
      if (value === null) return undefined;
      if (Array.isArray(value) || isPlainObject(value)) return findFault(value, depth + 1, budget);
      return { what: `is ${kindOf(value)}, not plain JSON data`, path: [] };
    default:
      return { what: `is ${kindOf(value)}, not plain JSON data`, path: [] };
  }
}

function at(step: Step, fault: Fault): Fault {
  fault.path.push(step);
  return fault;
}

function explain(fault: Fault, root: unknown): string {
  if (fault.what === TOO_LARGE) return tooLarge(`more than ${MAX_METADATA_BYTES} bytes as JSON`);
  fault.path.reverse();
  if (fault.what === TOO_DEEP) {
    return isCycle(root, fault.path)
      ? 'metadata contains itself. JSON cannot express a cycle. Refer to the outer object by an id.'
      : `metadata is nested deeper than ${MAX_METADATA_DEPTH} levels. The limit keeps filters and copies of it cheap. Flatten it.`;
  }
  const steps = fault.path.map((step) =>
    typeof step === 'number' ? `[${step}]` : `.${shown(step).slice(1, -1)}`,
  );
  const path = steps.length > 6 ? [...steps.slice(0, 3), '…', ...steps.slice(-2)] : steps;
  return `metadata${path.join('')} ${fault.what}. Metadata is stored as JSON. Use strings, finite numbers, booleans, null, arrays and plain objects.`;
}

function tooLarge(size: string): string {
  return (
    `metadata is ${size}; at most ${MAX_METADATA_BYTES} are stored. Metadata is read by every filter, ` +
    'so it is kept small. Keep large content elsewhere and store its key, or use the record’s text.'
  );
}

/** Whether the way to a value that is too deep passed the same object twice. */
function isCycle(root: unknown, steps: readonly Step[]): boolean {
  const passed = new Set<unknown>([root]);
  let value = root;
  for (const step of steps) {
    value = (value as { [step: Step]: unknown })[step];
    if (passed.has(value)) return true;
    passed.add(value);
  }
  return false;
}
