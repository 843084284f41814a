import { VectorStoreError } from '../../shared/errors.js';
import type { WorkerEmbedder } from '../../shared/types.js';
import { JsTextEmbedder } from './js-text-embedder.js';
import { type OrtForEmbedder, OrtTextEmbedder } from './ort-text-embedder.js';
import { parseStaticTable } from './static-table.js';
import type { TextEmbedder } from './text-embedder.js';

type Bytes = Uint8Array<ArrayBuffer>;

/** One embedder with its two implementations, which share the table. */
export interface LoadedTextEmbedder {
  /** Ready at once. */
  readonly js: TextEmbedder;
  /** Fetches the model and compiles it; gives the same vectors as `js`. */
  withOrt(ort: OrtForEmbedder): Promise<TextEmbedder>;
}

/**
 * Fetches what `js` needs. Rejects with `BACKEND_UNAVAILABLE` if an asset cannot be fetched or is not the one
 * that belongs there.
 */
export async function loadTextEmbedder(
  { id, dimension, assets }: WorkerEmbedder,
  fetchBytes: (url: string) => Promise<Bytes> = fetchAsset,
): Promise<LoadedTextEmbedder> {
  const [vocabulary, bytes] = await Promise.all([fetchBytes(assets.vocabulary), fetchBytes(assets.table)]);
  const table = parseStaticTable(vocabulary, bytes, dimension);
  return {
    js: new JsTextEmbedder(id, table),
    withOrt: async (ort) => OrtTextEmbedder.create(id, table, await fetchBytes(assets.model), ort),
  };
}

async function fetchAsset(url: string): Promise<Bytes> {
  let answer = 'no answer';
  let cause: unknown;
  try {
    const response = await fetch(url);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    answer = `status ${response.status}`;
  } catch (error) {
    cause = error;
  }
  throw new VectorStoreError(
    'BACKEND_UNAVAILABLE',
    `The embedder's file ${url} could not be fetched (${answer}). Without it no text can be turned into a vector. ` +
      'Serve the files of nearshore/embedders with the page, allow them in its connect-src, and check ' +
      'assetBaseUrl if it is set; the next call tries again.',
    cause === undefined ? {} : { cause },
  );
}
