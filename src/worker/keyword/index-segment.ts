import { bytesOf, type StringColumn } from '../../shared/string-column.js';
import type { JsonValue } from '../../shared/types.js';
import { metadataBatches } from '../filter/metadata-batches.js';
import { Slice } from '../slices.js';
import { type KeywordIndex, KeywordIndexBuilder } from './keyword-index.js';

/** An index of the texts and of the strings at these paths of the metadata. Pauses between slices, where it may be aborted. */
export async function indexSegment(
  rows: number,
  texts: StringColumn | undefined,
  metadata: StringColumn | undefined,
  paths: readonly (readonly string[])[],
  signal?: AbortSignal,
): Promise<KeywordIndex> {
  const builder = new KeywordIndexBuilder(rows);
  const addText = (row: number) => {
    if (texts !== undefined) builder.addText(bytesOf(texts, row));
  };
  if (metadata === undefined || paths.length === 0) {
    const slice = new Slice();
    for (let row = 0; row < rows; row++) {
      addText(row);
      builder.endRow();
      if ((row & 255) === 255 && slice.isOver()) {
        await slice.next();
        signal?.throwIfAborted();
      }
    }
    return builder.finish();
  }
  const all = Uint32Array.from({ length: rows }, (_, row) => row);
  for await (const { from, values } of metadataBatches(metadata, all)) {
    for (const [i, value] of values.entries()) {
      addText(from + i);
      for (const path of paths) addStrings(value, path, 0, builder);
      builder.endRow();
    }
    signal?.throwIfAborted();
  }
  return builder.finish();
}

/** A path goes through an array into the objects in it (SPEC, F16). */
function addStrings(
  value: JsonValue | undefined,
  path: readonly string[],
  depth: number,
  to: KeywordIndexBuilder,
): void {
  if (depth === path.length) {
    for (const each of Array.isArray(value) ? value : [value])
      if (typeof each === 'string') to.addString(each);
    return;
  }
  for (const each of Array.isArray(value) ? value : [value]) {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) continue;
    if (Object.hasOwn(each, path[depth]!)) addStrings(each[path[depth]!], path, depth + 1, to);
  }
}
