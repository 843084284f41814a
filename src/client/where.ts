import type { Query, QueryResult, StoredRecord } from '../shared/types.js';
import type { QueryOnWire } from '../shared/worker-api.js';

/** Candidates asked for at first, per wanted match and at least; each further round asks for four times as many. */
const FIRST_FACTOR = 4;
const FIRST_LEAST = 64;
const GROWTH = 4;

/**
 * Applies a predicate on the page: asks for more and more candidates until `topK` of them pass or there are no
 * more. A record is judged once per generation, or, where a server answers, per round.
 */
export async function searchWhere<M>(
  ask: (query: QueryOnWire) => Promise<QueryResult<M>>,
  query: QueryOnWire,
  where: NonNullable<Query<M>['where']>,
): Promise<QueryResult<M>> {
  const topK = query.topK!;
  const judged = new Map<string, boolean>();
  const passes = (record: StoredRecord<M>) => {
    let verdict = judged.get(record.id);
    if (verdict === undefined) {
      verdict = where(record);
      judged.set(record.id, verdict);
    }
    return verdict;
  };
  let generation: number | undefined;
  let scanned = 0;
  let elapsedMs = 0;
  for (let candidates = Math.max(topK * FIRST_FACTOR, FIRST_LEAST); ; candidates *= GROWTH) {
    // The predicate needs the metadata even where the caller does not want it.
    const answer = await ask({ ...query, topK: candidates, includeMetadata: true });
    // A write in between may have changed what was judged; a server has no generations that would tell.
    if (answer.receipt.generation !== generation || answer.receipt.server !== undefined) judged.clear();
    generation = answer.receipt.generation;
    scanned += answer.receipt.scanned;
    elapsedMs += answer.receipt.elapsedMs;
    const passing = answer.matches.filter((match) => passes(match)).slice(0, topK);
    if (passing.length < topK && answer.matches.length === candidates) continue;
    const matches = query.includeMetadata === false ? passing.map(withoutMetadata) : passing;
    return { matches, receipt: { ...answer.receipt, scanned, elapsedMs } };
  }
}

function withoutMetadata<R extends StoredRecord<unknown>>({ metadata: _metadata, text: _text, ...rest }: R) {
  return rest as R;
}
