import { embedMany } from 'ai';
import { MockEmbeddingModelV3 } from 'ai/test';
import { expect, it } from 'vitest';
import { type AiSdkEmbeddingModel, aiSdkEmbedder } from './index.js';

// Of a model of an older specification.
globalThis.AI_SDK_LOG_WARNINGS = false;

const TEXTS = ['a', 'bb', 'ccc', 'dddd', 'eeeee', 'ffffff', 'ggggggg'];
const vectorOf = (text: string) => [text.length, text.charCodeAt(0), 1];

interface Settings {
  most: number | undefined | Promise<number>;
  parallel: boolean | Promise<boolean>;
  /** How many vectors too many or too few a call gives. */
  off?: number;
}

/** Counts how many calls are under way at once. */
function makeModel({ most, parallel, off = 0 }: Settings) {
  const seen = { atOnce: 0, sizes: [] as number[] };
  let running = 0;
  const model = new MockEmbeddingModelV3({
    provider: 'lengths',
    modelId: 'v1',
    maxEmbeddingsPerCall: most,
    supportsParallelCalls: parallel,
    doEmbed: async ({ values }) => {
      seen.sizes.push(values.length);
      seen.atOnce = Math.max(seen.atOnce, ++running);
      await new Promise((resolve) => setTimeout(resolve));
      running--;
      const embeddings = values.map(vectorOf);
      return { embeddings: off < 0 ? embeddings.slice(-off) : embeddings, warnings: [] };
    },
  });
  return { model, seen };
}

for (const settings of [
  { most: 3, parallel: false },
  { most: 3, parallel: true },
  { most: Promise.resolve(2), parallel: Promise.resolve(true) },
  { most: Number.POSITIVE_INFINITY, parallel: true },
  { most: undefined, parallel: false },
] satisfies Settings[]) {
  it(`E6: gives what embedMany of the AI SDK gives, at most ${await settings.most} texts a call${(await settings.parallel) ? ', together' : ''}`, async () => {
    const ours = makeModel(settings);
    const theirs = makeModel(settings);
    const made = await aiSdkEmbedder(ours.model, { dimension: 3 }).embed(TEXTS);
    const { embeddings } = await embedMany({ model: theirs.model, values: TEXTS });
    expect(made).toEqual(embeddings);
    expect(ours.seen.sizes).toEqual(theirs.seen.sizes);
    expect(ours.seen.atOnce > 1).toBe((await settings.parallel) && ours.seen.sizes.length > 1);
  });
}

it('E6: a model of specification v2 will do', async () => {
  const model = {
    specificationVersion: 'v2' as const,
    provider: 'lengths',
    modelId: 'v1',
    maxEmbeddingsPerCall: 4,
    supportsParallelCalls: true,
    doEmbed: async ({ values }: { values: string[] }) => ({ embeddings: values.map(vectorOf) }),
  };
  const { embeddings } = await embedMany({ model, values: TEXTS });
  expect(await aiSdkEmbedder(model, { dimension: 3 }).embed(TEXTS)).toEqual(embeddings);
});

it('E6: a call has the signal, the headers and the options for its purpose', async () => {
  const { model } = makeModel({ most: 3, parallel: true });
  const providerOptions = {
    document: { google: { taskType: 'RETRIEVAL_DOCUMENT' } },
    query: { google: { taskType: 'RETRIEVAL_QUERY' } },
  };
  const headers = { 'x-team': 'search' };
  const embedder = aiSdkEmbedder(model, { dimension: 3, headers, providerOptions });
  const { signal } = new AbortController();
  await embedder.embed(['a'], signal, 'query');
  await embedder.embed(['b']);
  expect(model.doEmbedCalls).toEqual([
    { values: ['a'], abortSignal: signal, headers, providerOptions: providerOptions.query },
    { values: ['b'], headers, providerOptions: providerOptions.document },
  ]);
});

it('E6: its id tells provider, model, dimension and options apart', () => {
  const { model } = makeModel({ most: 1, parallel: false });
  const idOf = (options: object) => aiSdkEmbedder(model, { dimension: 3, ...options }).id;
  expect(idOf({})).toBe('ai-sdk:lengths/v1/3');
  const ids = [{}, { dimension: 4 }, { providerOptions: { openai: { user: 'x' } } }, { id: 'own' }].map(idOf);
  expect(new Set(ids).size).toBe(4);
});

it('E6: refuses what is no model, and answers of another number of vectors', async () => {
  const named = 'openai/text-embedding-3-small' as unknown as AiSdkEmbeddingModel;
  expect(() => aiSdkEmbedder(named, { dimension: 3 })).toThrow(/a string that has no doEmbed/);
  const { model } = makeModel({ most: 3, parallel: true, off: -1 });
  expect(() => aiSdkEmbedder(model, { dimension: 0 })).toThrow(/dimension is 0/);
  await expect(aiSdkEmbedder(model, { dimension: 3 }).embed(TEXTS)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('gave 2 embeddings for 3 texts'),
  });
});

it('E6: between two calls it can be aborted', async () => {
  const controller = new AbortController();
  const { model, seen } = makeModel({ most: 2, parallel: false });
  const embedder = aiSdkEmbedder(
    {
      provider: 'p',
      modelId: 'm',
      maxEmbeddingsPerCall: 2,
      supportsParallelCalls: false,
      doEmbed: (call) => {
        controller.abort();
        return model.doEmbed(call);
      },
    },
    { dimension: 3 },
  );
  await expect(embedder.embed(TEXTS, controller.signal)).rejects.toThrow();
  expect(seen.sizes).toEqual([2]);
});
