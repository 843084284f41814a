import type { ImportResult, OnConflict } from '../../shared/backup-types.js';
import { VectorStoreError } from '../../shared/errors.js';
import type { CollectionConfig, Progress } from '../../shared/types.js';
import type { CollectionEngine } from '../collection/collection-engine.js';
import { readBackup } from './backup-reader.js';
import { ByteSource } from './byte-source.js';
import { checkedRecords } from './check-records.js';
import type { ChunkQueue } from './chunk-queue.js';
import { IdSet } from './id-set.js';
import type { RecordColumns } from './records-frame.js';

/** Bytes of vectors in one commit: several frames, so that fewer segments have to be merged later. */
const COMMIT_BYTES = 16 << 20;

/** The store that a file is imported into. */
export interface ImportTarget {
  /** `undefined`: it is not there. Rejects with `CONFIG_MISMATCH` where it has other settings. */
  find(config: CollectionConfig): Promise<CollectionEngine | undefined>;
  /** Creates it where it is not there. */
  open(config: CollectionConfig): Promise<CollectionEngine>;
}

/** What a call gives beside the file. */
export interface ImportCall {
  readonly onConflict: OnConflict;
  readonly signal: AbortSignal;
  /** In bytes read. */
  readonly onProgress: (progress: Progress) => void;
}

/**
 * Adds the records of a backup file. A blob is read twice: nothing is written before all of it has been checked. Of a
 * stream, what comes before a fault stays, and the error says how many records that are.
 */
export async function importBackup(
  target: ImportTarget,
  file: Blob | ChunkQueue,
  { onConflict, signal, onProgress }: ImportCall,
): Promise<ImportResult> {
  const result = { collections: 0, imported: 0, replaced: 0, skipped: 0 };
  try {
    if (!(file instanceof Blob)) {
      const source = new ByteSource(() => file.next(signal), undefined, signal);
      // Its size is not known: the page leaves the total out.
      const report = () => onProgress({ done: source.taken, total: source.taken });
      await write(target, source, onConflict, signal, result, report);
      return result;
    }
    const total = 2 * file.size;
    const first = ByteSource.ofBlob(file, signal);
    await verify(target, first, onConflict, () => onProgress({ done: first.taken, total }));
    const second = ByteSource.ofBlob(file, signal);
    const report = () => onProgress({ done: file.size + second.taken, total });
    await write(target, second, onConflict, signal, result, report);
    return result;
  } catch (error) {
    throw tellingWhatStays(error, result.imported + result.replaced);
  }
}

/** Rejects where `write` would. */
async function verify(
  target: ImportTarget,
  source: ByteSource,
  onConflict: OnConflict,
  report: () => void,
): Promise<void> {
  let first = 0;
  let seen = new IdSet();
  let there: CollectionEngine | undefined;
  for await (const part of readBackup(source)) {
    if (part.kind === 'store') for (const config of part.collections) await target.find(config);
    else if (part.kind === 'collection') {
      there = onConflict === 'error' ? await target.find(part.config) : undefined;
      first = 0;
      seen = new IdSet();
    } else {
      const records = await checkedRecords([part.columns], part.config, first);
      seen.add(records.ids, part.config.name);
      await there?.import.refuse(records.ids);
      first += records.ids.offsets.length - 1;
    }
    report();
  }
}

async function write(
  target: ImportTarget,
  source: ByteSource,
  onConflict: OnConflict,
  signal: AbortSignal,
  result: { -readonly [K in keyof ImportResult]: ImportResult[K] },
  report: () => void,
): Promise<void> {
  let batch: Batch | undefined;
  const flush = async () => {
    if (batch === undefined || batch.frames.length === 0) return;
    const { engine, config, frames, seen } = batch;
    const records = await checkedRecords(frames.splice(0), config, batch.written);
    seen.add(records.ids, config.name);
    const rows = records.ids.offsets.length - 1;
    const { count, replaced } = await engine.import.write(records, onConflict, signal);
    batch.bytes = 0;
    batch.written += rows;
    result.imported += count - replaced;
    result.replaced += replaced;
    result.skipped += rows - count;
    report();
  };
  for await (const part of readBackup(source)) {
    if (part.kind === 'store') for (const config of part.collections) await target.find(config);
    else if (part.kind === 'collection') {
      await flush();
      const { config } = part;
      batch = {
        engine: await target.open(config),
        config,
        frames: [],
        seen: new IdSet(),
        bytes: 0,
        written: 0,
      };
      result.collections++;
    } else {
      batch!.frames.push(part.columns);
      batch!.bytes += part.columns.vectors.byteLength;
      if (batch!.bytes >= COMMIT_BYTES) await flush();
    }
  }
  await flush();
}

/** What one collection's next commit is made of. */
interface Batch {
  readonly engine: CollectionEngine;
  readonly config: CollectionConfig;
  readonly frames: RecordColumns[];
  readonly seen: IdSet;
  bytes: number;
  /** Records of the collection in earlier commits. */
  written: number;
}

function tellingWhatStays(error: unknown, written: number): unknown {
  if (!(error instanceof VectorStoreError)) return error;
  if (error.code === 'ABORTED' && written > 0) {
    return new VectorStoreError(
      'ABORTED',
      `The import was aborted by its signal. ${stays(written)}`,
      error.cause === undefined ? {} : { cause: error.cause },
    );
  }
  if (written > 0) error.message += ` ${stays(written)}`;
  return error;
}

function stays(written: number): string {
  return `${written} records of the file had been written before, and stay. Import it again with onConflict: 'skip' to go on after them.`;
}
