import { VectorStoreError } from '../../shared/errors.js';

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The static embedder's word vectors. Word i of the vocabulary has row i; one more row, of zeros, is last and
 * pads texts to one length. A word's vector, with its weight folded in, is its row × its scale.
 */
export interface StaticTable {
  readonly dimension: number;
  /** Word → row. */
  readonly rowOf: ReadonlyMap<string, number>;
  /** (words + 1) × dimension, row-major. */
  readonly rows: Int8Array<ArrayBuffer>;
  /** words + 1. */
  readonly scales: Float32Array<ArrayBuffer>;
  /** The file that holds rows and scales, as the ONNX model's external data. */
  readonly bytes: Bytes;
}

/** Where rows and scales are in the table's file; offsets and lengths in bytes. */
export interface StaticTableLayout {
  readonly rows: { readonly offset: number; readonly length: number };
  readonly scales: { readonly offset: number; readonly length: number };
  readonly byteLength: number;
}

/** Of typed-array views and of ONNX Runtime's tensors. */
const ALIGNMENT = 64;

export function staticTableLayout(words: number, dimension: number): StaticTableLayout {
  const rows = { offset: 0, length: (words + 1) * dimension };
  const scales = { offset: Math.ceil(rows.length / ALIGNMENT) * ALIGNMENT, length: (words + 1) * 4 };
  return { rows, scales, byteLength: scales.offset + scales.length };
}

/**
 * @param vocabulary one word a line, UTF-8, the most frequent first
 * @param bytes rows and scales as in `staticTableLayout`, little-endian
 */
export function parseStaticTable(vocabulary: Uint8Array, bytes: Bytes, dimension: number): StaticTable {
  const words = new TextDecoder().decode(vocabulary).trimEnd().split('\n');
  const { rows, scales, byteLength } = staticTableLayout(words.length, dimension);
  if (bytes.length !== byteLength) {
    throw new VectorStoreError(
      'BACKEND_UNAVAILABLE',
      `The static embedder's table has ${bytes.length} bytes; ${words.length} words × ${dimension} take ${byteLength}. ` +
        'Texts cannot be embedded with parts that do not belong together. ' +
        'Serve the three asset files of one release of nearshore, unchanged; check assetBaseUrl if it is set.',
    );
  }
  return {
    dimension,
    rowOf: new Map(words.map((word, row) => [word, row])),
    rows: new Int8Array(bytes.buffer, bytes.byteOffset + rows.offset, rows.length),
    scales: new Float32Array(bytes.buffer, bytes.byteOffset + scales.offset, words.length + 1),
    bytes,
  };
}
