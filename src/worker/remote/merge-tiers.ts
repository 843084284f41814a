import { type Matches, type MatchRow, pickMatches } from './join-matches.js';

/** What one tier has answered. */
export interface Tier {
  readonly matches: Matches;
  /** As many as were asked for, so that there may be more. */
  readonly isFull: boolean;
}

export interface Merged {
  readonly matches: Matches;
  /** Nothing that the tiers have not shown could be among them. */
  readonly isSettled: boolean;
}

/**
 * One match per id, best first, equal scores in the order of id (SPEC, O1): the device's where it has an edit that no
 * server has, else the server's.
 *
 * @param pending those of all these ids that have such an edit, or such a delete
 * @param misses the server may have left out matches, whose place the device's take
 */
export function mergeTiers(
  local: Tier,
  remote: Tier,
  pending: ReadonlySet<string>,
  topK: number,
  misses: boolean,
): Merged {
  const onServer = new Set(remote.matches.ids);
  const rows: MatchRow[] = [
    ...rowsOf(remote.matches, 'remote', (id) => !pending.has(id)),
    ...rowsOf(local.matches, 'local', (id) => pending.has(id) || (misses && !onServer.has(id))),
  ].sort((a, b) => scoreOf(b) - scoreOf(a) || (idOf(a) < idOf(b) ? -1 : 1));
  const best = rows.slice(0, topK);
  const unseen = Math.max(
    ...[local, remote].map(({ matches, isFull }) => (isFull ? matches.scores.at(-1)! : -Infinity)),
  );
  const last = best.length < topK ? -Infinity : scoreOf(best.at(-1)!);
  return { matches: pickMatches(best), isSettled: last >= unseen };
}

function rowsOf(from: Matches, origin: 'local' | 'remote', isTaken: (id: string) => boolean): MatchRow[] {
  return from.ids.flatMap((id, row) => (isTaken(id) ? [{ from, row, origin }] : []));
}

const scoreOf = ({ from, row }: MatchRow) => from.scores[row]!;
const idOf = ({ from, row }: MatchRow) => from.ids[row]!;
