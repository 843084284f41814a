import type { Metric } from '../../shared/types.js';
import { pause } from '../slices.js';
import { mean } from './centre.js';
import { floatBytes } from './float-bytes.js';
import type {
  BestRows,
  BlockShape,
  Kernels,
  QueryVectors,
  RowBlock,
  RowPage,
  Rows,
  Scope,
} from './kernels.js';
import { createSession, type OrtSession } from './ort.js';
import { bestOf } from './ort-best.js';
import { type HeldRows, holdTiles } from './ort-block.js';
import { FedRows } from './ort-fed.js';
import { reserveHeap } from './ort-heap.js';
import { ScopeParts } from './ort-scope.js';
import { LANES, RowTiles } from './ort-tiles.js';
import { scanGraph } from './scan-graph.js';

/**
 * Vector bytes in one session where there are no lists. Larger: fewer graph runs (0.05 ms each), but a longer pause
 * while ONNX Runtime takes the rows in (about 20 ms at 16 MiB), and that many bytes more memory at the peak. With
 * lists there is one session, since the best lists may be anywhere.
 */
const SESSION_BYTES = 16 << 20;

/** Kernels that run as ONNX Runtime graphs on its WASM backend. */
export class OrtKernels implements Kernels {
  readonly name = 'onnx';
  readonly backend = 'wasm';
  readonly holdsByReference = false;
  readonly bytesToHold = floatBytes;
  /** One session per metric and dimension serves all rows that are fed. */
  readonly #passing = new Map<string, Promise<OrtSession>>();

  async hold(shape: BlockShape, pages: AsyncIterable<RowPage> | Iterable<RowPage>): Promise<RowBlock> {
    const held: HeldRows[] = [];
    try {
      for await (const tiles of tilesOf(shape, pages)) {
        if (tiles.bytes > 2 * SESSION_BYTES) await reserveHeap(tiles.bytes);
        held.push(await holdTiles(tiles, shape.metric, shape.lists));
        await pause();
      }
    } catch (error) {
      for (const each of held) await each.release();
      throw error;
    }
    return new HeldBlock(held, shape.rows);
  }

  async pass(rows: Rows, dimension: number, metric: Metric): Promise<RowBlock> {
    return new FedRows(await this.#passingSession(dimension, metric), rows, dimension, metric);
  }

  #passingSession(dimension: number, metric: Metric): Promise<OrtSession> {
    const key = `${metric}/${dimension}`;
    let session = this.#passing.get(key);
    if (session === undefined) {
      session = createSession(scanGraph(metric, dimension));
      session.catch(() => this.#passing.delete(key));
      this.#passing.set(key, session);
    }
    return session;
  }
}

/** The rows of pages, as many as one session takes at a time. */
async function* tilesOf(
  { rows, dimension, metric, lists }: BlockShape,
  pages: AsyncIterable<RowPage> | Iterable<RowPage>,
): AsyncGenerator<RowTiles> {
  const tileBytes = LANES * dimension * 4;
  const capacity = lists === undefined ? LANES * Math.max(1, Math.floor(SESSION_BYTES / tileBytes)) : rows;
  const centre = lists !== undefined && metric === 'l2' ? mean(lists.centroids, dimension) : undefined;
  let start = 0;
  let tiles: RowTiles | undefined;
  for await (const page of pages) {
    const end = page.start + page.norms.length;
    for (let row = page.start; row < end; ) {
      tiles ??= new RowTiles(Math.min(capacity, rows - start), dimension, metric, centre);
      const to = Math.min(end, start + tiles.rows);
      tiles.take(page, row - page.start, to - page.start, row - start);
      row = to;
      if (to < start + tiles.rows) continue;
      yield tiles;
      start = to;
      tiles = undefined;
    }
    await pause();
  }
}

/** Rows in one session or several, which are searched one after another. */
class HeldBlock implements RowBlock {
  readonly kernel = 'onnx';
  readonly backend = 'wasm';
  readonly bytes: number;
  readonly #scopes: ScopeParts;
  readonly #starts: readonly number[];

  constructor(
    private readonly held: readonly HeldRows[],
    readonly rows: number,
  ) {
    this.bytes = held.reduce((sum, each) => sum + each.bytes, 0);
    const starts = [0];
    for (const each of held) starts.push(starts.at(-1)! + each.rows);
    this.#starts = starts;
    this.#scopes = new ScopeParts(starts);
  }

  async search(queries: QueryVectors, k: number, scope: Scope): Promise<BestRows> {
    const width = Math.min(k, this.rows);
    const parts = this.#scopes.of(scope);
    const answers: BestRows[] = [];
    for (const [i, each] of this.held.entries()) {
      answers.push(await each.search(queries, Math.min(width, each.rows), parts[i]!));
    }
    return bestOf(answers, width, queries.count, (answer) => this.#starts[answer]!);
  }

  async release(): Promise<void> {
    for (const each of this.held) await each.release();
  }
}
