import { compileFilter } from '../../shared/filter.js';
import { bytesOf, unpackString } from '../../shared/string-column.js';
import type { JsonValue, Query } from '../../shared/types.js';
import { type Question, type RankedRow, type Ranking, rank } from './rankings.js';

/** Rows looked at first; each further look takes four times as many. */
const LEAST_ROWS = 64;
const GROWTH = 4;

export type GroupValue = string | number | boolean;

export interface FoundGroup {
  readonly value: GroupValue;
  /** Best first. */
  readonly rows: RankedRow[];
}

export interface Grouped {
  /** The group of the best record first. */
  readonly groups: readonly FoundGroup[];
  readonly receipt: Ranking['receipt'];
}

/** The best `topK` groups with the best `size` of each (SPEC, J11). */
export async function groupsOf(
  question: Question,
  path: string,
  topK: number,
  size: number,
): Promise<Grouped> {
  const values = new GroupValues(question, path.split('.'));
  for (let k = Math.max(LEAST_ROWS, topK * size); ; k *= GROWTH) {
    const ranking = await rank(question, k);
    const groups = await gather(ranking, values, topK, size);
    const isFull = (group: FoundGroup) => group.rows.length === size;
    if (ranking.isWhole || (groups.length === topK && groups.every(isFull))) {
      return { groups, receipt: ranking.receipt };
    }
    // The ranks of a hybrid query depend on what it ranks: it has to be widened.
    if (groups.length < topK || question.query.hybrid !== undefined) continue;
    for (const [i, group] of groups.entries()) {
      if (!isFull(group)) groups[i] = await fill(group.value, question, path, values, size);
    }
    return { groups, receipt: ranking.receipt };
  }
}

async function gather(
  { rows }: Ranking,
  values: GroupValues,
  topK: number,
  size: number,
): Promise<FoundGroup[]> {
  const groups = new Map<GroupValue, FoundGroup>();
  for (const row of rows) {
    const value = await values.of(row);
    if (value === undefined) continue;
    const group = groups.get(value);
    if (group !== undefined) {
      if (group.rows.length < size) group.rows.push(row);
    } else if (groups.size < topK) groups.set(value, { value, rows: [row] });
  }
  return [...groups.values()];
}

/** The best of one group, looked for among its records alone, since they may be rare. */
async function fill(
  value: GroupValue,
  question: Question,
  path: string,
  values: GroupValues,
  size: number,
): Promise<FoundGroup> {
  const own = { [path]: { $eq: value } } as NonNullable<Query['filter']>;
  const { filter } = question.query;
  const both = { ...question, filter: compileFilter(filter === undefined ? own : { $and: [filter, own] }) };
  // An array with the value passes the filter, too, and is in no group.
  for (let k = size; ; k *= GROWTH) {
    const ranking = await rank(both, k);
    const [group] = (await gather(ranking, values, Number.POSITIVE_INFINITY, size)).filter(
      (each) => each.value === value,
    );
    if (ranking.isWhole || group?.rows.length === size) return group ?? { value, rows: [] };
  }
}

/** Values of records, each read once. */
class GroupValues {
  readonly #known = new Map<string, GroupValue | undefined>();

  constructor(
    private readonly question: Question,
    private readonly path: readonly string[],
  ) {}

  async of({ source, row }: RankedRow): Promise<GroupValue | undefined> {
    const key = `${source} ${row}`;
    if (!this.#known.has(key)) this.#known.set(key, await this.#read(source, row));
    return this.#known.get(key);
  }

  async #read(source: number, row: number): Promise<GroupValue | undefined> {
    const metadata = await this.question.snapshot.views[source]!.segment.metadata();
    if (metadata === undefined || bytesOf(metadata, row).length === 0) return undefined;
    let value = JSON.parse(unpackString(metadata, row)) as JsonValue | undefined;
    for (const key of this.path) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
      value = Object.hasOwn(value, key) ? value[key] : undefined;
    }
    return typeof value === 'object' ? undefined : value;
  }
}
