import type { Metric } from '../../shared/types.js';
import { Slice } from '../slices.js';
import type {
  BestRows,
  BlockShape,
  HeldSize,
  Kernels,
  Precision,
  QueryVectors,
  RowBlock,
  RowPage,
  Rows,
  Scope,
} from './kernels.js';
import { groupsOf } from './query-groups.js';
import { CompactBlock } from './simd-compact-block.js';
import { SimdInstance, STAGED_ROWS } from './simd-instance.js';
import { SIMD_MODULE } from './simd-module.js';

let kernels: Kernels | undefined;
let hasTried = false;

/** Undefined where there is no WebAssembly, no SIMD in it, or a policy (CSP) that forbids it. */
export function simdKernels(): Kernels | undefined {
  if (!hasTried) {
    hasTried = true;
    try {
      kernels = new SimdKernels(new WebAssembly.Module(bytesOf(SIMD_MODULE)));
    } catch {
      // Said by the absence of kernels.
    }
  }
  return kernels;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** One small WebAssembly module. Each held block has an instance and a memory of its own, which end with it. */
class SimdKernels implements Kernels {
  readonly name = 'simd';
  readonly backend = 'wasm';
  readonly holdsByReference = false;
  readonly #passing: Passing;

  /** Has no block: it tells how much memory one would take. */
  #measuring: SimdInstance | undefined;

  constructor(private readonly module: WebAssembly.Module) {
    this.#passing = new Passing(module);
  }

  bytesToHold(size: HeldSize, precision: Precision): number {
    this.#measuring ??= new SimdInstance(this.module);
    return this.#measuring.measure(size, precision);
  }

  async hold(shape: BlockShape, pages: AsyncIterable<RowPage> | Iterable<RowPage>): Promise<RowBlock> {
    const instance = new SimdInstance(this.module);
    const { compact } = shape;
    instance.layOut(shape, compact === undefined ? 'float32' : compact.precision);
    const slice = new Slice();
    for await (const page of pages) {
      for (const part of partsOf(page, shape.dimension)) {
        const end = part.start + part.norms.length;
        instance.write(part);
        if (part.start === 0) instance.beginCodes(end);
        instance.quantise(part.start, end);
        if (slice.isOver()) await slice.next();
      }
    }
    if (compact !== undefined) return new CompactBlock(shape, compact, instance);
    return new SimdBlock(shape, instance.bytes, () => instance);
  }

  async pass(rows: Rows, dimension: number, metric: Metric): Promise<RowBlock> {
    const shape = { rows: rows.norms.length, dimension, metric };
    const load = () => this.#passing.load(rows, shape);
    return new SimdBlock(shape, 0, load, () => this.#passing.forget(rows));
  }
}

function* partsOf({ start, vectors, norms }: RowPage, dimension: number): Generator<RowPage> {
  for (let from = 0; from < norms.length; from += STAGED_ROWS) {
    const to = Math.min(norms.length, from + STAGED_ROWS);
    const part = vectors.subarray(from * dimension, to * dimension);
    yield { start: start + from, vectors: part, norms: norms.subarray(from, to) };
  }
}

/** The one instance of all rows that are passed, and those that are in it now. */
class Passing {
  #instance: SimdInstance | undefined;
  #loaded: { readonly rows: Rows; readonly shape: BlockShape } | undefined;

  constructor(private readonly module: WebAssembly.Module) {}

  load(rows: Rows, shape: BlockShape): SimdInstance {
    this.#instance ??= new SimdInstance(this.module);
    if (!this.#has(rows, shape)) {
      this.#loaded = undefined;
      this.#instance.layOut(shape, 'floats');
      this.#instance.write({ start: 0, ...rows });
      this.#loaded = { rows, shape };
    }
    return this.#instance;
  }

  forget(rows: Rows): void {
    if (this.#loaded?.rows === rows) this.#loaded = undefined;
  }

  /** The same rows may be passed under several metrics. */
  #has(rows: Rows, { dimension, metric }: BlockShape): boolean {
    const loaded = this.#loaded;
    return loaded?.rows === rows && loaded.shape.dimension === dimension && loaded.shape.metric === metric;
  }
}

class SimdBlock implements RowBlock {
  readonly kernel = 'simd';
  readonly backend = 'wasm';
  readonly rows: number;
  readonly #dimension: number;
  #load: (() => SimdInstance) | undefined;

  constructor(
    { rows, dimension }: BlockShape,
    readonly bytes: number,
    load: () => SimdInstance,
    private readonly forget: () => void = () => {},
  ) {
    this.rows = rows;
    this.#dimension = dimension;
    this.#load = load;
  }

  async search(queries: QueryVectors, k: number, scope: Scope): Promise<BestRows> {
    const load = this.#load;
    if (load === undefined) throw new Error('The block has been released.');
    const width = Math.min(k, this.rows);
    const rows = new Int32Array(queries.count * width);
    const similarities = new Float32Array(queries.count * width);
    const best = { k: width, rows, similarities };
    const step = load().queriesTogether(width, scope);
    const slice = new Slice();
    let scanned = 0;
    for (const { first, group } of groupsOf(queries, this.#dimension, step)) {
      // Whoever has the next turn may search in the same memory: each group of queries begins with nothing.
      if (slice.isOver()) await slice.next();
      scanned += load().search(group, scope, first, best);
    }
    return { ...best, scanned };
  }

  /** Nothing refers to the instance then, and its memory is the collector's. */
  async release(): Promise<void> {
    this.#load = undefined;
    this.forget();
  }
}
