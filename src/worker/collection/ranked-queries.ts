import type { MatchesOnWire } from '../../shared/worker-api.js';
import { groupsOf } from './groups.js';
import { chooseDiverse } from './mmr.js';
import { type Question, type RankedRow, type Ranking, rank } from './rankings.js';
import { readFields, readVectors } from './records.js';

// Imported when a query asks for it: words, fused rankings, groups, diversity.
export { keywordIndexOf } from './keyword-indexes.js';

const LEAST_POOL = 50;
const POOL_FACTOR = 5;

/** Answers a query that is about more than the nearest vectors (SPEC, J1 to J12). */
export async function answerRanked(question: Question, topK: number): Promise<MatchesOnWire> {
  const began = performance.now();
  const { groupBy, groupSize = 1, diversity } = question.query;
  if (groupBy !== undefined) {
    const { groups, receipt } = await groupsOf(question, groupBy, topK, groupSize);
    const rows = groups.flatMap((group) => group.rows);
    let start = 0;
    const starts = groups.map(({ value, rows: own }) => {
      const group = { value, start };
      start += own.length;
      return group;
    });
    return { ...(await matchesOf(question, rows, receipt, began)), groups: starts };
  }
  if (diversity === undefined) {
    const { rows, receipt } = await rank(question, topK);
    return matchesOf(question, rows, receipt, began);
  }
  const { rows: pool, receipt } = await rank(question, Math.max(LEAST_POOL, POOL_FACTOR * topK));
  const vectors = await readVectors(question.snapshot, pool);
  const { metric } = question.snapshot.row.config;
  const chosen = chooseDiverse({ relevances: relevancesOf(pool), vectors, metric }, topK, diversity);
  return matchesOf(
    question,
    chosen.map((i) => pool[i]!),
    receipt,
    began,
  );
}

/** Fused and BM25 scores are of another scale than similarities. */
function relevancesOf(rows: readonly RankedRow[]): number[] {
  const values = rows.map(({ score, keywordScore, fusedScore }) =>
    fusedScore === undefined && Number.isNaN(score) ? keywordScore! : (fusedScore ?? score),
  );
  if (rows.every((row) => row.fusedScore === undefined && !Number.isNaN(row.score))) return values;
  const greatest = Math.max(...values);
  return values.map((value) => value / greatest);
}

async function matchesOf(
  { query, snapshot }: Question,
  rows: readonly RankedRow[],
  receipt: Ranking['receipt'],
  began: number,
): Promise<MatchesOnWire> {
  const { includeVectors = false, includeMetadata = true } = query;
  const fields = await readFields(snapshot, rows, { vectors: includeVectors, metadata: includeMetadata });
  return {
    ids: rows.map(({ id }) => id),
    ...fields,
    scores: rows.map(({ score }) => score),
    distances: rows.map(({ distance }) => distance),
    ...(hasWords(query) && { keywordScores: rows.map(({ keywordScore }) => keywordScore) }),
    ...(query.hybrid !== undefined && { fusedScores: rows.map(({ fusedScore }) => fusedScore!) }),
    receipt: {
      ...receipt,
      complete: true,
      elapsedMs: performance.now() - began,
      generation: snapshot.generation,
    },
  };
}

function hasWords({ keyword, hybrid }: Question['query']): boolean {
  return keyword !== undefined || hybrid !== undefined;
}
