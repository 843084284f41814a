import type { Figure, Options } from './figure.js';
import { measureBulk } from './rows/bulk.js';
import { measureCluster } from './rows/cluster.js';
import { measureEdits } from './rows/edits.js';
import { measureFanOut } from './rows/fan-out.js';
import { measureRemoteQuery } from './rows/remote-query.js';
import { measureVisible } from './rows/visible.js';

const ROWS = {
  bulk: measureBulk,
  edits: measureEdits,
  visible: measureVisible,
  'fan-out': measureFanOut,
  'remote-query': measureRemoteQuery,
  cluster: measureCluster,
} satisfies Record<string, (options: Options) => Promise<Figure[]>>;

export const ROW_NAMES = Object.keys(ROWS);

/** Measures one row after the other; one that fails is told, and the others go on. */
export async function measureRows(names: readonly string[], options: Options) {
  const figures: Figure[] = [];
  const failures: string[] = [];
  for (const name of names) {
    const started = performance.now();
    try {
      figures.push(...(await ROWS[name as keyof typeof ROWS](options)));
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.stack : error}`);
    }
    console.info(`${name}: ${((performance.now() - started) / 1_000).toFixed(0)} s`);
  }
  return { figures, failures };
}
