import { VectorStoreError } from '../shared/errors.js';
import { isPlainObject, kindOf, shown } from '../shared/plain-object.js';

const MAX_LIST_LIMIT = 10_000;

interface Rule {
  readonly is: (value: unknown) => boolean;
  /** Why it matters; what to give. */
  readonly advice: string;
}

const FUNCTION: Rule = {
  is: (value) => typeof value === 'function',
  advice: 'It is called as the work goes on. Give a function',
};
const FLAG: Rule = {
  is: (value) => typeof value === 'boolean',
  advice: 'It is on or off. Give true or false',
};
const SIGNAL: Rule = {
  is: (value) => typeof (value as { aborted?: unknown } | null)?.aborted === 'boolean',
  advice: 'It could not abort the call. Give the signal of an AbortController',
};

/** Options of the collection's methods, each with the one meaning it has everywhere. */
const RULES: Readonly<Record<string, Rule>> = {
  durability: {
    is: (value) => value === 'disk' || value === 'memory',
    advice: "Taking it for something else could lose data. Give 'disk' or 'memory'",
  },
  signal: SIGNAL,
  onProgress: FUNCTION,
  includeVectors: FLAG,
  limit: {
    is: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_LIST_LIMIT,
    advice: `A page has to fit into memory. Give a whole number from 1 to ${MAX_LIST_LIMIT}, and page on with cursor`,
  },
  cursor: {
    is: (value) => typeof value === 'string',
    advice: 'It says where the page before ended. Give the cursor of that page, unchanged',
  },
  collections: {
    is: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
    advice: 'They are found by name. Give an array of strings, or leave it out for all',
  },
  live: FLAG,
  // Checked where they are used.
  url: { is: () => true, advice: '' },
  getToken: { is: () => true, advice: '' },
  onConflict: { is: () => true, advice: '' },
  filter: { is: () => true, advice: '' },
};

/** Throws `INVALID_ARGUMENT` unless `options` is an object that has nothing but `known` options, each valid. */
export function checkOptions(method: string, options: unknown, known: readonly string[]): void {
  if (!isPlainObject(options)) {
    throw refusal(method, `its options are ${kindOf(options)}`, 'They are read by name. Give an object');
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!known.includes(name)) {
      throw refusal(
        method,
        `it has no option ${shown(name)}`,
        `It would have no effect. It takes ${known.join(', ')}`,
      );
    }
    const { is, advice } = RULES[name]!;
    if (!is(value)) {
      const what = typeof value === 'string' || typeof value === 'number' ? shown(value) : kindOf(value);
      throw refusal(method, `${name} is ${what}`, advice);
    }
  }
}

function refusal(method: string, what: string, advice: string): VectorStoreError {
  return new VectorStoreError('INVALID_ARGUMENT', `${method}: ${what}. ${advice}. Nothing was done.`);
}
