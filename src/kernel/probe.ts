import { boundCodes, boundDistances, boundProducts } from './bounds';
import { CHUNK, chunk, openChunk } from './chunk';
import { block, centre, endWithZeros, Metric, take, taken } from './layout';
import { quantiseQuery } from './quantise-query';
import { openQuery } from './query';
import { scanCodes } from './scan-codes';
import { scanDistances, scanProducts } from './scan-floats';

// For a test: the bounds themselves. Not part of the module that is shipped.

export * from './index';

let scores: usize = 0;
let lowers: usize = 0;
let uppers: usize = 0;

/** After a search of one query was laid out. */
export function layOutProbe(): f64 {
  scores = take(4 * CHUNK);
  lowers = take(4 * CHUNK);
  uppers = take(4 * CHUNK);
  return taken();
}

export function centreAt(): usize {
  return centre;
}
export function lowersAt(): usize {
  return lowers;
}
export function uppersAt(): usize {
  return uppers;
}

/** Bounds of the block's rows for the query in its place. */
export function bound(): void {
  const query = openQuery(0);
  endWithZeros(block);
  quantiseQuery(query, block.metric);
  const hasCodes = block.codes !== 0;
  openChunk(block, 0, 0, block.rows, hasCodes);
  if (hasCodes) {
    scanCodes(chunk, query, scores);
    boundCodes(chunk, query, scores, lowers, uppers);
  } else if (block.metric === Metric.L2) {
    scanDistances(chunk, query, scores);
    boundDistances(chunk, scores, lowers, uppers);
  } else {
    scanProducts(chunk, query, scores);
    boundProducts(chunk, query, scores, lowers, uppers);
  }
}
