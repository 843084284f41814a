import { throwIfAborted, VectorStoreError } from '../../shared/errors.js';
import { RELEASE } from '../release.js';
import type { Storage } from '../storage/storage.js';
import {
  type BackupEnd,
  type CollectionHead,
  FRAME,
  QUARANTINED_PAGE,
  type StoreHead,
} from './backup-format.js';
import { CollectionPages } from './collection-pages.js';
import { exportRecords } from './export-records.js';
import { FrameWriter, fileHead } from './frame-writer.js';
import { quarantinedFrame } from './quarantined-frame.js';

export interface ExportedStore {
  readonly name: string;
  readonly storage: Storage;
}

/** An export that is under way: its file, part by part. */
export interface Export {
  /** Bytes of the file, as far as they can be told before it is written. */
  readonly expectedBytes: number;
  readonly parts: AsyncGenerator<Uint8Array<ArrayBuffer>, void>;
}

/**
 * Exports each collection as it is in one generation: the one at this call. Nothing may merge segments until the parts
 * have ended; where something does, they reject.
 *
 * @param names of the collections; `undefined`: all, and their export counts as the store's last backup.
 */
export async function exportStore(
  { name, storage }: ExportedStore,
  names: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<Export> {
  // No commit meanwhile: so the collections are as they were at one moment.
  const collections = await storage.exclusively(async () => {
    const all = names ?? (await storage.readCollections()).map(({ config }) => config.name);
    return Promise.all([...new Set(all)].map((each) => openPages(storage, each)));
  });
  throwIfAborted(signal);
  return {
    expectedBytes: collections.reduce((sum, pages) => sum + expectedBytes(pages), 0),
    parts: exportParts(name, collections, signal, async () => {
      if (names === undefined) await storage.noteBackup(Date.now());
    }),
  };
}

/** Runs `begin` once nothing is being merged, in any tab; merging waits until `ended` fires. */
export function holdingOffMerges<T>(
  storage: Storage,
  ended: AbortSignal,
  begin: () => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const held = storage.maintenanceLock(
      'shared',
      async () => {
        const end = aborted(ended);
        await begin().then(resolve, reject);
        await end;
      },
      ended,
    );
    held.catch(reject);
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  });
}

async function* exportParts(
  store: string,
  collections: readonly CollectionPages[],
  signal: AbortSignal,
  noteBackup: () => Promise<void>,
): Export['parts'] {
  const writer = new FrameWriter();
  yield fileHead();
  const head: StoreHead = {
    store,
    createdAt: new Date().toISOString(),
    writer: `nearshore ${RELEASE}`,
    collections: collections.map(({ row }) => row.config),
  };
  yield writer.json(FRAME.store, head);
  const end: Mutable<BackupEnd> = { collections: 0, records: 0 };
  for (const pages of collections) {
    const { config, generation } = pages.row;
    const collectionHead: CollectionHead = { ...config, generation, records: pages.live };
    yield writer.json(FRAME.collection, collectionHead);
    for await (const frame of exportRecords(pages)) {
      throwIfAborted(signal);
      yield writer.seal(FRAME.records, frame);
    }
    for await (const quarantined of pages.quarantined()) {
      throwIfAborted(signal);
      const { page } = quarantined;
      if (page !== undefined) yield writer.seal(QUARANTINED_PAGE, quarantinedFrame(quarantined, page));
    }
    end.collections++;
    end.records += pages.live;
  }
  yield writer.json(FRAME.end, end);
  // Whoever asks on has taken the last part. The file is whole even where this cannot be kept.
  await noteBackup().catch(() => undefined);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

async function openPages(storage: Storage, name: string): Promise<CollectionPages> {
  const pages = await CollectionPages.open(storage, name);
  if (pages !== undefined) return pages;
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    `There is no collection ${JSON.stringify(name)} to export. A file without it would look like a backup of it. ` +
      'Give names that listCollections() tells, or leave collections out to export all.',
  );
}

/** By the share of rows that live. */
function expectedBytes({ live, row: { segments } }: CollectionPages): number {
  const rows = segments.reduce((sum, segment) => sum + segment.rows, 0);
  const columns = ['ids', 'metadata', 'texts', 'vectors'] as const;
  const bytes = segments.flatMap((segment) => columns.map((column) => segment.columns[column]?.bytes ?? 0));
  return rows === 0 ? 0 : Math.round((bytes.reduce((sum, each) => sum + each, 0) * live) / rows);
}
