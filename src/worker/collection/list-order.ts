import { throwIfAborted } from '../../shared/errors.js';
import { bytesOf, type StringColumn, StringColumnBuilder } from '../../shared/string-column.js';
import type { CollectionConfig, Progress } from '../../shared/types.js';
import { countBits, createBitmap, setBit } from '../bitmap.js';
import type { Rows } from '../compute/kernels.js';
import type { TrainInWorkerOptions } from '../index/train-in-worker.js';
import type { TrainedRows } from '../index/trainer-api.js';
import { Slice } from '../slices.js';
import type { NewPlaces } from './merged-states.js';
import { pickStamps } from './pick-stamps.js';
import type { SegmentContent } from './segment-writer.js';

/** Trains an index for rows, which it takes over, and gives them back in the order of its lists. */
export type Train = (
  rows: Rows,
  config: CollectionConfig,
  options: Pick<TrainInWorkerOptions, 'signal' | 'onProgress'>,
) => Promise<TrainedRows>;

export interface Training {
  readonly train: Train;
  /** Vector components (rows × dimension) of a segment from which an index is made. */
  readonly minComponents: number;
}

/**
 * Below, an exact search takes about 0.3 ms. Smaller: more training for less gain; larger: slower queries between.
 */
export const TRAINED_COMPONENTS = 4_000_000;

export function isWorthTraining({ minComponents }: Training, rows: number, dimension: number): boolean {
  return rows * dimension >= minComponents;
}

export interface Gathered extends NewPlaces {
  readonly content: SegmentContent | undefined;
}

/** Puts the rows of a large segment into the order of inverted lists, which become part of it. */
export async function inListOrder(
  gathered: Gathered,
  config: CollectionConfig,
  training: Training,
  signal: AbortSignal | undefined,
  onProgress: (progress: Progress) => void,
): Promise<Gathered> {
  const { content, newRows, newTombstones } = gathered;
  if (content === undefined || !isWorthTraining(training, content.norms.length, config.dimension))
    return gathered;
  const { vectors, norms, order, lists, curve } = await training.train(content, config, {
    signal,
    onProgress,
  });
  const places = new Int32Array(order.length);
  for (const [at, row] of order.entries()) places[row] = at;
  return {
    content: {
      ids: (await stringsInOrder(content.ids, order, signal))!,
      vectors,
      norms,
      stamps: await pickStamps(content.stamps, order),
      bases: content.bases && (await pickStamps(content.bases, order)),
      metadata: await stringsInOrder(content.metadata, order, signal),
      texts: await stringsInOrder(content.texts, order, signal),
      tombstones: content.tombstones,
      index: { lists, curve },
    },
    newRows: newRows.map((own) => own.map((row) => (row === -1 ? -1 : places[row]!))),
    newTombstones,
  };
}

/** Records must not go down with an index: an order that leaves one out is refused before anything is written. */
export function checkOrder(order: Uint32Array, rows: number): void {
  const seen = createBitmap(rows);
  for (const row of order) if (row < rows) setBit(seen, row);
  if (order.length !== rows || countBits(seen) !== rows) {
    throw new Error(`The trained order of ${order.length} is not one of ${rows} rows.`);
  }
}

async function stringsInOrder(
  column: StringColumn | undefined,
  order: Uint32Array,
  signal: AbortSignal | undefined,
): Promise<StringColumn | undefined> {
  if (column === undefined) return undefined;
  const builder = new StringColumnBuilder(order.length);
  const slice = new Slice();
  for (const [at, row] of order.entries()) {
    builder.pushBytes(bytesOf(column, row));
    if ((at & 255) === 255 && slice.isOver()) {
      throwIfAborted(signal);
      await slice.next();
    }
  }
  return builder.finish();
}
