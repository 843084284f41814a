import { expect, it } from 'vitest';
import { packStrings } from '../shared/string-column.js';
import type { FromWorker } from '../shared/worker-api.js';
import { type Post, StoreHost } from './store-host.js';

type Answer = Extract<FromWorker, { nearshore: 'answer' }>;

/** A store that holds the records a and b, and asks for both with their vectors. */
async function askTwice(post: Post): Promise<void> {
  const host = new StoreHost(post);
  const store = {
    name: 's',
    storage: 'memory',
    backend: 'js',
    kernel: 'auto',
    assetBaseUrl: undefined,
    memoryBudgetBytes: undefined,
  } as const;
  await host.open(1, store);
  const named = {
    name: 'notes',
    embeddingSpace: undefined,
    embedder: undefined,
    quantization: undefined,
    maxRecords: undefined,
  };
  const opened = await host.openCollection(2, { ...named, dimension: 2, metric: 'dot' });
  if (!opened.ok) throw new Error(opened.error.message);
  const collection = {
    id: opened.value.id,
    name: 'notes',
    embedder: undefined,
    quantization: undefined,
    maxRecords: undefined,
  };
  const records = {
    ids: packStrings(['a', 'b']),
    vectors: Float32Array.of(1, 2, 3, 4),
    toEmbed: [],
    metadata: undefined,
    texts: undefined,
  };
  await host.upsert(3, { collection, records, mode: 'upsert', durability: 'memory' });
  const query = { vector: Float32Array.of(0, 1), includeVectors: true };
  await host.query({ nearshore: 'query', callId: 4, collection, queries: [query, query] });
  await host.close(5);
}

it("L5 an answer's vectors are handed over", async () => {
  const answers: { message: Answer; handedOver: Transferable[] | undefined }[] = [];
  await askTwice((message, handedOver) => {
    if (message.nearshore === 'answer') answers.push({ message, handedOver });
  });
  expect(answers).toHaveLength(1);
  const { message, handedOver } = answers[0]!;
  if (!message.outcome.ok) throw new Error(message.outcome.error.message);
  const vectors = message.outcome.value.map((answer) => answer.vectors!);
  expect(vectors).toEqual([Float32Array.of(3, 4, 1, 2), Float32Array.of(3, 4, 1, 2)]);
  expect(handedOver).toEqual(vectors.map(({ buffer }) => buffer));
});

it('L2 an answer that cannot be posted settles the call with the reason', async () => {
  const answers: Answer[] = [];
  await askTwice((message) => {
    if (message.nearshore !== 'answer') return;
    if (message.outcome.ok) throw new RangeError('out of memory');
    answers.push(message);
  });
  expect(answers).toMatchObject([
    { callId: 4, outcome: { ok: false, error: { message: expect.stringContaining('out of memory') } } },
  ]);
});
