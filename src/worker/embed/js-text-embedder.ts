import { throwIfAborted } from '../../shared/errors.js';
import { Slice } from '../slices.js';
import type { StaticTable } from './static-table.js';
import type { TextEmbedder } from './text-embedder.js';
import { tokenize } from './tokenizer.js';

/** The static embedder in plain JS: no WASM, ready as soon as the table is. */
export class JsTextEmbedder implements TextEmbedder {
  readonly id: string;
  readonly dimension: number;
  readonly #table: StaticTable;

  constructor(id: string, table: StaticTable) {
    this.id = id;
    this.dimension = table.dimension;
    this.#table = table;
  }

  async embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    throwIfAborted(signal);
    const vectors = new Float32Array(texts.length * this.dimension);
    const slice = new Slice();
    for (const [i, text] of texts.entries()) {
      averageInto(vectors.subarray(i * this.dimension), tokenize(text, this.#table.rowOf), this.#table);
      if (slice.isOver()) {
        await slice.next();
        throwIfAborted(signal);
      }
    }
    return vectors;
  }

  async release(): Promise<void> {}
}

/** The normalised sum of the words' vectors, as `static-embedder.onnx` computes it; zeros without words. */
export function averageInto(target: Float32Array, words: readonly number[], table: StaticTable): void {
  const { dimension, rows, scales } = table;
  const sum = new Float64Array(dimension);
  for (const word of words) {
    const start = word * dimension;
    const scale = scales[word]!;
    for (let i = 0; i < dimension; i++) sum[i]! += scale * rows[start + i]!;
  }
  let squares = 0;
  for (let i = 0; i < dimension; i++) squares += sum[i]! * sum[i]!;
  if (squares === 0) return;
  const length = Math.sqrt(squares);
  for (let i = 0; i < dimension; i++) target[i] = sum[i]! / length;
}
