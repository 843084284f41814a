import { throwIfAborted, VectorStoreError } from '../shared/errors.js';
import { kindOf } from '../shared/plain-object.js';
import { vectorProblem } from '../shared/record-check.js';
import { pickStrings, type StringColumn } from '../shared/string-column.js';
import { rowsByText, takeKept } from '../shared/texts-to-embed.js';
import type { CollectionConfig, Embedder, EmbedPurpose, Progress, WorkerEmbedder } from '../shared/types.js';
import type { KeptVectors, PackedRecords } from '../shared/worker-api.js';

/** Texts handed at a time to an embedder that names no size: between two of them the call can be aborted. */
const TEXTS_PER_CALL = 64;

export interface EmbedRecordsOptions {
  /** Finds the vectors that are stored with the same text. */
  readonly keptVectors: (ids: StringColumn, texts: StringColumn) => Promise<KeptVectors>;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

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
  { keptVectors, signal, onProgress }: EmbedRecordsOptions,
): Promise<PackedRecords> {
  const { ids, toEmbed, vectors } = records;
  const texts = records.texts!;
  throwIfAborted(signal);
  const kept = await keptVectors(pickStrings(ids, toEmbed), pickStrings(texts, toEmbed));
  const rowsOf = rowsByText(texts, takeKept(vectors, toEmbed, kept));
  let done = kept.positions.length;
  const batches = embedInBatches([...rowsOf.keys()], embedder, config, 'document', signal);
  for await (const batch of batches) {
    for (const [text, vector] of batch) {
      const rows = rowsOf.get(text)!;
      for (const row of rows) vectors.set(vector, row * config.dimension);
      done += rows.length;
    }
    onProgress?.({ done, total: toEmbed.length });
  }
  return { ...records, toEmbed: [] };
}

type Vector = Float32Array | readonly number[];

/** Each text with its vector, as many at a time as the embedder takes. */
export async function* embedInBatches(
  texts: readonly string[],
  embedder: Embedder,
  config: CollectionConfig,
  purpose: EmbedPurpose,
  signal: AbortSignal | undefined,
): AsyncGenerator<(readonly [text: string, vector: Vector])[]> {
  const { batchSize = TEXTS_PER_CALL } = embedder;
  for (let from = 0; from < texts.length; from += batchSize) {
    const own = texts.slice(from, from + batchSize);
    const made = await embedTexts(own, embedder, config, purpose, signal);
    yield own.map((text, i) => [text, made[i]!] as const);
  }
}

/** One checked vector per text. */
async function embedTexts(
  texts: readonly string[],
  embedder: Embedder,
  { dimension, metric }: CollectionConfig,
  purpose: EmbedPurpose,
  signal: AbortSignal | undefined,
): Promise<readonly Vector[]> {
  throwIfAborted(signal);
  const vectors: unknown = await embedder.embed(texts, signal, purpose);
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
