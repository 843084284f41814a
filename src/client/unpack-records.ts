import type { Match, QueryResult, StoredRecord } from '../shared/types.js';
import type { MatchesOnWire, RecordsOnWire } from '../shared/worker-api.js';

export function unpackRecords<M>(wire: RecordsOnWire): StoredRecord<M>[] {
  return wire.ids.map((id, i) => unpackRecord<M>(wire, id, i));
}

export function unpackMatches<M>(wire: MatchesOnWire): QueryResult<M> {
  const matches = wire.ids.map(
    (id, i): Match<M> => ({
      ...unpackRecord<M>(wire, id, i),
      score: wire.scores[i]!,
      distance: wire.distances[i]!,
      ...(wire.keywordScores?.[i] !== undefined && { keywordScore: wire.keywordScores[i] }),
      ...(wire.fusedScores !== undefined && { fusedScore: wire.fusedScores[i]! }),
      ...(wire.origins !== undefined && { origin: wire.origins[i]! }),
    }),
  );
  const groups = wire.groups?.map(({ value, start }, g) => ({
    value,
    matches: matches.slice(start, wire.groups![g + 1]?.start),
  }));
  return { matches, ...(groups !== undefined && { groups }), receipt: wire.receipt };
}

function unpackRecord<M>(
  { ids, metadata, texts, vectors }: RecordsOnWire,
  id: string,
  i: number,
): StoredRecord<M> {
  const record: StoredRecord<M> = { id };
  const json = metadata?.[i];
  const text = texts?.[i];
  if (json !== undefined) record.metadata = JSON.parse(json) as M;
  if (text !== undefined) record.text = text;
  if (vectors !== undefined) {
    const dimension = vectors.length / ids.length;
    record.vector = vectors.slice(i * dimension, (i + 1) * dimension);
  }
  return record;
}
