import { countBits, hasBit } from './bitmap';
import { boundCodes, boundDistances, boundProducts } from './bounds';
import { CHUNK, chunk, openChunk, rowOf } from './chunk';
import { block, Metric, RowSet, take } from './layout';
import { Query, queryAt } from './query';
import { scanCodes, scanCodesOfFour } from './scan-codes';
import { scanDistances, scanProducts } from './scan-floats';
import { isScored, offer, score } from './select';

/** What finds the rows that are worth an exact score. */
export enum Plan {
  /** Bounds from int8 codes. */
  Codes,
  /** Bounds from float32. */
  Floats,
  /** Nothing: all are. */
  All,
}

/** Queries that are scored side by side. */
const TOGETHER: u32 = 4;

/** Scores of a chunk's rows, by query. */
let scores: usize = 0;
let lowers: usize = 0;
let uppers: usize = 0;

export function layOutScores(): void {
  scores = take(4 * CHUNK * TOGETHER);
  lowers = take(4 * CHUNK);
  uppers = take(4 * CHUNK);
}

/** The quickest way to the best k of so many rows. */
export function planFor(set: RowSet, rows: u32, k: u32): Plan {
  if (rows <= 2 * k && isScored(set)) return Plan.All;
  return set.codes !== 0 ? Plan.Codes : Plan.Floats;
}

/** What is being scanned for the queries [from, to), and how. */
let set: RowSet = block;
let plan: Plan = Plan.All;
let from: u32 = 0;
let to: u32 = 0;
/** Bitmap of rows to leave out; 0: none. */
let excluded: usize = 0;

export function openScan(rows: RowSet, how: Plan, first: u32, end: u32, leaveOut: usize): void {
  set = rows;
  plan = how;
  from = first;
  to = end;
  excluded = leaveOut;
}

/** Offers the rows [first, first + count) to the queries. */
export function scanRange(first: u32, count: u32): void {
  for (let done: u32 = 0; done < count; done += CHUNK) {
    const start = first + done;
    const few = min(CHUNK, count - done);
    if (excluded !== 0 && countBits(excluded, start, start + few) === few) continue;
    openChunk(set, start, 0, few, plan === Plan.Codes);
    scanChunk();
  }
}

/** Offers the rows in a list of uint32 to the queries. */
export function scanList(list: usize, count: u32): void {
  for (let done: u32 = 0; done < count; done += CHUNK) {
    openChunk(set, 0, list + (usize(done) << 2), min(CHUNK, count - done), plan === Plan.Codes);
    scanChunk();
  }
}

function scanChunk(): void {
  const stride = usize(CHUNK) << 2;
  let index = from;
  if (plan === Plan.Codes) {
    for (; index + TOGETHER <= to; index += TOGETHER) {
      scanCodesOfFour(chunk, index, scores, stride);
      for (let i: u32 = 0; i < TOGETHER; i++) {
        const query = queryAt(index + i);
        boundCodes(chunk, query, scores + stride * i, lowers, uppers);
        offerChunk(query);
      }
    }
  }
  for (; index < to; index++) scanChunkFor(queryAt(index));
}

function scanChunkFor(query: Query): void {
  if (plan === Plan.All) {
    scoreChunk(query);
    return;
  }
  if (plan === Plan.Codes) {
    scanCodes(chunk, query, scores);
    boundCodes(chunk, query, scores, lowers, uppers);
  } else if (set.metric === Metric.L2) {
    scanDistances(chunk, query, scores);
    boundDistances(chunk, scores, lowers, uppers);
  } else {
    scanProducts(chunk, query, scores);
    boundProducts(chunk, query, scores, lowers, uppers);
  }
  offerChunk(query);
}

function scoreChunk(query: Query): void {
  for (let i: u32 = 0; i < chunk.count; i++) {
    const row = rowOf(chunk, i);
    if (excluded === 0 || !hasBit(excluded, row)) score(set, row, query);
  }
}

/** Most rows are beaten before anything about them is looked at but their upper bounds, four at a time. */
function offerChunk(query: Query): void {
  for (let i: u32 = 0; i < chunk.count; i += 4) {
    const at = usize(i) << 2;
    let open = 15 & ~i32x4.bitmask(f32x4.lt(v128.load(uppers + at), f32x4.splat(query.threshold)));
    for (; open !== 0; open &= open - 1) {
      const index = i + u32(ctz(open));
      if (index >= chunk.count) break;
      const row = rowOf(chunk, index);
      if (excluded !== 0 && hasBit(excluded, row)) continue;
      const column = usize(index) << 2;
      offer(set, row, load<f32>(lowers + column), load<f32>(uppers + column), query);
    }
  }
}
