import { VectorStoreError } from './errors.js';
import { checkFilter } from './filter.js';
import { kindOf, shown } from './plain-object.js';
import { isOn, rankingProblems } from './ranking-check.js';
import {
  type Fault,
  idProblem,
  invalid,
  joinFaults,
  textProblem,
  unknownKeyProblem,
  unreadable,
  vectorProblem,
} from './record-check.js';
import type { Metric } from './types.js';

const TARGETS = ['vector', 'text', 'id'] as const;
const SCOPES: readonly unknown[] = ['local', 'remote', 'auto'];
const FLAGS = ['includeVectors', 'includeMetadata', 'exact'];
const QUERY_KEYS: readonly string[] = [
  ...TARGETS,
  'topK',
  'minScore',
  'filter',
  'where',
  ...FLAGS,
  'targetRecall',
  'scope',
  'signal',
  'keyword',
  'hybrid',
  'groupBy',
  'groupSize',
  'diversity',
];
const QUERY_ALIASES: ReadonlyMap<string, string> = new Map([
  ['k', 'topK'],
  ['n', 'topK'],
  ['limit', 'topK'],
  ['count', 'topK'],
  ['nresults', 'topK'],
  ['threshold', 'minScore'],
  ['scorethreshold', 'minScore'],
  ['similaritythreshold', 'minScore'],
  ['embedding', 'vector'],
  ['values', 'vector'],
  ['query', 'text'],
  ['q', 'text'],
  ['predicate', 'where'],
  ['includevalues', 'includeVectors'],
  ['recall', 'targetRecall'],
  ['keywords', 'keyword'],
  ['bm25', 'keyword'],
  ['fulltext', 'keyword'],
  ['collapse', 'groupBy'],
  ['mmr', 'diversity'],
]);

interface QueryRules {
  readonly dimension: number;
  readonly metric: Metric;
  /** Whether a text can stand in for a vector. */
  readonly canEmbed: boolean;
}

/** Everything that is wrong with a query, in one; `undefined` if nothing is. Never throws. */
export function queryProblem(query: unknown, rules: QueryRules): Fault | undefined {
  try {
    if (typeof query !== 'object' || query === null || Array.isArray(query)) {
      return invalid(
        `the query is ${kindOf(query)}. It names what to look for. Give { vector }, { text } or { id }, and topK.`,
      );
    }
    const faults = [
      unknownKeyProblem(query, QUERY_KEYS, QUERY_ALIASES, 'Leave it out.'),
      targetProblem(query, rules),
      ...optionProblems(query as { readonly [key: string]: unknown }),
      ...rankingProblems(query as { readonly [key: string]: unknown }),
    ];
    return joinFaults(faults.filter((fault) => fault !== undefined));
  } catch (error) {
    return unreadable('the query', error);
  }
}

interface Target {
  readonly vector?: unknown;
  readonly text?: unknown;
  readonly id?: unknown;
  readonly keyword?: unknown;
  readonly hybrid?: unknown;
}

function targetProblem(query: Target, rules: QueryRules): Fault | undefined {
  const { vector, text, id, keyword, hybrid } = query;
  const given = TARGETS.filter((key) => query[key] !== undefined);
  if (isOn(keyword) || isOn(hybrid)) return wordsProblem(query, given, rules);
  if (given.length !== 1) {
    const what = given.length === 0 ? 'neither vector, text nor id' : given.join(' and ');
    return invalid(
      `the query has ${what}. It looks for what is nearest to one point. Give exactly one of vector, text and id.`,
    );
  }
  if (vector !== undefined) return vectorProblem(vector, rules.dimension, rules.metric);
  return id !== undefined ? idProblem(id) : embeddableProblem(text, rules);
}

/** Of a query that looks for words, and, if it is hybrid, for what is near a point, too. */
function wordsProblem(
  { vector, text, id, keyword, hybrid }: Target,
  given: readonly string[],
  rules: QueryRules,
): Fault | undefined {
  if (isOn(keyword) && isOn(hybrid)) {
    return invalid('the query has keyword and hybrid. One looks for words alone. Give one of them.');
  }
  const mode = isOn(keyword) ? 'keyword' : 'hybrid';
  if (text === undefined) {
    return invalid(`the query is ${mode} and has no text. Its words are looked for. Give a text.`);
  }
  if (isOn(keyword) && given.length > 1) {
    return invalid(
      `the query has keyword and ${given.filter((key) => key !== 'text').join(' and ')}. It looks for words alone. Use hybrid to look for both.`,
    );
  }
  if (vector !== undefined && id !== undefined) {
    return invalid(
      'the query has vector and id. It looks for what is nearest to one point. Give one of them.',
    );
  }
  const fault = textProblem(text);
  if (fault !== undefined || isOn(keyword)) return fault;
  if (vector !== undefined) return vectorProblem(vector, rules.dimension, rules.metric);
  return id !== undefined ? idProblem(id) : embeddableProblem(text, rules);
}

function embeddableProblem(text: unknown, { canEmbed }: QueryRules): Fault | undefined {
  if (canEmbed) return textProblem(text);
  return invalid(
    'the query has a text, and the collection has no embedder to make a vector of it. Give a vector, look for its words (keyword), or open the collection with an embedder.',
  );
}

function optionProblems(query: { readonly [key: string]: unknown }): Fault[] {
  const faults: Fault[] = [];
  const refuse = (name: string, why: string, advice: string) => {
    const value = query[name];
    const what = typeof value === 'string' || typeof value === 'number' ? shown(value) : kindOf(value);
    faults.push(invalid(`${name} is ${what}. ${why}. ${advice}.`));
  };
  const { topK, minScore, filter, where, targetRecall, scope, signal } = query;
  if (topK !== undefined && !(Number.isSafeInteger(topK) && (topK as number) >= 1)) {
    refuse('topK', 'It counts the wanted matches', 'Give a whole number from 1');
  }
  if (minScore !== undefined && !Number.isFinite(minScore)) {
    refuse(
      'minScore',
      'Scores are compared with it',
      'Give a finite number, or leave it out to have no threshold',
    );
  }
  if (filter !== undefined) {
    const fault = filterProblem(filter);
    if (fault !== undefined) faults.push(fault);
  }
  if (where !== undefined && typeof where !== 'function') {
    refuse(
      'where',
      'It is called with each candidate',
      'Give a function, or use filter for a condition as data',
    );
  }
  for (const name of FLAGS) {
    if (query[name] !== undefined && typeof query[name] !== 'boolean')
      refuse(name, 'It is either on or off', 'Give true or false');
  }
  if (
    targetRecall !== undefined &&
    !(typeof targetRecall === 'number' && targetRecall > 0 && targetRecall <= 1)
  ) {
    refuse('targetRecall', 'It is the wanted share of the true matches', 'Give a number above 0 and up to 1');
  }
  if (scope !== undefined && !SCOPES.includes(scope)) {
    refuse('scope', 'It says who is asked', "Give 'local', 'remote' or 'auto'");
  }
  if (signal !== undefined && typeof (signal as { aborted?: unknown } | null)?.aborted !== 'boolean') {
    refuse('signal', 'It could not abort the query', 'Give the signal of an AbortController');
  }
  return faults;
}

/** What is wrong with a filter that is given. */
export function filterProblem(filter: unknown): Fault | undefined {
  try {
    checkFilter(filter);
    return undefined;
  } catch (error) {
    if (error instanceof VectorStoreError) return { code: error.code, message: error.message };
    throw error;
  }
}
