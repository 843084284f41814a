import { bytesOf, type StringColumn, unpackString } from '../../shared/string-column.js';
import type { RecordsOnWire } from '../../shared/worker-api.js';
import type { Snapshot } from './snapshot.js';

/** A record of a snapshot. */
export interface Place {
  readonly source: number;
  readonly row: number;
}

export interface Wanted {
  readonly vectors: boolean;
  /** Covers metadata and texts. */
  readonly metadata: boolean;
}

/** Reads records, in the order of `places`. */
export async function readRecords(
  snapshot: Snapshot,
  places: readonly Place[],
  wanted: Wanted,
): Promise<RecordsOnWire> {
  return { ids: await readIds(snapshot, places), ...(await readFields(snapshot, places, wanted)) };
}

export async function readIds(snapshot: Snapshot, places: readonly Place[]): Promise<string[]> {
  return (await readColumn(snapshot, places, (segment) => segment.ids())) as string[];
}

/** All that is wanted beside the ids. */
export async function readFields(
  snapshot: Snapshot,
  places: readonly Place[],
  wanted: Wanted,
): Promise<Omit<RecordsOnWire, 'ids'>> {
  const fields: { -readonly [K in keyof RecordsOnWire]?: RecordsOnWire[K] } = {};
  if (wanted.metadata) {
    const metadata = await readColumn(snapshot, places, (segment) => segment.metadata());
    const texts = await readColumn(snapshot, places, (segment) => segment.texts());
    if (metadata.some((each) => each !== undefined)) fields.metadata = metadata;
    if (texts.some((each) => each !== undefined)) fields.texts = texts;
  }
  if (wanted.vectors) fields.vectors = await readVectors(snapshot, places);
  return fields;
}

/** Vectors of the places: n × dimension. */
export async function readVectors(
  snapshot: Snapshot,
  places: readonly Place[],
): Promise<Float32Array<ArrayBuffer>> {
  const { dimension } = snapshot.row.config;
  const vectors = new Float32Array(places.length * dimension);
  const bySource = new Map<number, number[]>();
  for (const [i, { source }] of places.entries()) {
    const positions = bySource.get(source);
    if (positions === undefined) bySource.set(source, [i]);
    else positions.push(i);
  }
  const copies = [...bySource].map(async ([source, positions]) => {
    const rows = positions.map((i) => places[i]!.row);
    const copied = await snapshot.views[source]!.segment.copyVectors(rows);
    for (const [j, i] of positions.entries()) {
      vectors.set(copied.subarray(j * dimension, (j + 1) * dimension), i * dimension);
    }
  });
  await Promise.all(copies);
  return vectors;
}

type ColumnOf = (segment: Snapshot['views'][number]['segment']) => Promise<StringColumn | undefined>;

/** An empty string in a column stands for none. */
async function readColumn(snapshot: Snapshot, places: readonly Place[], columnOf: ColumnOf) {
  const sources = [...new Set(places.map(({ source }) => source))];
  const columns = new Map<number, StringColumn | undefined>();
  for (const source of sources) columns.set(source, await columnOf(snapshot.views[source]!.segment));
  return places.map(({ source, row }) => {
    const column = columns.get(source);
    return column === undefined || bytesOf(column, row).length === 0 ? undefined : unpackString(column, row);
  });
}
