import type { Metric } from '../../shared/types.js';
import { hasBit } from '../bitmap.js';
import { free } from '../free.js';
import { movedBy } from './centre.js';
import { bestLists } from './inverted-lists.js';
import { heldGraph, type ListTables, ROWS_PATH } from './ivf-graph.js';
import type { BestRows, InvertedLists, QueryVectors, Scope } from './kernels.js';
import {
  boolTensor,
  createSession,
  floatTensor,
  int32Tensor,
  int64Tensor,
  type OrtSession,
  type OrtTensor,
  uint8Tensor,
} from './ort.js';
import { bestOf, concatenated, L2_MARGIN, nothingFound } from './ort-best.js';
import { type Exclusion, Exclusions } from './ort-exclusion.js';
import { listTables } from './ort-lists.js';
import { LANES, type RowTiles, TILE_BITS } from './ort-tiles.js';

/** Most bytes that one run gathers or computes in between: WASM's heap never shrinks. Larger asks are several runs. */
const RUN_BYTES = 16 << 20;

/** Of the tiles: from here on all rows are scored where they are. A gathered tile costs three times as much. */
const WORTH_GATHERING = 1 / 3;

interface HeldParts {
  readonly session: OrtSession;
  readonly rows: number;
  readonly dimension: number;
  readonly metric: Metric;
  readonly bytes: number;
  readonly centre: Float32Array<ArrayBuffer> | undefined;
  readonly lists: InvertedLists | undefined;
  readonly tables: ListTables | undefined;
}

/** Inputs of a graph of held rows beside the queries. */
interface Part {
  /** Columns of the scores. */
  readonly columns: number;
  /** At least as many rows as are not masked. */
  readonly live: number;
  readonly inputs: Readonly<Record<string, OrtTensor>>;
}

const YES = boolTensor(true);
const NO = boolTensor(false);
const NO_MASK = floatTensor(Float32Array.of(0), [1, 1]);
const NO_TILE = int32Tensor(Int32Array.of(0), [1]);
const NO_BITS = uint8Tensor(new Uint8Array(TILE_BITS), [1, TILE_BITS]);
const WHOLE = { isWhole: YES, mask: NO_MASK, fedTiles: NO_TILE, fedBits: NO_BITS };
const PART = { ...WHOLE, isWhole: NO };
const FIRST = int32Tensor(Int32Array.of(0), [1]);
const NO_PROBE = { isProbe: NO, probes: int64Tensor([1], [1]), bits: NO_BITS, lastBits: FIRST };

/** Takes rows over from the tiles, whose memory is given back. */
export async function holdTiles(
  tiles: RowTiles,
  metric: Metric,
  lists: InvertedLists | undefined,
): Promise<HeldRows> {
  const { dimension, rows, centre, terms, bytes } = tiles;
  const { vectors } = tiles;
  let tables: ListTables | undefined;
  if (lists !== undefined) {
    const centroids = centre === undefined ? lists.centroids : movedBy(lists.centroids, centre);
    tables = listTables(lists, centroids, metric);
  }
  const data = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
  const model = heldGraph({ tiles: tiles.count, dimension, isL2: metric === 'l2', terms, lists: tables });
  const session = await createSession(model, [{ path: ROWS_PATH, data }]);
  free(vectors);
  const own = tables === undefined ? 0 : lists!.centroids.byteLength + tables.tiles.byteLength;
  return new HeldRows({ session, rows, dimension, metric, bytes: bytes + own, centre, lists, tables });
}

/** Rows in one session of ONNX Runtime. */
export class HeldRows {
  readonly #exclusions: Exclusions;
  readonly #tiles: number;

  constructor(private readonly parts: HeldParts) {
    this.#tiles = Math.ceil(parts.rows / LANES);
    this.#exclusions = new Exclusions(parts.rows);
  }

  get rows(): number {
    return this.parts.rows;
  }

  get bytes(): number {
    return this.parts.bytes;
  }

  /** As `RowBlock.search`; `k` is at most the number of rows. */
  search(queries: QueryVectors, k: number, { excluded, rows, probes }: Scope): Promise<BestRows> {
    const { lists } = this.parts;
    const exclusion = this.#exclusions.of(excluded);
    if (rows !== undefined) return this.#searchRows(queries, k, rows);
    if (lists === undefined || probes === undefined || probes >= lists.starts.length - 1) {
      return this.#searchAll(queries, k, exclusion);
    }
    return this.#oneByOne(queries, (query) => this.#searchLists(query, k, probes, exclusion));
  }

  release(): Promise<void> {
    return this.parts.session.release();
  }

  #searchAll(queries: QueryVectors, k: number, exclusion: Exclusion | undefined): Promise<BestRows> {
    const live = exclusion === undefined ? this.rows : exclusion.live;
    return this.#run(queries, k, this.#wholePart(live, exclusion?.mask));
  }

  #wholePart(live: number, mask: Float32Array | undefined): Part {
    const inputs = mask === undefined ? WHOLE : { ...WHOLE, mask: floatTensor(mask, [1, mask.length]) };
    return { columns: this.#tiles * LANES, live, inputs };
  }

  async #searchLists(query: QueryVectors, k: number, probes: number, exclusion: Exclusion | undefined) {
    const { dimension, lists, tables, metric } = this.parts;
    const columns = probes * (tables?.width ?? this.#tiles) * LANES;
    if (columns * dimension * 4 <= RUN_BYTES && tables !== undefined) {
      const isProbe = { isProbe: YES, probes: int64Tensor([probes], [1]) };
      const bits = exclusion && {
        bits: uint8Tensor(exclusion.bits, [this.#tiles, TILE_BITS]),
        lastBits: int32Tensor(Int32Array.of(this.#tiles - 1), [1]),
      };
      return this.#run(
        query,
        k,
        { columns, live: columns, inputs: { ...PART, ...isProbe, ...bits } },
        exclusion,
      );
    }
    const rows: number[] = [];
    for (const list of bestLists(lists!, metric, query.vectors, probes).sort()) {
      for (let row = lists!.starts[list]!; row < lists!.starts[list + 1]!; row++) {
        if (exclusion === undefined || !hasBit(exclusion.excluded, row)) rows.push(row);
      }
    }
    return this.#searchRows(query, k, Uint32Array.from(rows));
  }

  /** @param atATime the most rows of one run; without it runs may also score all rows and mask the others */
  async #searchRows(
    queries: QueryVectors,
    k: number,
    rows: Uint32Array,
    atATime?: number,
  ): Promise<BestRows> {
    if (rows.length === 0) return nothingFound(k, queries.count);
    const tiles = distinctTiles(rows);
    if (atATime === undefined && tiles > this.#tiles * WORTH_GATHERING) {
      const mask = new Float32Array(this.#tiles * LANES).fill(Number.NEGATIVE_INFINITY);
      for (const row of rows) mask[row] = 0;
      return this.#run(queries, k, this.#wholePart(rows.length, mask));
    }
    const tilesAtATime = Math.max(1, Math.floor(RUN_BYTES / (this.parts.dimension * LANES * 4)));
    const answers: BestRows[] = [];
    for (let start = 0; start < rows.length; ) {
      const part = partOfRows(rows, start, tilesAtATime, atATime ?? Number.POSITIVE_INFINITY);
      answers.push(await this.#run(queries, k, part));
      start += part.live;
    }
    return bestOf(answers, k, queries.count, () => 0);
  }

  async #oneByOne(
    queries: QueryVectors,
    search: (query: QueryVectors) => Promise<BestRows>,
    atOnce = 1,
  ): Promise<BestRows> {
    const { dimension } = this.parts;
    const answers: BestRows[] = [];
    for (let start = 0; start < queries.count; start += atOnce) {
      const count = Math.min(atOnce, queries.count - start);
      const vectors = queries.vectors.subarray(start * dimension, (start + count) * dimension);
      answers.push(await search({ vectors, count }));
    }
    return concatenated(answers);
  }

  /** One run of the graph, or as many as the queries' intermediate results ask for. */
  async #run(queries: QueryVectors, k: number, part: Part, exclusion?: Exclusion): Promise<BestRows> {
    if (part.live === 0) return nothingFound(k, queries.count);
    const { dimension, metric } = this.parts;
    const candidates = Math.min(k + L2_MARGIN, part.live);
    const measuredBytes = metric === 'l2' ? candidates * dimension * LANES * 4 : 0;
    const isMeasured = measuredBytes <= RUN_BYTES;
    const atOnce = isMeasured
      ? Math.max(1, Math.floor(RUN_BYTES / Math.max(measuredBytes, part.columns * 4)))
      : 1;
    if (queries.count > atOnce) {
      return this.#oneByOne(queries, (some) => this.#run(some, k, part, exclusion), atOnce);
    }
    const found = Math.min(isMeasured ? k : candidates, part.live);
    const output = await this.parts.session.run(this.#feeds(queries, found, candidates, isMeasured, part));
    const rows = output.found!.data as Int32Array<ArrayBuffer>;
    const similarities = output.similarities!.data as Float32Array<ArrayBuffer>;
    for (let i = 0; i < rows.length; i++) if (similarities[i] === Number.NEGATIVE_INFINITY) rows[i] = -1;
    const scanned =
      part.inputs.isProbe === YES ? this.#rowsOf(output.lists!, exclusion) : part.live * queries.count;
    if (isMeasured) return bestOf([{ k: found, rows, similarities, scanned }], k, queries.count, () => 0);
    // So many candidates that they are measured piece by piece.
    const near = Uint32Array.from(rows.filter((row) => row !== -1)).sort();
    const best = await this.#searchRows(queries, k, near, Math.floor(RUN_BYTES / (dimension * LANES * 4)));
    return { ...best, scanned };
  }

  #feeds(
    { vectors, count }: QueryVectors,
    k: number,
    candidates: number,
    isMeasured: boolean,
    part: Part,
  ): Record<string, OrtTensor> {
    const { dimension, metric, centre, tables } = this.parts;
    const own = centre === undefined ? vectors : movedBy(vectors, centre);
    return {
      query: floatTensor(own, [count, dimension]),
      k: int64Tensor([k], [1]),
      ...(metric === 'l2' && {
        candidates: int64Tensor([candidates], [1]),
        isMeasured: isMeasured ? YES : NO,
      }),
      ...(tables !== undefined && NO_PROBE),
      ...part.inputs,
    };
  }

  #rowsOf(probed: OrtTensor, exclusion: Exclusion | undefined): number {
    const { starts } = this.parts.lists!;
    let rows = 0;
    for (const each of probed.data as BigInt64Array) {
      const list = Number(each);
      const [from, to] = [starts[list]!, starts[list + 1]!];
      rows += exclusion === undefined ? to - from : exclusion.liveIn(from, to);
    }
    return rows;
  }
}

function distinctTiles(rows: Uint32Array): number {
  let count = 0;
  let last = -1;
  for (const row of rows) {
    const tile = Math.floor(row / LANES);
    if (tile !== last) count++;
    last = tile;
  }
  return count;
}

/** As many of the rows from `start` on as fit into one run. */
function partOfRows(rows: Uint32Array, start: number, mostTiles: number, mostRows: number): Part {
  const tiles: number[] = [];
  const bits: number[] = [];
  let end = start;
  for (; end < rows.length && end - start < mostRows; end++) {
    const row = rows[end]!;
    const tile = Math.floor(row / LANES);
    if (tile !== tiles.at(-1)) {
      if (tiles.length === mostTiles) break;
      tiles.push(tile);
      for (let i = 0; i < TILE_BITS; i++) bits.push(255);
    }
    const lane = row % LANES;
    const at = (tiles.length - 1) * TILE_BITS + (lane >>> 3);
    bits[at] = bits[at]! & ~(1 << (lane & 7));
  }
  return {
    columns: tiles.length * LANES,
    live: end - start,
    inputs: {
      ...PART,
      fedTiles: int32Tensor(Int32Array.from(tiles), [tiles.length]),
      fedBits: uint8Tensor(Uint8Array.from(bits), [tiles.length, TILE_BITS]),
    },
  };
}
