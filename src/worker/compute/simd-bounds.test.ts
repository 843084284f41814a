import { beforeAll, describe, expect, it } from 'vitest';
import { compileKernel } from '../../../scripts/build-kernel.mjs';
import type { Metric } from '../../shared/types.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { adversarialRows, numbers } from './adversarial-rows.contract.js';
import { queriesOf, rowsFrom } from './kernels-oracle.contract.js';

// Why the SIMD kernel is exact: what it knows of a row's similarity before it computes it is never wrong.

interface Probe {
  readonly memory: WebAssembly.Memory;
  layOutBlock(rows: number, dimension: number, metric: number, lists: number, form: number): number;
  layOutSearch(queryCount: number, k: number, probes: number, room: number): number;
  layOutProbe(): number;
  vectorsAt(): number;
  normsAt(): number;
  centreAt(): number;
  queryVectorsAt(): number;
  lowersAt(): number;
  uppersAt(): number;
  beginCodes(rows: number): void;
  quantiseRows(from: number, to: number): void;
  bound(): void;
}

const METRICS: readonly Metric[] = ['cosine', 'dot', 'l2'];
const DIMENSIONS = [1, 2, 3, 5, 8, 13, 31, 64, 100, 384, 1000, 4096];
const ROWS = 40;

let probe: Probe;
beforeAll(async () => {
  const module = new WebAssembly.Module(await compileKernel('probe.ts'));
  probe = new WebAssembly.Instance(module).exports as unknown as Probe;
}, 120_000);

const floats = (at: number, length: number) => new Float32Array(probe.memory.buffer, at >>> 0, length);

/** What is bounded: of codes what they leave open, and half squares instead of distances. */
function bounded(
  metric: Metric,
  x: Float32Array,
  norm: number,
  q: Float32Array,
  centre: Float32Array | undefined,
) {
  let product = 0;
  let squares = 0;
  for (let i = 0; i < x.length; i++) {
    const own = metric === 'cosine' ? x[i]! / norm : x[i]!;
    const y = own - (centre?.[i] ?? 0);
    if (metric === 'l2' && centre === undefined) squares += (own - q[i]!) ** 2;
    else if (metric === 'l2') squares += y * y;
    product += y * (metric === 'l2' && centre !== undefined ? q[i]! - centre[i]! : q[i]!);
  }
  if (metric !== 'l2') return product;
  return centre === undefined ? -squares / 2 : product - squares / 2;
}

function load(metric: Metric, dimension: number, rows: ReturnType<typeof rowsFrom>, hasCodes: boolean): void {
  probe.layOutBlock(ROWS, dimension, METRICS.indexOf(metric), 0, hasCodes ? 1 : 0);
  probe.layOutSearch(1, 1, 0, 0);
  const missing = probe.layOutProbe() - probe.memory.buffer.byteLength;
  if (missing > 0) probe.memory.grow(Math.ceil(missing / 65_536));
  floats(probe.vectorsAt(), rows.vectors.length).set(rows.vectors);
  if (probe.normsAt() !== 0) floats(probe.normsAt(), ROWS).set(rows.norms);
  if (!hasCodes) return;
  probe.beginCodes(ROWS / 2);
  probe.quantiseRows(0, ROWS);
}

describe.each(METRICS)('bounds of similarities under %s', (metric) => {
  const data = adversarialRows(metric);
  it.each(Object.keys(data))('K1 are never wrong: %s', (name) => {
    for (const dimension of DIMENSIONS) {
      const random = new SeededRandom(dimension);
      const draw = data[name]!(random, dimension);
      const drawn = numbers(ROWS, () => 0).flatMap(() => draw());
      const rows = rowsFrom(Float32Array.from(drawn), dimension);
      const row = drawn.slice(0, dimension);
      const long = row.map(() => 2 ** 40);
      const own = Float32Array.from([...row, ...row.map((value) => -value), ...draw(), ...long]);
      const { vectors, count } = queriesOf(metric, dimension, own);
      for (const hasCodes of [true, false]) {
        load(metric, dimension, rows, hasCodes);
        const centre = hasCodes ? floats(probe.centreAt(), dimension).slice() : undefined;
        for (let query = 0; query < count; query++) {
          const q = vectors.subarray(query * dimension, (query + 1) * dimension);
          floats(probe.queryVectorsAt(), dimension).set(q);
          probe.bound();
          const [lowers, uppers] = [floats(probe.lowersAt(), ROWS), floats(probe.uppersAt(), ROWS)];
          for (let i = 0; i < ROWS; i++) {
            const x = rows.vectors.subarray(i * dimension, (i + 1) * dimension);
            const truth = bounded(metric, x, rows.norms[i]!, q, centre);
            if (lowers[i]! <= truth && truth <= uppers[i]!) continue;
            const of = `dimension ${dimension}, query ${query}, row ${i}, ${hasCodes ? 'codes' : 'float32'}`;
            expect.fail(`${of}: ${truth} is not within ${lowers[i]} and ${uppers[i]}`);
          }
        }
      }
    }
  });
});
