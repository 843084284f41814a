import type { WriteOptions } from '../shared/types.js';
import type { CollectionRef, PackedRecords, WrittenOnWire } from '../shared/worker-api.js';
import { embedRecords, isWorkerEmbedder } from './embed.js';
import type { Space, StoreAccess } from './store-access.js';
import { handOver } from './worker-connection.js';

/** Embeds the texts where the embedder runs on the page, and hands all columns over to the worker. */
export async function writeRecords(
  store: StoreAccess,
  ref: CollectionRef,
  { config, embedder }: Space,
  records: PackedRecords,
  mode: 'upsert' | 'insert',
  { durability = 'disk', signal, onProgress }: WriteOptions,
): Promise<WrittenOnWire> {
  let packed = records;
  if (packed.toEmbed.length > 0 && !isWorkerEmbedder(embedder)) {
    packed = await embedRecords(packed, embedder!, config, {
      keptVectors: (own, texts) =>
        store.call((api, call) => api.keptVectors(call, ref, own, texts), { signal }),
      signal,
      onProgress,
    });
  }
  const { ids, vectors, metadata, texts } = packed;
  const args = handOver({ collection: ref, records: packed, mode, durability }, [
    vectors,
    ...[ids, metadata, texts].flatMap((column) =>
      column === undefined ? [] : [column.bytes, column.offsets],
    ),
  ]);
  return store.call((api, call) => api.upsert(call, args), { isWrite: true, signal, onProgress });
}

/** Of records that were all given as texts: so that they can be embedded once more, by another model. */
export function copyOfTexts({ vectors: _, ...records }: PackedRecords, dimension: number): PackedRecords {
  return { ...structuredClone(records), vectors: new Float32Array(records.toEmbed.length * dimension) };
}
