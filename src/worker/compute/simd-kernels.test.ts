import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createBitmap, setBit } from '../bitmap.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { describeKernels } from './kernels.contract.js';
import type { RowPage } from './kernels.js';
import { expectBest, pagesOf, queriesOf, randomRows } from './kernels-oracle.contract.js';
import { describeScopes } from './scopes.contract.js';
import { simdKernels } from './simd-kernels.js';

describeKernels('simdKernels', async () => simdKernels()!);
describeScopes('simdKernels', async () => simdKernels()!);

const kernels = simdKernels()!;

describe('memory of simdKernels', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('K1 a released block, kept by whoever, leaves its memory to the collector', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const memories: WeakRef<WebAssembly.Memory>[] = [];
    vi.stubGlobal('WebAssembly', {
      ...Object.fromEntries(
        Object.getOwnPropertyNames(WebAssembly).map((name) => [name, WebAssembly[name as never]]),
      ),
      Instance: class extends WebAssembly.Instance {
        constructor(module: WebAssembly.Module) {
          super(module);
          memories.push(new WeakRef(this.exports.memory as WebAssembly.Memory));
        }
      },
    });
    const dimension = 16;
    const rows = randomRows(new SeededRandom(1), 300, dimension);
    const queries = queriesOf('dot', dimension, rows.vectors.slice(0, dimension));
    const hold = () => kernels.hold({ rows: 300, dimension, metric: 'dot' }, pagesOf(rows, dimension));
    const [kept, released] = [await hold(), await hold()];
    for (const block of [kept, released]) await block.search(queries, 3, {});
    await released.release();
    await new Promise((resolve) => setTimeout(resolve));
    collect();
    expect(memories.map((memory) => memory.deref() !== undefined)).toEqual([true, false]);
    await expect(released.search(queries, 3, {})).rejects.toThrow('released');
    expectBest(await kept.search(queries, 3, {}), { metric: 'dot', dimension, rows, queries, k: 3 });
  });

  it('K1 counts the bytes of a held block, which are at most 1.4 times those of its vectors', async () => {
    for (const dimension of [100, 384]) {
      const rows = randomRows(new SeededRandom(1), 8000, dimension);
      for (const metric of ['cosine', 'dot', 'l2'] as const) {
        const block = await kernels.hold({ rows: 8000, dimension, metric }, pagesOf(rows, dimension, 800));
        expect(block.bytes).toBeGreaterThan(rows.vectors.byteLength * 1.25);
        // And scratch space, whatever the number of rows.
        expect(block.bytes).toBeLessThan(rows.vectors.byteLength * 1.36 + 700_000);
        await block.release();
      }
    }
  });

  it('K1 refuses a block that does not fit into a memory, before it asks for a page', async () => {
    const pages = vi.fn<() => Iterator<RowPage>>();
    const shape = { rows: 2_000_000, dimension: 768, metric: 'dot' } as const;
    await expect(kernels.hold(shape, { [Symbol.iterator]: pages })).rejects.toThrow(RangeError);
    expect(pages).not.toHaveBeenCalled();
  });

  it('K1 a block whose pages fail is not made', async () => {
    const fail = function* (): Generator<RowPage> {
      yield { start: 0, ...randomRows(new SeededRandom(1), 8, 4) };
      throw new Error('no second page');
    };
    await expect(kernels.hold({ rows: 16, dimension: 4, metric: 'dot' }, fail())).rejects.toThrow(
      'second page',
    );
  });
});

it('K1 passed blocks take turns in one memory: other rows, another metric, another dimension', async () => {
  const random = new SeededRandom(7);
  const count = 90;
  const excluded = createBitmap(count);
  for (let row = 0; row < count; row++) if (random.chance(0.1)) setBit(excluded, row);
  const listed = Uint32Array.of(3, 5, 8, 13, 21, 34, 55, 89);
  const wide = randomRows(random, count, 12);
  const cases = [
    { metric: 'cosine', dimension: 12, rows: wide },
    { metric: 'dot', dimension: 12, rows: wide },
    { metric: 'l2', dimension: 12, rows: wide },
    { metric: 'dot', dimension: 12, rows: randomRows(random, count, 12) },
    { metric: 'dot', dimension: 7, rows: randomRows(random, count, 7) },
  ] as const;
  const blocks = await Promise.all(
    cases.map(({ rows, dimension, metric }) => kernels.pass(rows, dimension, metric)),
  );
  for (const scope of [{ excluded }, { rows: listed }, {}, { excluded }]) {
    for (const [i, { metric, dimension, rows }] of cases.entries()) {
      const queries = queriesOf(metric, dimension, randomRows(random, 2, dimension).vectors);
      const best = await blocks[i]!.search(queries, 4, scope);
      expectBest(best, { metric, dimension, rows, queries, k: 4, scope });
    }
  }
});

describe('where there is no WebAssembly with SIMD', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  const loadAnew = async () => {
    vi.resetModules();
    return (await import('./simd-kernels.js')).simdKernels();
  };

  it('K1 there are no kernels, and it is tried once', async () => {
    const compile = vi.fn(() => {
      throw new WebAssembly.CompileError('blocked by a policy, or SIMD is not known');
    });
    const { CompileError } = WebAssembly;
    vi.stubGlobal('WebAssembly', { Module: compile, CompileError });
    vi.resetModules();
    const { simdKernels: load } = await import('./simd-kernels.js');
    expect(load()).toBeUndefined();
    expect(load()).toBeUndefined();
    expect(compile).toHaveBeenCalledTimes(1);
  });

  it('K1 there are none without WebAssembly at all', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(await loadAnew()).toBeUndefined();
  });
});
