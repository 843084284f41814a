import { VectorStoreError } from './errors.js';
import { checkFilter } from './filter.js';
import { isPlainObject, kindOf, shown } from './plain-object.js';
import { type Fault, invalid } from './record-check.js';

type Values = { readonly [key: string]: unknown };

const MAX_FIELDS = 16;
const KEYWORD_KEYS = ['fields'];
const HYBRID_KEYS = ['fields', 'weights', 'rankConstant'];
const WEIGHT_KEYS = ['vector', 'keyword'];
/** What a server cannot do, since it knows no texts. */
const LOCAL_ONLY = ['keyword', 'hybrid', 'groupBy', 'diversity'];

/** Whether `keyword` or `hybrid` is switched on. */
export function isOn(option: unknown): boolean {
  return option !== undefined && option !== false;
}

/** What is wrong with how a query wants to be ranked. */
export function rankingProblems(query: Values): Fault[] {
  const { keyword, hybrid, groupBy, groupSize, diversity } = query;
  const faults = [...switchProblems('keyword', keyword, KEYWORD_KEYS)];
  faults.push(...switchProblems('hybrid', hybrid, HYBRID_KEYS));
  if (isPlainObject(hybrid)) faults.push(...fusionProblems(hybrid));
  if (groupBy !== undefined) faults.push(...pathProblems('groupBy', groupBy));
  if (groupSize !== undefined && !(Number.isSafeInteger(groupSize) && (groupSize as number) >= 1)) {
    faults.push(
      wrong('groupSize', groupSize, 'It counts the matches of a group', 'Give a whole number from 1'),
    );
  }
  if (diversity !== undefined && !isBetween(diversity, 0, 1)) {
    faults.push(
      wrong(
        'diversity',
        diversity,
        'It weighs being different against being near',
        'Give a number from 0 to 1',
      ),
    );
  }
  return [...faults, ...combinationProblems(query)];
}

/** Throws `INVALID_ARGUMENT` unless a collection can be opened with it. */
export function checkKeywordOption(keyword: unknown): void {
  const [fault] = switchProblems('keyword', keyword, KEYWORD_KEYS);
  if (fault !== undefined) throw new VectorStoreError(fault.code, fault.message);
}

function combinationProblems({ keyword, hybrid, minScore, where, scope, ...query }: Values): Fault[] {
  const { groupBy, groupSize, diversity } = query;
  const faults: Fault[] = [];
  const refuse = (what: string, why: string, advice: string) =>
    faults.push(invalid(`${what}. ${why}. ${advice}.`));
  if (isOn(keyword) && minScore !== undefined) {
    refuse(
      'minScore is given with keyword',
      'It bounds the similarity of vectors, and none are compared',
      'Leave it out',
    );
  }
  if (groupSize !== undefined && groupBy === undefined) {
    refuse(
      'groupSize is given without groupBy',
      'There are no groups',
      'Name the field of the groups in groupBy',
    );
  }
  const isDiverse = diversity !== undefined && diversity !== 0;
  if (groupBy !== undefined && isDiverse) {
    refuse('groupBy and diversity are given', 'Both choose among the best', 'Give one of them');
  }
  if (where !== undefined && (groupBy !== undefined || isDiverse)) {
    const what = groupBy === undefined ? 'diversity' : 'groupBy';
    refuse(
      `where is given with ${what}`,
      'The choice is made before where is asked',
      'Use filter instead of where',
    );
  }
  const local = LOCAL_ONLY.filter((key) => isOn({ keyword, hybrid, groupBy, diversity: isDiverse }[key]));
  if (local.length > 0 && (scope === 'remote' || scope === 'auto')) {
    refuse(
      `${local.join(' and ')} is given with scope '${scope}'`,
      'Servers know no texts and do not group',
      "Use scope 'local'",
    );
  }
  return faults;
}

function switchProblems(name: string, value: unknown, keys: readonly string[]): Fault[] {
  if (value === undefined || typeof value === 'boolean') return [];
  if (!isPlainObject(value)) {
    return [wrong(name, value, 'It is on, off, or says how', `Give true, or { ${keys.join(', ')} }`)];
  }
  const { fields } = value;
  const faults = unknownKeys(name, value, keys);
  if (fields === undefined) return faults;
  if (!Array.isArray(fields) || fields.length > MAX_FIELDS) {
    const what = Array.isArray(fields)
      ? `${name}.fields has ${fields.length} entries`
      : `${name}.fields is ${kindOf(fields)}`;
    return [
      ...faults,
      invalid(
        `${what}. Each is indexed beside the text. Give an array of at most ${MAX_FIELDS} field names.`,
      ),
    ];
  }
  return [...faults, ...fields.flatMap((field, i) => pathProblems(`${name}.fields[${i}]`, field))];
}

function fusionProblems({ weights, rankConstant }: Values): Fault[] {
  const faults: Fault[] = [];
  if (rankConstant !== undefined && !isBetween(rankConstant, 0, Number.MAX_SAFE_INTEGER)) {
    faults.push(
      wrong('hybrid.rankConstant', rankConstant, 'Ranks are added to it', 'Give a number from 0, such as 60'),
    );
  }
  if (weights === undefined) return faults;
  if (!isPlainObject(weights)) {
    return [
      ...faults,
      wrong('hybrid.weights', weights, 'It has a number for each ranking', 'Give { vector, keyword }'),
    ];
  }
  faults.push(...unknownKeys('hybrid.weights', weights, WEIGHT_KEYS));
  const { vector = 1, keyword = 1 } = weights;
  if (!isBetween(vector, 0, Number.MAX_SAFE_INTEGER) || !isBetween(keyword, 0, Number.MAX_SAFE_INTEGER)) {
    faults.push(
      invalid(
        'hybrid.weights has something else than numbers from 0. Ranks are weighted by them. Give numbers from 0.',
      ),
    );
  } else if (vector === 0 && keyword === 0) {
    faults.push(
      invalid(
        'hybrid.weights are both 0. Nothing would be ranked by anything. Give one of them a number above 0.',
      ),
    );
  }
  return faults;
}

/** A field is named as in a filter. */
function pathProblems(name: string, path: unknown): Fault[] {
  if (typeof path !== 'string' || path === '') {
    return [wrong(name, path, 'It names a metadata field', 'Give its dotted path, as in a filter')];
  }
  if (path.startsWith('$')) {
    return [
      invalid(
        `${name} is ${shown(path)}. Keys that start with $ cannot be named. Give a field's dotted path.`,
      ),
    ];
  }
  try {
    checkFilter({ [path]: { $exists: true } });
    return [];
  } catch (error) {
    if (error instanceof VectorStoreError) return [invalid(`${name}: ${error.message}`)];
    throw error;
  }
}

function unknownKeys(name: string, value: Values, keys: readonly string[]): Fault[] {
  const unknown = Object.keys(value).filter((key) => value[key] !== undefined && !keys.includes(key));
  if (unknown.length === 0) return [];
  return [
    invalid(`${name} has ${shown(unknown[0]!)}. It would have no effect. It takes ${keys.join(', ')}.`),
  ];
}

function wrong(name: string, value: unknown, why: string, advice: string): Fault {
  const what = typeof value === 'string' || typeof value === 'number' ? shown(value) : kindOf(value);
  return invalid(`${name} is ${what}. ${why}. ${advice}.`);
}

function isBetween(value: unknown, low: number, high: number): boolean {
  return typeof value === 'number' && value >= low && value <= high;
}
