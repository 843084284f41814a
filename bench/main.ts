import { checkGoals } from './goals.js';
import { findHost } from './host.js';
import { clockTick } from './measure/statistics.js';
import { readParams } from './params.js';
import type { Results } from './results.js';
import { runSet } from './stages.js';
import { tablesOf, toElement, toMarkdown } from './table.js';

declare global {
  interface Window {
    /** Settles when everything asked for in the URL has been measured. */
    benchDone: Promise<{ results: Results; text: string }>;
  }
}

const progress = document.querySelector('#progress')!;
const tables = document.querySelector('#tables')!;

function log(text: string): void {
  console.info(text);
  progress.append(`${text}\n`);
}

async function run(): Promise<{ results: Results; text: string }> {
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
      results.sets.push(await runSet(context, data, size));
      results.goals = checkGoals(results.sets);
      tables.replaceChildren(...tablesOf(results).map(toElement));
    }
  }
  log('Done.');
  return { results, text: tablesOf(results).map(toMarkdown).join('\n') };
}

window.benchDone = run();
window.benchDone.catch((error: unknown) => log(`It failed: ${error instanceof Error ? error.stack : error}`));
