import type { CompiledFilter } from '../../shared/filter.js';
import { distanceFrom, scoreFrom } from '../../shared/metric.js';
import { float32Norm } from '../../shared/record-check.js';
import { similarityOf } from '../../shared/similarity.js';
import type { RemoteQuery } from '../../shared/sync/remote.js';
import type { Metric } from '../../shared/types.js';
import { FirstOf } from './first-of.js';
import type { RecordBlock } from './record-block.js';
import type { Turn } from './turn.js';

/** Rows that are scored between two looks at the clock. */
const STRIDE = 1024;

/** A query with its vector found and its filter made ready. */
export interface ReadyQuery extends Omit<RemoteQuery, 'vector' | 'id' | 'filter'> {
  readonly vector: Float32Array;
  readonly filter: CompiledFilter | undefined;
}

export interface FoundRecord {
  readonly id: string;
  readonly score: number;
  readonly distance: number;
  readonly metadata: string | undefined;
  readonly text: string | undefined;
  /** A copy, where vectors are wanted. */
  readonly vector: Float32Array<ArrayBuffer> | undefined;
}

/**
 * Scores rows in double precision from their float32 numbers: the same on every server, so that a list may be gone on
 * with elsewhere (`RemoteQuery.after`).
 */
export class Search {
  scanned = 0;
  readonly #best: FirstOf<FoundRecord>;
  readonly #queryNorm: number;

  constructor(
    readonly query: ReadyQuery,
    private readonly metric: Metric,
  ) {
    this.#best = new FirstOf(query.topK, byScoreThenId);
    this.#queryNorm = float32Norm(query.vector, 0, query.vector.length);
  }

  /** @param rows those that pass the filter; undefined: all. */
  async scan(block: RecordBlock, rows: Uint32Array | undefined, turn: Turn): Promise<void> {
    const count = rows === undefined ? block.rows : rows.length;
    for (let from = 0; from < count; from += STRIDE) {
      if (turn.isOver()) await turn.next();
      this.#scanRows(block, rows, from, Math.min(count, from + STRIDE));
    }
    this.scanned += count;
  }

  finish(): FoundRecord[] {
    return this.#best.finish();
  }

  #scanRows(block: RecordBlock, rows: Uint32Array | undefined, from: number, to: number): void {
    const { metric } = this;
    const { vector, minScore = Number.NEGATIVE_INFINITY, after, includeVectors = false } = this.query;
    const { includeMetadata = true } = this.query;
    const { vectors, norms, dimension, ids } = block;
    const similarity = similarityOf(metric);
    for (let i = from; i < to; i++) {
      const row = rows === undefined ? i : rows[i]!;
      const product = similarity(vectors, row * dimension, vector);
      const value = metric === 'cosine' ? product / (norms[row]! * this.#queryNorm) : product;
      const score = scoreFrom(metric, value);
      if (score < minScore || score < (this.#best.last?.score ?? score)) continue;
      const id = ids[row]!;
      if (after !== undefined && (score > after.score || (score === after.score && id <= after.id))) continue;
      this.#best.push({
        id,
        score,
        distance: distanceFrom(metric, value),
        metadata: includeMetadata ? block.metadata[row] : undefined,
        text: includeMetadata ? block.texts[row] : undefined,
        vector: includeVectors ? block.vector(row).slice() : undefined,
      });
    }
  }
}

/** Best first, equal scores in the order of id. */
function byScoreThenId(a: FoundRecord, b: FoundRecord): number {
  return b.score - a.score || (a.id < b.id ? -1 : 1);
}

/** Rows whose metadata passes. */
export async function passingRows(
  block: RecordBlock,
  filter: CompiledFilter,
  turn: Turn,
): Promise<Uint32Array> {
  const passing = new Uint32Array(block.rows);
  let count = 0;
  for (let row = 0; row < block.rows; row++) {
    if (row % STRIDE === 0 && turn.isOver()) await turn.next();
    if (filter.matches(block.parsedMetadata(row))) passing[count++] = row;
  }
  return passing.subarray(0, count);
}
