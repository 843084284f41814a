// @ts-check
// What the static embedder is good for, beside plain word matching (BM25): a search over all 117,791 definitions
// of WordNet. Prints a table; takes about two minutes.
import { openStaticEmbedder } from './open-static-embedder.mjs';
import { readSynsets } from './read-wordnet.mjs';

const WORD_QUERIES = 1000;
const DEFINITION_QUERIES = 400;
const NAMED = /** @type {const} */ ([
  ['fear of spiders', 'arachnophobia'],
  ['extremely cold', 'arctic'],
  ['someone who makes clothes', 'dressmaker'],
]);

/** @typedef {(query: string) => Promise<Float32Array>} Scorer a query → the score of every definition */

const synsets = readSynsets();
const random = seededRandom(42);
/** @type {Map<string, number[]>} */
const synsetsOf = new Map();
for (const [i, { words }] of synsets.entries()) {
  for (const word of words) synsetsOf.set(word, [...(synsetsOf.get(word) ?? []), i]);
}

const embedder = await openStaticEmbedder();
const scorers = { static: await vectorScorer(), bm25: bm25Scorer() };

for (const [query, word] of NAMED) {
  const rank = await rankOf(scorers.static, query, synsetsOf.get(word) ?? []);
  console.log(`"${query}" finds ${word} at rank ${rank}`);
}

const lowercaseWords = [...synsetsOf.keys()].filter((word) => /^[a-z]+$/.test(word)).sort();
/** @type {string[]} */
const known = [];
for (const word of lowercaseWords)
  if ((await embedder.embed([word])).some((value) => value !== 0)) known.push(word);
const words = Array.from({ length: WORD_QUERIES }, () => known[random(known.length)] ?? '');
await compare(
  `a known word finds one of its definitions (${words.length})`,
  words.map((word) => ({ query: word, targets: synsetsOf.get(word) ?? [] })),
);

const long = synsets.map((_, i) => i).filter((i) => tokens(definitionOf(i)).length >= 6);
const halves = Array.from({ length: DEFINITION_QUERIES }, () => long[random(long.length)] ?? 0);
await compare(
  `a random half of a definition's words finds it (${halves.length})`,
  halves.map((i) => ({
    query: tokens(definitionOf(i))
      .filter(() => random(2) === 0)
      .join(' '),
    targets: [i],
  })),
);

// The worker's message channel would keep Node waiting.
process.exit();

/**
 * @param {string} title
 * @param {{ query: string, targets: number[] }[]} queries
 */
async function compare(title, queries) {
  console.log(`\n${title}`);
  for (const [name, score] of Object.entries(scorers)) {
    /** @type {number[]} */
    const ranks = [];
    for (const { query, targets } of queries) ranks.push(await rankOf(score, query, targets));
    const within = (/** @type {number} */ k) =>
      (ranks.filter((rank) => rank <= k).length / ranks.length).toFixed(3);
    console.log(`  ${name.padEnd(8)} R@1 ${within(1)}   R@10 ${within(10)}   R@100 ${within(100)}`);
  }
}

/**
 * Position of the best target, from 1; infinite if none has a score above 0.
 * @param {Scorer} score
 * @param {string} query
 * @param {number[]} targets
 */
async function rankOf(score, query, targets) {
  const scores = await score(query);
  const best = Math.max(...targets.map((i) => scores[i] ?? 0));
  return best > 0 ? 1 + scores.filter((value) => value > best).length : Number.POSITIVE_INFINITY;
}

/** @returns {Promise<Scorer>} */
async function vectorScorer() {
  const started = performance.now();
  const rows = await embedder.embed(synsets.map(({ definition }) => definition));
  console.log(
    `${synsets.length} definitions embedded in ${Math.round(performance.now() - started)} ms (plain JS)`,
  );
  const d = embedder.dimension;
  return async (query) => {
    const q = await embedder.embed([query]);
    return Float32Array.from(synsets, (_, i) => {
      let sum = 0;
      for (let j = 0; j < d; j++)
        sum += /** @type {number} */ (q[j]) * /** @type {number} */ (rows[i * d + j]);
      return sum;
    });
  };
}

/**
 * Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; k1 = 1.2, b = 0.75.
 * @returns {Scorer}
 */
function bm25Scorer() {
  const lengths = synsets.map(({ definition }) => tokens(definition).length);
  const meanLength = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  /** @type {Map<string, Map<number, number>>} token → synset → occurrences */
  const postings = new Map();
  for (const [i, { definition }] of synsets.entries()) {
    for (const token of tokens(definition)) {
      const posting = postings.get(token) ?? new Map();
      postings.set(token, posting.set(i, (posting.get(i) ?? 0) + 1));
    }
  }
  return async (query) => {
    const scores = new Float32Array(synsets.length);
    for (const token of tokens(query)) {
      const posting = postings.get(token) ?? new Map();
      const idf = Math.log(1 + (synsets.length - posting.size + 0.5) / (posting.size + 0.5));
      for (const [i, count] of posting) {
        const length = /** @type {number} */ (lengths[i]) / meanLength;
        scores[i] = (scores[i] ?? 0) + (idf * count * 2.2) / (count + 1.2 * (0.25 + 0.75 * length));
      }
    }
    return scores;
  };
}

/** @param {number} i */
function definitionOf(i) {
  return synsets[i]?.definition ?? '';
}

/** @param {string} text */
function tokens(text) {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** @param {number} seed */
function seededRandom(seed) {
  let state = seed;
  return (/** @type {number} */ limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
