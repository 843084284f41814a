import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { staticEmbedder } from '../../client/embedders/static-embedder.js';
import type { OrtSession, OrtTensor } from '../compute/ort.js';
import { loadTextEmbedder } from './load-text-embedder.js';
import type { OrtForEmbedder } from './ort-text-embedder.js';

// How the session is used, seen by a stand-in that watches; what the real one computes is in the browser test.

class WatchedSession {
  runs: (readonly number[])[] = [];
  failNext = false;

  async run({ ids }: { ids: OrtTensor }) {
    this.runs.push(ids.dims);
    if (this.failNext) {
      this.failNext = false;
      throw new Error('out of memory');
    }
    return { vectors: { data: new Float32Array(ids.dims[0]! * 100) } };
  }

  async release() {}
}

async function open() {
  const session = new WatchedSession();
  const ort: OrtForEmbedder = {
    createSession: async () => session as unknown as OrtSession,
    int32Tensor: (data, dims) => ({ data, dims }) as unknown as OrtTensor,
  };
  const loaded = await loadTextEmbedder(staticEmbedder(), async (url) =>
    Uint8Array.from(await readFile(new URL(url))),
  );
  return { session, embedder: await loaded.withOrt(ort) };
}

it('lets a failed run fail its own call only', async () => {
  const { session, embedder } = await open();
  session.failNext = true;
  const calls = [embedder.embed(['cold']), embedder.embed(['hot'])];
  const [first, second] = await Promise.allSettled(calls);
  expect(first).toMatchObject({ status: 'rejected', reason: { message: 'out of memory' } });
  expect(second!.status).toBe('fulfilled');
});

it('bounds what one run pads: 256 texts, 8,192 words', async () => {
  const { session, embedder } = await open();
  const short = Array.from({ length: 600 }, () => 'extremely cold');
  await embedder.embed(short);
  expect(session.runs).toEqual([
    [256, 2],
    [256, 2],
    [88, 2],
  ]);
  session.runs = [];
  await embedder.embed(['cold', 'cold '.repeat(4_000), 'cold', 'cold '.repeat(9_000), '']);
  expect(session.runs).toEqual([
    [2, 4_000],
    [1, 1],
    [1, 1],
  ]);
});
