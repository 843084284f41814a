// @ts-check
// Writes demo/first-answers.json: what the demo shows before its store is open. Each example question, with its ten
// nearest of the whole corpus, exactly compared, by the embedder that the page uses too. Run after build-corpus.mjs.
//
//   node scripts/build-first-answers.mjs
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openStaticEmbedder } from './open-static-embedder.mjs';

const TOP_K = 10;
const QUESTIONS = [
  'fear of spiders',
  'extremely cold',
  'someone who makes clothes',
  'lasting a very short time',
  'speak very softly',
  'killing of a king',
];

const file = (/** @type {string} */ path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const OUT = file('demo/first-answers.json');
/** @type {{ version: string, chunks: { file: string }[] }} */
const corpus = JSON.parse(readFileSync(file('demo/corpus.json'), 'utf8'));
/** @type {[id: string, words: string[], text: string][]} */
const rows = corpus.chunks.flatMap((chunk) =>
  JSON.parse(readFileSync(file(`public/wordnet/${chunk.file}`), 'utf8')),
);

const embedder = await openStaticEmbedder();
const vectors = await embedder.embed(rows.map(([, , text]) => text));
const questions = await embedder.embed(QUESTIONS);
const answers = QUESTIONS.map((question, q) => {
  const scores = Float64Array.from(rows, (_, row) => dot(q, row));
  const best = [...scores.keys()].sort((a, b) => score(b) - score(a)).slice(0, TOP_K);
  const rounded = (/** @type {number} */ row) => Number(score(row).toFixed(4));
  return { question, matches: best.map((row) => [...(rows[row] ?? []), rounded(row)]) };

  /** @param {number} row */
  function score(row) {
    return scores[row] ?? 0;
  }
});

const json = `${JSON.stringify({ version: corpus.version, answers }, null, 1)}\n`;
if (!existsSync(OUT) || readFileSync(OUT, 'utf8') !== json) writeFileSync(OUT, json);
console.log(
  `demo/first-answers.json: ${answers.length} questions over ${rows.length} records, ${(json.length / 1e3).toFixed(1)} kB`,
);
// The worker's message channel would keep Node waiting.
process.exit();

/** @param {number} question @param {number} row */
function dot(question, row) {
  const d = embedder.dimension;
  let sum = 0;
  for (let i = 0; i < d; i++)
    sum += /** @type {number} */ (questions[question * d + i]) * /** @type {number} */ (vectors[row * d + i]);
  return sum;
}
