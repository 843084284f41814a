import { expect, it } from 'vitest';
import { SeededRandom } from '../seeded-random.contract.js';
import { pagesOf, randomRows } from './kernels-oracle.contract.js';
import { frameOf, lanesFor, scaleToOne, TileWriter } from './webgpu-tiles.js';

it.each([
  [1, 384],
  [5, 1],
  [2048, 384],
  [2049, 384],
  [100_000, 384],
  [341_000, 100],
  [5000, 4096],
])('%i rows of dimension %i fill tiles of equal size', (rows, dimension) => {
  const lanes = lanesFor(rows, dimension);
  expect(lanes % 4).toBe(0);
  expect(lanes).toBeLessThanOrEqual(2048);
  expect(lanes * dimension * 4).toBeLessThanOrEqual(4 << 20);
  const tiles = Math.ceil(rows / lanes);
  expect(tiles * lanes - rows).toBeLessThan(4 * tiles);
});

it.each(['cosine', 'dot', 'l2'] as const)('under %s tiles have the rows in columns', (metric) => {
  const [count, dimension, lanes] = [50, 6, 20];
  const rows = randomRows(new SeededRandom(1), count, dimension, 3);
  const pages = [...pagesOf(rows, dimension, 16)];
  const frame = frameOf(pages[0]!, dimension, metric);
  const tiles: Float32Array[] = [];
  const writer = new TileWriter({ rows: count, dimension, lanes }, frame, (tile, index) => {
    tiles[index] = tile.slice();
  });
  for (const page of pages) writer.take(page, 0, page.norms.length);
  expect(tiles).toHaveLength(3);
  for (let row = 0; row < count; row++) {
    let squares = 0;
    for (let i = 0; i < dimension; i++) {
      const own = rows.vectors[row * dimension + i]!;
      const held = {
        cosine: own / rows.norms[row]!,
        dot: own * frame.scale,
        l2: own - (frame.centre?.[i] ?? 0),
      }[metric];
      expect(tiles[Math.floor(row / lanes)]![i * lanes + (row % lanes)]).toBeCloseTo(held, 5);
      squares += held ** 2;
    }
    expect(writer.squares[row]).toBeCloseTo(squares, 3);
  }
});

// Shaders may take numbers below 2^−126 for zero, and products of such rows and queries would be.
it.each([2 ** -62, 1, 0.7, 1000, 2 ** 62])('under dot rows of norm %d are held near 1', (norm) => {
  const page = { start: 0, vectors: Float32Array.of(norm, 0), norms: Float32Array.of(norm) };
  const { scale } = frameOf(page, 2, 'dot');
  expect(norm * scale).toBeGreaterThanOrEqual(1);
  expect(norm * scale).toBeLessThan(2);
  expect(Math.log2(scale) % 1).toBeCloseTo(0, 12);
});

it('nothing but zeros is not scaled', () => {
  expect(scaleToOne(new Float32Array(3))).toBe(1);
});
