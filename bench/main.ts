import { DIMENSIONS } from './data/dataset.js';
import { checkGoals } from './goals.js';
import { findHost } from './host.js';
import { toMarkdown } from './markdown.js';
import { clockTick } from './measure/statistics.js';
import { readParams } from './params.js';
import type { Results, SetResults } from './results.js';
import { runSet, whyNot } from './stages.js';
import { goalTable, tablesOf, tablesOfSet, toElement } from './table.js';

declare global {
  interface Window {
    /** Settles when everything asked for in the URL has been measured. */
    benchDone: Promise<Results>;
  }
}

const progress = document.querySelector('#progress')!;
const tables = document.querySelector('#tables')!;

function log(text: string): void {
  console.info(text);
  progress.append(`${text}\n`);
}

async function run(): Promise<Results> {
  const params = readParams(new URLSearchParams(location.search));
  const tick = clockTick();
  const results: Results = {
    startedAt: new Date().toISOString(),
    page: {
      userAgent: navigator.userAgent,
      hardwareConcurrency: navigator.hardwareConcurrency,
      crossOriginIsolated,
      clockTickMs: tick,
    },
    params,
    sets: [],
    goals: [],
  };
  const context = { params, host: findHost(), tick, log };
  for (const size of params.sizes) {
    for (const data of params.data) {
      const reason = whyNot(data, size);
      const set = reason
        ? { ...emptySet(data, size), skipped: [reason] }
        : await runSet(context, data, size).catch((error: unknown) => failedSet(data, size, error));
      results.sets.push(set);
      results.goals = checkGoals(results.sets);
      // At once: a long run that is stopped has then shown what it had.
      console.info(`\n${tablesOfSet(set).map(toMarkdown).join('\n')}`);
      tables.replaceChildren(...tablesOf(results).map(toElement));
    }
  }
  log('Done.');
  if (results.goals.length > 0) console.info(`\n${toMarkdown(goalTable(results.goals))}`);
  return results;
}

function emptySet(data: SetResults['data'], size: number): SetResults {
  const dimension = DIMENSIONS[data];
  return { data, size, dimension, measurements: [], curve: [], skipped: [], failures: [] };
}

/** A set that came to nothing must not take the others with it. */
function failedSet(data: SetResults['data'], size: number, error: unknown): SetResults {
  const failure = error instanceof Error ? error.message : String(error);
  log(`  failed: ${failure}`);
  return { ...emptySet(data, size), failures: [failure] };
}

window.benchDone = run();
window.benchDone.catch((error: unknown) => log(`It failed: ${error instanceof Error ? error.stack : error}`));
