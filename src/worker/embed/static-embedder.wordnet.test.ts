import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { readSynsets, type Synset } from '../../../scripts/read-wordnet.mjs';
import { staticEmbedder } from '../../client/embedders/static-embedder.js';
import { loadTextEmbedder } from './load-text-embedder.js';
import type { TextEmbedder } from './text-embedder.js';

// A reverse dictionary over all of WordNet: the text of a synset is its definition, without examples.

describe('staticEmbedder over the definitions of WordNet', () => {
  let synsets: Synset[];
  let embedder: TextEmbedder;
  let vectors: Float32Array;

  beforeAll(async () => {
    synsets = readSynsets();
    const readAsset = async (url: string) => Uint8Array.from(await readFile(new URL(url)));
    embedder = (await loadTextEmbedder(staticEmbedder(), readAsset)).js;
    vectors = await embedder.embed(synsets.map(({ definition }) => definition));
  });

  /** Position of the best synset that has the word, from 1; equal scores count as one position. */
  async function rankOf(word: string, query: string): Promise<number> {
    const q = await embedder.embed([query]);
    const d = embedder.dimension;
    const scores = synsets.map((_, i) => q.reduce((sum, value, j) => sum + value * vectors[i * d + j]!, 0));
    const best = Math.max(...scores.filter((_, i) => synsets[i]!.words.includes(word)));
    return 1 + new Set(scores.filter((score) => score > best)).size;
  }

  it('finds a known word in more than 99 % of the definitions', () => {
    expect(synsets.length).toBe(117_791);
    const d = embedder.dimension;
    const empty = synsets.filter((_, i) =>
      vectors.subarray(i * d, (i + 1) * d).every((value) => value === 0),
    );
    expect(empty.length).toBeLessThan(synsets.length * 0.006);
  });

  it.each([
    ['arachnophobia', 'fear of spiders', 1],
    ['arctic', 'extremely cold', 5],
    ['dressmaker', 'someone who makes clothes', 5],
  ])('finds %s by "%s" at rank %i or better', async (word, query, rank) => {
    expect(await rankOf(word, query)).toBeLessThanOrEqual(rank);
  });
});
