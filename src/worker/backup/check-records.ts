import { BatchCheck } from '../../shared/batch-check.js';
import { batchError } from '../../shared/errors.js';
import { MAX_METADATA_BYTES } from '../../shared/metadata-check.js';
import { bytesOf, packStrings, type StringColumn, StringColumnBuilder } from '../../shared/string-column.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { PackedRecords } from '../../shared/worker-api.js';
import { Slice } from '../slices.js';
import { damagedBackup } from './backup-errors.js';
import type { RecordColumns } from './records-frame.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Checks records of a file as a write is checked, and packs them as one: with buffers of their own, and metadata
 * encoded anew. `first` is the position of the first one in the file's collection, for messages.
 */
export async function checkedRecords(
  frames: readonly RecordColumns[],
  { name, dimension, metric }: CollectionConfig,
  first: number,
): Promise<PackedRecords> {
  const rows = frames.reduce((sum, { ids }) => sum + ids.offsets.length - 1, 0);
  const check = new BatchCheck({ dimension, metric, canEmbed: false, vectorValues: true });
  const batch = {
    ids: [] as string[],
    vectors: new Float32Array(rows * dimension),
    metadata: [] as unknown[],
    texts: [] as (string | undefined)[],
  };
  const metadata = new StringColumnBuilder(rows, 64);
  const texts = new StringColumnBuilder(rows, 0);
  const slice = new Slice();
  for (const frame of frames) {
    batch.vectors.set(frame.vectors, batch.ids.length * dimension);
    for (let row = 0; row < frame.ids.offsets.length - 1; row++) {
      const position = batch.ids.length;
      batch.ids.push(decoded(frame.ids, row) ?? '');
      batch.texts[position] = decoded(frame.texts, row);
      batch.metadata[position] = metadataOf(frame.metadata, row);
      metadata.push(check.row(position, batch) ?? '');
      texts.pushBytes(bytesOf(frame.texts, row));
      // Checked and packed: what was parsed need not stay.
      batch.metadata[position] = batch.texts[position] = undefined;
      if ((row & 127) === 127 && slice.isOver()) await slice.next();
    }
  }
  if (check.problemCount > 0) {
    const problems = check.problems.map((problem) => ({ ...problem, position: first + problem.position }));
    throw batchError(`records of collection "${name}" in the backup file`, problems, check.problemCount);
  }
  const { ids, vectors } = batch;
  return { ids: packStrings(ids), vectors, toEmbed: [], metadata: orNone(metadata), texts: orNone(texts) };
}

/** An empty row means none. */
function decoded(column: StringColumn, row: number): string | undefined {
  const bytes = bytesOf(column, row);
  if (bytes.length === 0) return undefined;
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw damagedBackup('a record has bytes that are not UTF-8', error);
  }
}

function metadataOf(column: StringColumn, row: number): unknown {
  const bytes = column.offsets[row + 1]! - column.offsets[row]!;
  if (bytes > MAX_METADATA_BYTES) throw damagedBackup(`a record has ${bytes} bytes of metadata`);
  const text = decoded(column, row);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damagedBackup('a record has metadata that is not JSON', error);
  }
}

function orNone(builder: StringColumnBuilder): StringColumn | undefined {
  return builder.byteLength === 0 ? undefined : builder.finish();
}
