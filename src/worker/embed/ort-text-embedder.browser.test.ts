import { expect, it } from 'vitest';
import { staticEmbedder } from '../../client/embedders/static-embedder.js';
import * as ort from '../compute/ort.js';
import { type LoadedTextEmbedder, loadTextEmbedder } from './load-text-embedder.js';
import { describeTextEmbedder, dot, largestDifference, sentences } from './text-embedder.contract.js';

// Everything as an application has it: asset URLs from `staticEmbedder`, fetched, run by ONNX Runtime.

let loaded: Promise<LoadedTextEmbedder> | undefined;
const load = () => (loaded ??= loadTextEmbedder(staticEmbedder()));

describeTextEmbedder('JsTextEmbedder in a browser', async () => (await load()).js);
describeTextEmbedder('OrtTextEmbedder', async () => (await load()).withOrt(ort));

it('is really run by ONNX Runtime, and agrees with plain JS within 1e-5', async () => {
  let runs = 0;
  const counting = {
    ...ort,
    int32Tensor: (...args: Parameters<typeof ort.int32Tensor>) => {
      runs++;
      return ort.int32Tensor(...args);
    },
  };
  const { js, withOrt } = await load();
  const embedder = await withOrt(counting);
  const texts = sentences(2_000, 23);
  const [a, b] = [await js.embed(texts), await embedder.embed(texts)];
  expect(runs).toBeGreaterThanOrEqual(2_000 / 256);
  expect(dot(a, a)).toBeGreaterThan(1_500);
  expect(largestDifference(a, b)).toBeLessThan(1e-5);
  await embedder.release();
});

it('says what to do about a file that is missing, or is another file', async () => {
  const missing = staticEmbedder({ assetBaseUrl: 'http://localhost:1/nowhere' });
  await expect(loadTextEmbedder(missing)).rejects.toMatchObject({
    code: 'BACKEND_UNAVAILABLE',
    message: expect.stringMatching(/nowhere\/static-embedder.*could not be fetched.*assetBaseUrl/s),
  });
  const { assets, ...rest } = staticEmbedder();
  const mixed = { ...rest, assets: { ...assets, table: assets.vocabulary } };
  await expect(loadTextEmbedder(mixed)).rejects.toMatchObject({
    code: 'BACKEND_UNAVAILABLE',
    message: expect.stringMatching(/244476 bytes; 30000 words × 100 take 3120132/),
  });
});
