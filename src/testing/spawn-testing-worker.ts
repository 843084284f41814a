/** Bundlers find the worker by exactly this expression. */
export function spawnTestingWorker(): Worker {
  return new Worker(new URL('./worker/main.ts', import.meta.url), { type: 'module' });
}
