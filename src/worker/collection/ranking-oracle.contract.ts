import type { SeededRandom } from '../seeded-random.contract.js';

// The plain answer to ranked queries: score every record, sort, slice. It shares no code with what it judges, and cuts no
// text into words: texts are written from words whose folded forms are known.

/** As they are written, and what they are. */
const VOCABULARY: readonly (readonly [string, readonly string[]])[] = [
  ['tide', ['tide']],
  ['TIDE', ['tide']],
  ['harbour', ['harbour']],
  ['Café', ['cafe']],
  ['cafe', ['cafe']],
  ['cafe\u0301', ['cafe']],
  ['Straße', ['straße']],
  ['№5', ['no5']],
  ['ﬁsh', ['fish']],
  ['fish', ['fish']],
  ["gull's", ['gull', 's']],
  ['Ωmega', ['ωmega']],
  ['東京都', ['東京', '京都']],
  ['京都', ['京都']],
  ['港', ['港']],
  ['हिन्दी', ['हिन्दी']],
  ['x2', ['x2']],
  ['constructor', ['constructor']],
  ['__proto__', ['proto']],
];
const SEPARATORS = [' ', ', ', '\n', ' – ', '. ', '/', ' 🐟 '];

export interface Written {
  readonly text: string;
  readonly words: readonly string[];
}

/** A text of up to so many words; common ones more often. */
export function writeText(random: SeededRandom, most: number): Written {
  const parts = Array.from({ length: 1 + random.below(most) }, () => {
    const [form, words] = VOCABULARY[Math.floor(random.next() ** 2 * VOCABULARY.length)]!;
    return { form, words };
  });
  const [first, ...others] = parts;
  return {
    text: others.reduce((text, { form }) => text + random.pick(SEPARATORS) + form, first!.form),
    words: parts.flatMap(({ words }) => words),
  };
}

export interface OracleRecord {
  readonly id: string;
  readonly vector: readonly number[];
  readonly metadata: { readonly n: number; readonly kind?: unknown; readonly title?: string };
  readonly words: readonly string[];
  readonly titleWords: readonly string[];
}

export interface Answered {
  readonly id: string;
  readonly score: number;
  readonly keywordScore?: number | undefined;
  readonly fusedScore?: number;
}

export interface Asked {
  readonly words?: readonly string[];
  readonly withTitle?: boolean;
  /** Undefined: words alone. */
  readonly vector?: readonly number[] | undefined;
  readonly passes: (record: OracleRecord) => boolean;
  readonly depth: number;
  readonly weights?: { readonly vector: number; readonly keyword: number };
  readonly rankConstant?: number;
}

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

/** Every record that has a word, best first. */
function keywordRanking(records: readonly OracleRecord[], { words = [], withTitle, passes }: Asked) {
  const documents = records
    .map((record) => ({ record, own: withTitle ? [...record.words, ...record.titleWords] : record.words }))
    .filter(({ own }) => own.length > 0);
  const mean = documents.reduce((sum, { own }) => sum + own.length, 0) / documents.length;
  const idfs = new Map(
    [...new Set(words)].map((word) => {
      const having = documents.filter(({ own }) => own.includes(word)).length;
      return [word, Math.log((documents.length + 1) / (having + 0.5))];
    }),
  );
  const score = (own: readonly string[]) => {
    let total = 0;
    for (const [word, idf] of idfs) {
      const frequency = own.filter((each) => each === word).length;
      total += (idf * frequency * 2.2) / (frequency + 1.2 * (0.25 + (0.75 * own.length) / mean));
    }
    return total;
  };
  // Equal ones are to be equal in spite of rounding.
  const rounded = (value: number) => Number(value.toPrecision(11));
  return documents
    .filter(({ record }) => passes(record))
    .map(({ record, own }) => ({ record, id: record.id, keywordScore: rounded(score(own)) }))
    .filter(({ keywordScore }) => keywordScore > 0)
    .sort((a, b) => b.keywordScore - a.keywordScore || byId(a, b));
}

function vectorRanking(records: readonly OracleRecord[], vector: readonly number[], passes: Asked['passes']) {
  return records
    .filter(passes)
    .map((record) => ({ record, id: record.id, score: dot(record.vector, vector) }))
    .sort((a, b) => b.score - a.score || byId(a, b));
}

/** The whole ranking. */
export function rankAll(
  records: readonly OracleRecord[],
  asked: Asked,
): (Answered & { record: OracleRecord })[] {
  const { vector, words, depth, weights = { vector: 1, keyword: 1 }, rankConstant = 60 } = asked;
  if (vector === undefined)
    return keywordRanking(records, asked).map((each) => ({ ...each, score: Number.NaN }));
  const near = vectorRanking(records, vector, asked.passes);
  if (words === undefined) return near;
  const wordy = keywordRanking(records, asked);
  const rankOf = new Map(wordy.map(({ id }, w) => [id, w]));
  return near
    .map(({ record, id, score }, i) => {
      const w = rankOf.get(id) ?? -1;
      const fromVector = i < depth ? weights.vector / (rankConstant + i + 1) : undefined;
      const fromWords = w !== -1 && w < depth ? weights.keyword / (rankConstant + w + 1) : undefined;
      return {
        record,
        id,
        score,
        // What is beyond the depth was not looked at.
        keywordScore: fromWords === undefined ? undefined : wordy[w]!.keywordScore,
        isIn: fromVector !== undefined || fromWords !== undefined,
        fusedScore: (fromVector ?? 0) + (fromWords ?? 0),
      };
    })
    .filter(({ isIn }) => isIn)
    .sort((a, b) => b.fusedScore - a.fusedScore || byId(a, b));
}

/** The best groups of a ranking. */
export function groupAll<T extends { record: OracleRecord }>(
  ranking: readonly T[],
  topK: number,
  size: number,
): { value: unknown; matches: T[] }[] {
  const isValue = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value);
  const values = [...new Set(ranking.map(({ record }) => record.metadata.kind))].filter(isValue);
  return values.slice(0, topK).map((value) => ({
    value,
    matches: ranking.filter(({ record }) => record.metadata.kind === value).slice(0, size),
  }));
}

/** Positions of a pool, best first, as maximal marginal relevance chooses them. */
export function chooseAll(
  relevance: readonly number[],
  similarity: (i: number, j: number) => number,
  k: number,
  diversity: number,
): number[] {
  const chosen: number[] = [];
  while (chosen.length < Math.min(k, relevance.length)) {
    const values = relevance.map((own, i) => {
      if (chosen.includes(i)) return Number.NEGATIVE_INFINITY;
      const alike = chosen.length === 0 ? 0 : Math.max(...chosen.map((j) => similarity(i, j)));
      return (1 - diversity) * own - diversity * alike;
    });
    chosen.push(values.indexOf(Math.max(...values)));
  }
  return chosen;
}
