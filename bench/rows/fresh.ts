import { oneUrl } from '../one.js';
import type { SystemName } from '../peers/contract.js';
import type { Context, Lane } from './context.js';

/** The lanes that a fresh page is measured with: an index by its first setting, nearshore by both backends. */
export function freshLanes({ lanes }: Context): Lane[] {
  const first = lanes.filter((lane, i) => lanes.findIndex(({ name }) => name === lane.name) === i);
  return first.flatMap((lane) =>
    lane.name === 'nearshore' ? [lane, { ...lane, name: 'nearshore-auto' }] : [lane],
  );
}

/** Address of a page that opens this system and asks it the first query; no name: an empty page. */
export function freshUrl(
  { params, shape, data }: Context,
  lane: { name: SystemName | 'none'; ef?: number },
): string {
  const { topK, m, efConstruction } = params;
  return oneUrl({ system: lane.name, ...shape, topK, m, efConstruction, ef: lane.ef ?? 0 }, data.queries[0]!);
}
