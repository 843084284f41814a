import type { Lane } from './context.js';

/**
 * Runs a task that times queries. An answer that was remembered from the same query is no search: a task that was
 * given one fails, so that nothing of it is reported.
 */
export async function searching<T>(lanes: readonly Lane[], task: () => Promise<T>): Promise<T> {
  const before = await cacheHits(lanes);
  const result = await task();
  const hits = (await cacheHits(lanes)) - before;
  if (hits > 0) {
    throw new Error(
      `${hits} answers were remembered instead of searched for, so this was not measured. Give more --queries and --tuning.`,
    );
  }
  return result;
}

async function cacheHits(lanes: readonly Lane[]): Promise<number> {
  const hits = await Promise.all(lanes.map(({ system }) => system.cacheHits?.() ?? 0));
  return hits.reduce((sum, count) => sum + count, 0);
}
