import { expect, it } from 'vitest';
import { type TransformersEmbedderOptions, transformersEmbedder } from './index.js';

const MINIMAL: TransformersEmbedderOptions = { model: 'Xenova/all-MiniLM-L6-v2', dimension: 384 };
const idOf = (options: Partial<TransformersEmbedderOptions>) =>
  transformersEmbedder({ ...MINIMAL, ...options }).id;

it('E7: its id holds whatever changes the vectors, and nothing else; nothing is loaded by making it', () => {
  expect(idOf({})).toBe('transformers:Xenova/all-MiniLM-L6-v2@main/q8/mean/normalized/384');
  const others = [
    { model: 'Xenova/bge-small-en-v1.5' },
    { revision: '2f1c4f0' },
    { dtype: 'fp32' },
    { pooling: 'cls' },
    { normalize: false },
    { dimension: 256 },
    { prefix: { query: 'query: ' } },
    { prefix: { document: 'query: ' } },
    { prefix: { query: 'query: ', document: 'passage: ' } },
  ] as const;
  expect(new Set([idOf({}), ...others.map(idOf)]).size).toBe(others.length + 1);
  const same = [
    { device: 'webgpu' },
    { batchSize: 8 },
    { modelBaseUrl: 'https://example.org/models' },
    { wasmUrl: 'https://example.org/ort.wasm' },
    { prefix: { query: '' } },
  ] as const;
  expect(new Set([idOf({}), ...same.map(idOf)]).size).toBe(1);
});

it('E7: refuses options that name nothing', () => {
  const make = (options: object) => () => transformersEmbedder({ ...MINIMAL, ...options });
  expect(make({ model: '' })).toThrow(/no model/);
  expect(make({ dimension: undefined })).toThrow(/dimension is undefined/);
  expect(make({ device: 'cuda' })).toThrow(/device is "cuda"/);
  expect(make({ pooling: 'max' })).toThrow(/pooling is "max"/);
});
