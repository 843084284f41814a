import { oneUrl } from '../one.js';
import type { Effort, SystemName } from '../peers/contract.js';
import { type Context, firstOfEach, type Lane } from './context.js';

/** The lanes that a fresh page is measured with: an index by its first setting, nearshore in several ways. */
export function freshLanes({ lanes }: Context, variants: readonly SystemName[] = ['nearshore-auto']): Lane[] {
  return firstOfEach(lanes.plain).flatMap((lane) =>
    lane.name === 'nearshore' ? [lane, ...variants.map((name) => ({ ...lane, name }))] : [lane],
  );
}

/** Address of a page that opens this system and asks it the first query; no name: an empty page. */
export function freshUrl(
  { params, shape, data }: Context,
  { name: system, effort = '' }: { name: SystemName | 'none'; effort?: Effort | '' },
): string {
  const { topK, m, efConstruction } = params;
  const [first, second = first] = data.queries;
  return oneUrl({ system, ...shape, topK, m, efConstruction, effort }, [first!, second!]);
}
