import { existsSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { staticEmbedder } from './index.js';

it('describes an embedder that the worker runs, without fetching anything', () => {
  expect(staticEmbedder()).toMatchObject({
    runsIn: 'worker',
    kind: 'static',
    id: 'nearshore-static-glove-sg-30k/100/1',
    dimension: 100,
  });
  expect(structuredClone(staticEmbedder())).toEqual(staticEmbedder());
});

it('refers to three files that exist, of 3.5 MB together', () => {
  const files = Object.values(staticEmbedder().assets).map((url) => new URL(url));
  expect(files.filter((file) => !existsSync(file))).toEqual([]);
  expect(new Set(files.map(String)).size).toBe(3);
  expect(files.reduce((bytes, file) => bytes + statSync(file).size, 0)).toBeLessThan(3_500_000);
});

it('takes the files from assetBaseUrl, with or without a slash at its end', () => {
  const expected = {
    model: 'https://example.org/models/static-embedder.onnx',
    table: 'https://example.org/models/static-embedder.bin',
    vocabulary: 'https://example.org/models/static-embedder-vocabulary.txt',
  };
  for (const assetBaseUrl of ['https://example.org/models', new URL('https://example.org/models/')]) {
    expect(staticEmbedder({ assetBaseUrl }).assets).toEqual(expected);
  }
});
