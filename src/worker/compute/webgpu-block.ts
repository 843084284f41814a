import type { Metric } from '../../shared/types.js';
import { type Bitmap, countBits, hasBit } from '../bitmap.js';
import { BestHeap } from './best-heap.js';
import { movedBy } from './centre.js';
import { bestLists } from './inverted-lists.js';
import type { BestRows, InvertedLists, QueryVectors, RowBlock, Scope } from './kernels.js';
import { floatTensor, gpuTensor, int32Tensor, int64Tensor, type OrtSession, type OrtTensor } from './ort.js';
import { concatenated, L2_MARGIN } from './ort-best.js';
import type { GpuDevice } from './webgpu-device.js';
import { GpuMasks } from './webgpu-masks.js';
import { type GpuShard, OUT } from './webgpu-shard.js';
import { type Frame, scaleToOne } from './webgpu-tiles.js';

/** Most bytes of scores, or of numbers gathered, in one run. */
const RUN_BYTES = 64 << 20;

/** Sessions serve all blocks. */
export interface GpuSessions {
  scan(isL2: boolean): Promise<OrtSession>;
  distances(): Promise<OrtSession>;
}

export interface GpuBlockParts {
  readonly gpu: GpuDevice;
  readonly sessions: GpuSessions;
  readonly shards: readonly GpuShard[];
  readonly rows: number;
  readonly dimension: number;
  readonly metric: Metric;
  readonly frame: Frame;
  readonly lists: InvertedLists | undefined;
}

/** What a search considers of each shard. */
interface Considered {
  /** Rows, of all shards. */
  readonly rows: number;
  capOf(shard: GpuShard): Promise<OrtTensor> | OrtTensor;
}

/** Rows in GPU memory. Every search scores all rows, and lets those pass that count: reading them is what a GPU does best. */
export class GpuBlock implements RowBlock {
  readonly kernel = 'onnx';
  readonly backend = 'webgpu';
  readonly rows: number;
  readonly bytes: number;
  readonly #masks: GpuMasks;
  /** Searches that use the buffers. */
  #users = 0;
  #isReleased = false;

  constructor(private readonly parts: GpuBlockParts) {
    this.rows = parts.rows;
    this.bytes = parts.shards.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#masks = new GpuMasks(parts.gpu);
  }

  async search(queries: QueryVectors, k: number, scope: Scope): Promise<BestRows> {
    this.#users++;
    try {
      return await this.#search(queries, Math.min(k, this.rows), scope);
    } finally {
      if (--this.#users === 0) this.#masks.trim();
      this.#destroyIfUnused();
    }
  }

  async release(): Promise<void> {
    this.#isReleased = true;
    this.#destroyIfUnused();
  }

  #destroyIfUnused(): void {
    if (!this.#isReleased || this.#users > 0) return;
    for (const shard of this.parts.shards) shard.destroy();
    this.#masks.destroy();
  }

  async #search(queries: QueryVectors, k: number, { excluded, rows, probes }: Scope): Promise<BestRows> {
    const { lists } = this.parts;
    if (rows !== undefined) return this.#scan(queries, k, this.#only(rows));
    if (lists !== undefined && probes !== undefined && probes < lists.starts.length - 1) {
      const answers: BestRows[] = [];
      for (const query of this.#split(queries, 1)) {
        answers.push(await this.#scan(query, k, this.#onlyLists(query, probes, excluded)));
      }
      return concatenated(answers);
    }
    return this.#scan(queries, k, this.#except(excluded));
  }

  #except(excluded: Bitmap | undefined): Considered {
    if (excluded === undefined) return { rows: this.rows, capOf: (shard) => capTensor(shard, shard.cap) };
    return {
      rows: this.rows - countBits(excluded),
      capOf: async (shard) => capTensor(shard, await this.#masks.of(excluded, shard)),
    };
  }

  #only(rows: Uint32Array): Considered {
    return {
      rows: rows.length,
      capOf: (shard) => floatTensor(shard.capOfRows(rows), capShape(shard)),
    };
  }

  /** A GPU gains nothing by lists; they are kept to because they were asked for. */
  #onlyLists({ vectors }: QueryVectors, probes: number, excluded: Bitmap | undefined): Considered {
    const { lists, metric } = this.parts;
    const rows: number[] = [];
    for (const list of bestLists(lists!, metric, vectors, probes).sort()) {
      for (let row = lists!.starts[list]!; row < lists!.starts[list + 1]!; row++) {
        if (excluded === undefined || !hasBit(excluded, row)) rows.push(row);
      }
    }
    return this.#only(Uint32Array.from(rows));
  }

  async #scan(queries: QueryVectors, k: number, considered: Considered): Promise<BestRows> {
    const { shards, metric } = this.parts;
    const perQuery = Math.max(...shards.map(({ slots }) => slots * 4));
    const answers: BestRows[] = [];
    for (const some of this.#split(queries, Math.max(1, Math.floor(RUN_BYTES / perQuery)))) {
      const own = this.#framed(some);
      const wanted = metric === 'l2' ? Math.min(k + L2_MARGIN, this.rows) : k;
      const heaps = Array.from({ length: some.count }, () => new BestHeap(wanted));
      if (considered.rows > 0)
        for (const shard of shards) await this.#scanShard(shard, own, heaps, wanted, considered);
      answers.push(await this.#answer(own, heaps, wanted, k, considered.rows));
    }
    return concatenated(answers);
  }

  async #scanShard(
    shard: GpuShard,
    { vectors, count }: FramedQueries,
    heaps: readonly BestHeap[],
    wanted: number,
    considered: Considered,
  ): Promise<void> {
    const { dimension, sessions, metric } = this.parts;
    const { tiles, lanes } = shard;
    const width = Math.min(wanted, lanes);
    const isL2 = metric === 'l2';
    const session = await sessions.scan(isL2);
    const { values, places } = await session.run({
      query: floatTensor(isL2 ? vectors.map((value) => 2 * value) : vectors, [count, dimension]),
      rows: gpuTensor(shard.vectors, [tiles, dimension, lanes]),
      cap: await considered.capOf(shard),
      ...(shard.terms !== undefined && { terms: gpuTensor(shard.terms, capShape(shard)) }),
      k: int64Tensor([width], [1]),
    });
    const scores = values!.data as Float32Array;
    // Places are int64, and below 2,048: their lower halves say all.
    const { buffer, byteOffset } = places!.data as BigInt64Array;
    const halves = new Int32Array(buffer, byteOffset);
    for (let i = 0; i < scores.length; i++) {
      // The lowest number fills rows up in TopK, with no place of their own.
      if (scores[i]! <= OUT) continue;
      const tile = Math.floor(i / (width * count));
      heaps[Math.floor(i / width) % count]!.offer(shard.start + tile * lanes + halves[2 * i]!, scores[i]!);
    }
  }

  async #answer(
    { vectors, factors, count }: FramedQueries,
    heaps: readonly BestHeap[],
    wanted: number,
    k: number,
    considered: number,
  ): Promise<BestRows> {
    const { dimension, metric } = this.parts;
    const rows = new Int32Array(count * k);
    const similarities = new Float32Array(count * k);
    for (let query = 0; query < count; query++) {
      let heap = heaps[query]!;
      if (metric === 'l2') {
        const candidates = { rows: new Int32Array(wanted), similarities: new Float32Array(wanted) };
        heap.drainTo(candidates, 0);
        const own = vectors.subarray(query * dimension, (query + 1) * dimension);
        heap = await this.#measured(
          own,
          candidates.rows.filter((row) => row !== -1),
          k,
        );
      }
      heap.drainTo({ rows, similarities }, query * k);
      for (let i = query * k; i < (query + 1) * k; i++) similarities[i]! *= factors[query]!;
    }
    return { k, rows, similarities, scanned: considered * count };
  }

  /** The best of candidates by their distances, which 2q·x − |x|² gives only roughly. */
  async #measured(query: Float32Array<ArrayBuffer>, candidates: Int32Array, k: number): Promise<BestHeap> {
    const { dimension, sessions, shards } = this.parts;
    const best = new BestHeap(k);
    const session = await sessions.distances();
    const atOnce = Math.max(1, Math.floor(RUN_BYTES / (dimension * 4)));
    for (const shard of shards) {
      const all = candidates.filter((row) => row >= shard.start && row < shard.end);
      for (let from = 0; from < all.length; from += atOnce) {
        const some = all.subarray(from, from + atOnce);
        const places = new Int32Array(some.length * dimension);
        for (const [i, row] of some.entries()) shard.placesOf(row, places, i * dimension);
        const { distances } = await session.run({
          query: floatTensor(query, [1, dimension]),
          numbers: gpuTensor(shard.vectors, [shard.slots * dimension]),
          places: int32Tensor(places, [some.length, dimension]),
        });
        for (const [i, distance] of (distances!.data as Float32Array).entries())
          best.offer(some[i]!, -distance);
      }
    }
    return best;
  }

  /** Queries in the frame of the rows. */
  #framed({ vectors, count }: QueryVectors): FramedQueries {
    const { dimension, metric, frame } = this.parts;
    const factors = new Array<number>(count).fill(1);
    if (metric === 'l2') return { vectors: movedBy(vectors, frame.centre!), count, factors };
    if (metric === 'cosine') return { vectors, count, factors };
    const scaled = vectors.slice();
    for (let query = 0; query < count; query++) {
      const own = scaled.subarray(query * dimension, (query + 1) * dimension);
      const scale = scaleToOne(own.map(Math.abs));
      for (let i = 0; i < dimension; i++) own[i]! *= scale;
      factors[query] = 1 / (scale * frame.scale);
    }
    return { vectors: scaled, count, factors };
  }

  *#split({ vectors, count }: QueryVectors, atOnce: number): Generator<QueryVectors> {
    const { dimension } = this.parts;
    for (let start = 0; start < count; start += atOnce) {
      const end = Math.min(count, start + atOnce);
      yield { vectors: vectors.slice(start * dimension, end * dimension), count: end - start };
    }
  }
}

interface FramedQueries extends QueryVectors {
  /** What each query's scores have to be multiplied by. */
  readonly factors: readonly number[];
}

function capShape({ tiles, lanes }: GpuShard): readonly number[] {
  return [tiles, 1, lanes];
}

function capTensor(shard: GpuShard, buffer: GPUBuffer): OrtTensor {
  return gpuTensor(buffer, capShape(shard));
}
