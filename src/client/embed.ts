import { throwIfAborted, VectorStoreError } from '../shared/errors.js';
import { kindOf } from '../shared/plain-object.js';
import { vectorProblem } from '../shared/record-check.js';
import { unpackString } from '../shared/string-column.js';
import type { CollectionConfig, Embedder, Progress, WorkerEmbedder } from '../shared/types.js';
import type { PackedRecords } from '../shared/worker-api.js';

/** Texts handed to an embedder at a time: between two of them the call can be aborted. */
const TEXTS_PER_CALL = 64;

export function isWorkerEmbedder(
  embedder: Embedder | WorkerEmbedder | undefined,
): embedder is WorkerEmbedder {
  return embedder !== undefined && 'runsIn' in embedder && embedder.runsIn === 'worker';
}

/** Fills in the rows that have a text only, with an embedder that runs on the page. */
export async function embedRecords(
  records: PackedRecords,
  embedder: Embedder,
  config: CollectionConfig,
  signal: AbortSignal | undefined,
  onProgress: ((progress: Progress) => void) | undefined,
): Promise<PackedRecords> {
  const { toEmbed, texts, vectors } = records;
  for (let from = 0; from < toEmbed.length; from += TEXTS_PER_CALL) {
    const rows = toEmbed.slice(from, from + TEXTS_PER_CALL);
    const made = await embedTexts(
      rows.map((row) => unpackString(texts!, row)),
      embedder,
      config,
      signal,
    );
    for (const [i, row] of rows.entries()) vectors.set(made[i]!, row * config.dimension);
    onProgress?.({ done: from + rows.length, total: toEmbed.length });
  }
  return { ...records, toEmbed: [] };
}

/** One checked vector per text. */
export async function embedTexts(
  texts: readonly string[],
  embedder: Embedder,
  { dimension, metric }: CollectionConfig,
  signal: AbortSignal | undefined,
): Promise<readonly (Float32Array | readonly number[])[]> {
  throwIfAborted(signal);
  const vectors: unknown = await embedder.embed(texts, signal);
  throwIfAborted(signal);
  if (!Array.isArray(vectors) || vectors.length !== texts.length) {
    const what = Array.isArray(vectors) ? `${vectors.length} vectors` : kindOf(vectors);
    throw new VectorStoreError(
      'INVALID_ARGUMENT',
      `Embedder "${embedder.id}" gave ${what} for ${texts.length} texts. They could not be told apart, so nothing was changed. ` +
        'Return one vector for each text, in order.',
    );
  }
  for (const vector of vectors) {
    const fault = vectorProblem(vector, dimension, metric);
    if (fault !== undefined) {
      throw new VectorStoreError(fault.code, `Embedder "${embedder.id}": ${fault.message}`);
    }
  }
  return vectors;
}
