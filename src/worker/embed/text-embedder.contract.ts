import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pause } from '../slices.js';
import type { TextEmbedder } from './text-embedder.js';

/** First numbers of two rows: what the id `nearshore-static-glove-sg-30k/100/1` has promised since its release. */
const PINNED: Record<string, readonly number[]> = {
  'fear of spiders': [-0.027562, 0.066744, 0.059523, -0.188936],
  "someone who doesn't make clothes": [0.017487, 0.092385, 0.081665, -0.127256],
};

/** What `text-embedder.ts` promises, for every implementation of the static embedder. */
export function describeTextEmbedder(name: string, open: () => Promise<TextEmbedder>): void {
  describe(`${name} keeps the contract of TextEmbedder`, () => {
    let embedder: TextEmbedder;
    beforeAll(async () => {
      embedder = await open();
    });
    afterAll(() => embedder.release());

    const rowsOf = (vectors: Float32Array) =>
      Array.from({ length: vectors.length / embedder.dimension }, (_, i) =>
        vectors.subarray(i * embedder.dimension, (i + 1) * embedder.dimension),
      );
    const embed = async (...texts: string[]) => rowsOf(await embedder.embed(texts));

    it('gives one row of length 1 for each text', async () => {
      const vectors = await embedder.embed(['extremely cold', 'a morbid fear of spiders', 'the']);
      expect(vectors).toBeInstanceOf(Float32Array);
      expect(vectors.length).toBe(3 * embedder.dimension);
      for (const row of rowsOf(vectors)) expect(dot(row, row)).toBeCloseTo(1, 5);
      expect((await embedder.embed([])).length).toBe(0);
    });

    it('gives the rows that its id stands for', async () => {
      for (const [text, numbers] of Object.entries(PINNED)) {
        const [row] = await embed(text);
        expect(largestDifference(row!.subarray(0, numbers.length), numbers)).toBeLessThan(1e-5);
      }
    });

    it('gives zeros, and no NaN, for a text without a known word', async () => {
      const unknown = ['', ' \n', '🕷️ 🧵', '寒い', 'qxzzyk', '1234'];
      for (const row of await embed(...unknown)) expect([...row].every((value) => value === 0)).toBe(true);
      const [known, none] = await embed('cold', '🧊');
      expect(dot(known!, known!)).toBeCloseTo(1, 5);
      expect(dot(none!, none!)).toBe(0);
    });

    it('makes each row of its text alone, whatever stands beside it', async () => {
      const texts = [
        'cold',
        '',
        'lots of words '.repeat(3_000),
        'spider silk '.repeat(2_000),
        ...sentences(700, 7),
      ];
      const together = await embed(...texts);
      expect(together.length).toBe(texts.length);
      for (let i = 0; i < texts.length; i += 37) {
        const [alone] = await embed(texts[i]!);
        expect(largestDifference(together[i]!, alone!)).toBeLessThan(1e-5);
      }
      const [long, short] = await embed(texts[2]!, 'lots of words');
      expect(largestDifference(long!, short!)).toBeLessThan(1e-5);
    });

    it('puts texts that mean alike near each other', async () => {
      const [fear, phobia, shares] = await embed(
        'a fear of spiders',
        'afraid of insects',
        'stock market prices',
      );
      expect(dot(fear!, phobia!)).toBeGreaterThan(dot(fear!, shares!) + 0.2);
    });

    it('answers calls made at the same time', async () => {
      const texts = sentences(40, 11);
      const answers = await Promise.all(texts.map((text) => embedder.embed([text])));
      const together = await embed(...texts);
      for (const [i, answer] of answers.entries()) {
        expect(largestDifference(answer, together[i]!)).toBeLessThan(1e-5);
      }
    });

    it('lets other messages run while it is at work', async () => {
      let done = false;
      let turns = 0;
      const work = embedder.embed(sentences(20_000, 13)).then(() => {
        done = true;
      });
      while (!done) {
        await pause();
        turns++;
      }
      await work;
      expect(turns).toBeGreaterThan(4);
    });

    it('stops when the signal fires', async () => {
      const texts = sentences(20_000, 17);
      const early = embedder.embed(texts, AbortSignal.abort()).then(() => 'not stopped');
      await expect(early).rejects.toMatchObject({ code: 'ABORTED' });
      const controller = new AbortController();
      const work = embedder.embed(texts, controller.signal).then(() => 'not stopped');
      await pause();
      controller.abort(new Error('not wanted any more'));
      await expect(work).rejects.toMatchObject({ code: 'ABORTED', cause: controller.signal.reason });
      expect((await embed('cold')).length).toBe(1);
    });
  });
}

const WORDS =
  'the a of to and in is not person who makes large small cold hot water animal plant spider thread cloth city ' +
  "river old money law music war bird king stone sleep well-known ice-cold don't qxzzyk 🧊 1234 émigré";

/** Texts of 0 to 24 words; the same seed gives the same texts. */
export function sentences(count: number, seed: number): string[] {
  const words = WORDS.split(' ');
  let state = seed;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: below(25) }, () => words[below(words.length)]).join(' '),
  );
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return Array.from(a).reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}

export function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
