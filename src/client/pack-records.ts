import { BatchCheck, batchShapeProblem } from '../shared/batch-check.js';
import { batchError, VectorStoreError } from '../shared/errors.js';
import { packStrings, type StringColumn, StringColumnBuilder } from '../shared/string-column.js';
import type { CollectionConfig, VectorBatch, VectorRecord } from '../shared/types.js';
import { validateRecords } from '../shared/validate.js';
import type { PackedRecords } from '../shared/worker-api.js';

/**
 * Checks records and copies them into columns, at once, so that the caller's arrays are free afterwards. Values of
 * vectors are checked in the worker, which has to read them anyway.
 */
export function packRecords(
  records: readonly VectorRecord<unknown>[] | VectorBatch<unknown>,
  { dimension, metric }: CollectionConfig,
  canEmbed: boolean,
): PackedRecords {
  const check = new BatchCheck({ dimension, metric, canEmbed, vectorValues: false });
  let packed: PackedRecords | undefined;
  if (Array.isArray(records)) {
    packed = packArray(records as readonly VectorRecord<unknown>[], dimension, check);
  } else if (batchShapeProblem(records, dimension) === undefined) {
    packed = packBatch(records as VectorBatch<unknown>, check);
  }
  if (packed !== undefined && check.problemCount === 0) return packed;
  // Once more, for the complete list: with the values of the vectors.
  const { problems, problemCount } = validateRecords(records, { dimension, metric, canEmbed });
  throw batchError('records', problems, problemCount);
}

/** Checks and packs `{ id, metadata }` updates. */
export function packMetadata(updates: unknown, { dimension, metric }: CollectionConfig) {
  if (!Array.isArray(updates)) {
    throw new VectorStoreError(
      'INVALID_ARGUMENT',
      'setMetadata was not given an array. It changes records by position. Give [{ id, metadata }].',
    );
  }
  const check = new BatchCheck({ dimension, metric, canEmbed: false, vectorValues: false });
  const metadata = new StringColumnBuilder(updates.length, 64);
  for (const [position, update] of updates.entries())
    metadata.push(check.metadataUpdate(position, update) ?? '');
  if (check.problemCount > 0) throw batchError('metadata updates', check.problems, check.problemCount);
  return { ids: packStrings(updates.map(({ id }: { id: string }) => id)), metadata: metadata.finish() };
}

function packArray(
  records: readonly VectorRecord<unknown>[],
  dimension: number,
  check: BatchCheck,
): PackedRecords {
  const ids = new StringColumnBuilder(records.length);
  const metadata = new StringColumnBuilder(records.length, 64);
  const texts = new StringColumnBuilder(records.length, 64);
  const vectors = new Float32Array(records.length * dimension);
  const toEmbed: number[] = [];
  for (let row = 0; row < records.length; row++) {
    const record = records[row]!;
    metadata.push(check.record(row, record) ?? '');
    // After the first problem the rest is only checked.
    if (check.problemCount > 0) continue;
    ids.push(record.id);
    texts.push(record.text ?? '');
    if (record.vector === undefined) toEmbed.push(row);
    else vectors.set(record.vector, row * dimension);
  }
  return { ids: ids.finish(), vectors, toEmbed, metadata: orNone(metadata), texts: orNone(texts) };
}

function packBatch(batch: VectorBatch<unknown>, check: BatchCheck): PackedRecords {
  const rows = batch.ids.length;
  const metadata = new StringColumnBuilder(rows, batch.metadata === undefined ? 0 : 64);
  for (let row = 0; row < rows; row++) metadata.push(check.row(row, batch) ?? '');
  const ok = check.problemCount === 0;
  return {
    ids: packStrings(ok ? batch.ids : []),
    vectors: ok ? batch.vectors.slice() : new Float32Array(0),
    toEmbed: [],
    metadata: orNone(metadata),
    texts: ok && batch.texts !== undefined ? packStrings(batch.texts.map((text) => text ?? '')) : undefined,
  };
}

function orNone(builder: StringColumnBuilder): StringColumn | undefined {
  return builder.byteLength === 0 ? undefined : builder.finish();
}
