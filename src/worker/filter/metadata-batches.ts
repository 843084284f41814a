import type { StringColumn } from '../../shared/string-column.js';
import type { JsonValue } from '../../shared/types.js';
import { Slice } from '../slices.js';

/** Rows parsed at once: a quarter faster than row by row. */
const MAX_ROWS = 64;
/** Bytes from which a batch is parsed: a row may have 64 KiB. */
const MAX_BYTES = 32 << 10;

const COMMA = 0x2c;
const BRACKETS = { open: 0x5b, close: 0x5d };
const NOTHING = new TextEncoder().encode('null');

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export interface MetadataBatch {
  /** Position of the first one in the list of rows. */
  readonly from: number;
  /** `undefined` for a row without metadata. */
  readonly values: (JsonValue | undefined)[];
}

/** The metadata of these rows, parsed, in the order asked. Pauses between batches. */
export async function* metadataBatches(
  { bytes, offsets }: StringColumn,
  rows: Uint32Array,
): AsyncGenerator<MetadataBatch> {
  const slice = new Slice();
  let json = new Uint8Array(2 * MAX_BYTES);
  let length = 0;
  const push = (part: Uint8Array, before: number) => {
    const needed = length + part.length + 2;
    if (needed > json.length) {
      const grown = new Uint8Array(2 * needed);
      grown.set(json);
      json = grown;
    }
    json[length] = before;
    json.set(part, length + 1);
    length += part.length + 1;
  };
  for (let from = 0, to = 0; from < rows.length; from = to) {
    length = 0;
    for (; to < rows.length && to - from < MAX_ROWS && length < MAX_BYTES; to++) {
      const start = offsets[rows[to]!]!;
      const end = offsets[rows[to]! + 1]!;
      push(start === end ? NOTHING : bytes.subarray(start, end), to === from ? BRACKETS.open : COMMA);
    }
    json[length++] = BRACKETS.close;
    const parsed = JSON.parse(decoder.decode(json.subarray(0, length))) as JsonValue[];
    // Metadata is an object, so null stands for none.
    yield { from, values: parsed.map((value) => value ?? undefined) };
    if (slice.isOver()) await slice.next();
  }
}
