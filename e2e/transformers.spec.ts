import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test as base, expect, openBlank } from './support/api-test.js';
import { serveFolders } from './support/server.js';
import { bundleTransformers, writeTinyModel } from './support/tiny-model.js';

const WORDS = {
  sea: [1, 0, 0, 0],
  boat: [0.8, 0.6, 0, 0],
  wood: [0, 0, 1, 0],
  tree: [0, 0, 0.6, 0.8],
  search: [0, 0, 0, 3],
};

// In one browser: ONNX Runtime and Transformers.js have their own tests in others.
const test = base.extend({
  baseURL: async ({ profileFolder }, use) => {
    await bundleTransformers(join(profileFolder, 'bundled'));
    await writeTinyModel(join(profileFolder, 'models/tiny'), WORDS);
    const own = ['../e2e/pages', '../dist/standalone'].map((path) =>
      fileURLToPath(new URL(path, import.meta.url)),
    );
    const server = await serveFolders(profileFolder, ...own);
    await use(server.url);
    await server.close();
  },
});

test('E7: transformersEmbedder runs a real model in a worker of its own, from local files alone', async ({
  page,
  baseURL,
  browserName,
}) => {
  test.skip(browserName !== 'chromium', 'the same code in every browser, and 27 MB to compile');
  const requested: string[] = [];
  page.context().on('request', (request) => requested.push(request.url()));
  await openBlank(page);
  const seen = await page.evaluate(async () => {
    const make = (more: object) =>
      embedders.transformersEmbedder({
        model: 'tiny',
        dimension: 4,
        dtype: 'fp32',
        modelBaseUrl: '/models',
        library: '/bundled/transformers.js',
        batchSize: 2,
        ...more,
      });
    const files = new Set<string>();
    const embedder = make({ onProgress: ({ file }: { file: string }) => files.add(file) });
    const store = await nearshore.openStore('s');
    const notes = await store.collection('notes', { embedder });
    const texts = { a: 'The sea, the boat', b: 'wood', c: 'Tree wood tree', d: 'sea sea boat unheard-of' };
    await notes.upsert(Object.entries(texts).map(([id, text]) => ({ id, text })));
    const { matches } = await notes.query({ text: 'boat', topK: 2 });
    const records = await notes.get(['a', 'c'], { includeVectors: true });
    const raw = make({ normalize: false, prefix: { query: 'search ' } });
    const vectorsOf = async (purpose: 'document' | 'query') =>
      (await raw.embed(['sea tree'], undefined, purpose)).map((vector) => [...vector]);
    const documents = await vectorsOf('document');
    const queries = await vectorsOf('query');
    raw.close();
    const again = await vectorsOf('document');
    raw.close();
    const other = make({ dimension: 3, wasmUrl: '/ort-wasm-simd-threaded.asyncify.wasm' });
    const mismatch = await helpers.rejection(Promise.resolve(other.embed(['sea'])));
    other.close();
    const missing = await helpers.rejection(Promise.resolve(make({ model: 'nowhere' }).embed(['sea'])));
    return {
      found: matches.map(({ id }) => id),
      vectors: records.map((record) => [...record!.vector!]),
      space: notes.embeddingSpace,
      files: [...files].sort(),
      ...{ documents, queries, again, mismatch, missing },
    };
  });

  expect(seen.found).toEqual(['a', 'd']);
  // [UNK] has zeros, and counts in the mean: of "the sea , the boat" 2 of 5 tokens are known.
  expectClose(seen.vectors, [unit([1.8, 0.6, 0, 0]), unit([0, 0, 2.2, 1.6])]);
  expectClose(seen.documents, [[0.5, 0, 0.3, 0.4]]);
  expectClose(seen.queries, [[1 / 3, 0, 0.2, 3.8 / 3]]);
  expect(seen.again).toEqual(seen.documents);
  expect(seen.space).toBe('transformers:tiny@main/fp32/mean/normalized/4');
  expect(seen.files).toEqual(expect.arrayContaining(['onnx/model.onnx', 'tokenizer.json']));
  expect(seen.mismatch).toMatchObject({
    code: 'DIMENSION_MISMATCH',
    message: expect.stringContaining('4 numbers'),
  });
  expect(seen.missing).toMatchObject({
    code: 'BACKEND_UNAVAILABLE',
    message: expect.stringMatching(/nowhere/),
  });
  // No hub, no CDN; the bundler's copy of ONNX Runtime, and ours where it was named.
  const origins = new Set(requested.map((url) => new URL(url).origin));
  expect([...origins].filter((origin) => origin !== 'null')).toEqual([baseURL]);
  const wasm = new Set(requested.filter((url) => url.includes('.wasm')).map((url) => new URL(url).pathname));
  expect([...wasm].sort()).toEqual([
    expect.stringMatching(/^\/bundled\/assets\/ort-wasm.*asyncify/),
    '/ort-wasm-simd-threaded.asyncify.wasm',
  ]);
});

function unit(vector: readonly number[]): number[] {
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

function expectClose(vectors: readonly number[][], expected: readonly number[][]): void {
  expect(vectors).toEqual(expected.map((vector) => vector.map((value) => expect.closeTo(value, 5))));
}
