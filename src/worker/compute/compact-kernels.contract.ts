import type { Compact, Kernels, Precision, RowPage, Rows } from './kernels.js';

/** Reads rows as storage would, ascending; counts them. */
export function readerOf({ vectors, norms }: Rows, dimension: number) {
  const counted = { rows: 0 };
  const readRows: Compact['readRows'] = async (rows) => {
    for (const [i, row] of rows.entries()) {
      if (i > 0 && rows[i - 1]! >= row) throw new Error(`Row ${row} comes after row ${rows[i - 1]}.`);
    }
    counted.rows += rows.length;
    return {
      vectors: Float32Array.from({ length: rows.length * dimension }, (_, at) => {
        return vectors[rows[Math.floor(at / dimension)]! * dimension + (at % dimension)]!;
      }),
      norms: Float32Array.from(rows, (row) => norms[row]!),
    };
  };
  return { readRows, counted };
}

/** Kernels that hold rows as integers, whatever they are asked for; the rows are read from a copy. */
export function holdingAs(precision: Exclude<Precision, 'float32'>, kernels: Kernels): Kernels {
  return {
    name: kernels.name,
    backend: kernels.backend,
    holdsByReference: kernels.holdsByReference,
    bytesToHold: (size) => kernels.bytesToHold(size, precision),
    pass: (rows, dimension, metric) => kernels.pass(rows, dimension, metric),
    async hold(shape, pages) {
      const { rows, dimension } = shape;
      const copy = { vectors: new Float32Array(rows * dimension), norms: new Float32Array(rows) };
      const copying = async function* (): AsyncGenerator<RowPage> {
        for await (const page of pages) {
          copy.vectors.set(page.vectors, page.start * dimension);
          copy.norms.set(page.norms, page.start);
          yield page;
        }
      };
      const { readRows } = readerOf(copy, dimension);
      return kernels.hold({ ...shape, compact: { precision, readRows } }, copying());
    },
  };
}
