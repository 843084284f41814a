import type { OnConflict } from '../../shared/backup-types.js';
import type { CollectionConfig, Progress } from '../../shared/types.js';
import type { CollectionRef } from '../../shared/worker-api.js';
import { callOptions, type PlainRecord, packRecords } from '../collection/engine.contract.js';
import { StoreEngine } from '../store-engine.js';
import { ChunkQueue } from './chunk-queue.js';

// What tests of backups share: a store in memory, filled and read in plain records.

export async function openMemoryStore(name = 's'): Promise<StoreEngine> {
  const rest = { kernel: 'auto', assetBaseUrl: undefined, memoryBudgetBytes: undefined } as const;
  const args = { name, storage: 'memory', backend: 'js', ...rest } as const;
  return StoreEngine.open(
    args,
    () => {},
    async () => undefined,
  );
}

export async function openIn(store: StoreEngine, config: CollectionConfig) {
  const unset = { embedder: undefined, quantization: undefined };
  const { id } = await store.openCollection({ embeddingSpace: undefined, ...config, ...unset });
  const ref: CollectionRef = { id, name: config.name, ...unset };
  return store.collection(ref);
}

export async function upsertIn(
  store: StoreEngine,
  config: CollectionConfig,
  records: readonly PlainRecord[],
) {
  const engine = await openIn(store, config);
  await engine.upsert(packRecords(records, config.dimension), 'upsert', 'disk', callOptions());
  return engine;
}

/** Everything that is in a store, vectors as bits. */
export async function contentsOf(store: StoreEngine) {
  const contents = [];
  for (const config of await store.listCollections()) {
    const { records } = await (await openIn(store, config)).list({ limit: 1e9, includeVectors: true });
    const { vectors = new Float32Array(0), ...rest } = records;
    contents.push({ config, ...rest, bits: Buffer.from(vectors.buffer).toString('base64') });
  }
  return contents;
}

export async function exportParts(
  store: StoreEngine,
  collections?: readonly string[],
): Promise<Uint8Array[]> {
  const ended = new AbortController();
  const { parts } = await store.beginExport(collections, ended.signal);
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  ended.abort();
  return all;
}

export async function exportBytes(store: StoreEngine, collections?: readonly string[]): Promise<Uint8Array> {
  return new Uint8Array(await new Blob((await exportParts(store, collections)) as BlobPart[]).arrayBuffer());
}

interface ImportingOptions {
  readonly onConflict?: OnConflict;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

const NEVER = new AbortController().signal;

export function importBlob(store: StoreEngine, bytes: Uint8Array, options: ImportingOptions = {}) {
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>]);
  return store.importBackup(blob, { onConflict: 'error', signal: NEVER, onProgress: () => {}, ...options });
}

/** @param chunkBytes of the stream that the file comes as */
export async function importStream(
  store: StoreEngine,
  bytes: Uint8Array,
  chunkBytes: number,
  options: ImportingOptions = {},
) {
  const chunks = new ChunkQueue();
  const importing = store.importBackup(chunks, {
    onConflict: 'error',
    signal: NEVER,
    onProgress: () => {},
    ...options,
  });
  const send = async () => {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      if (!(await chunks.push(bytes.slice(at, at + chunkBytes), undefined))) return;
    }
    await chunks.push(undefined, undefined);
  };
  void send();
  return importing.finally(() => chunks.close());
}

/** Where a file's frames are: [start, end) of each, the head of the file left out. */
export function framesOf(bytes: Uint8Array): [start: number, end: number][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const frames: [number, number][] = [];
  for (let at = 12; at < bytes.length; ) {
    const end = at + 12 + view.getUint32(at + 4, true);
    frames.push([at, end]);
    at = end;
  }
  return frames;
}
