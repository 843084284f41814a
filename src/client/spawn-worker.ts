import { makeTrusted } from './trusted-workers.js';

/** Bundlers find the worker by exactly this expression. */
export function spawnWorker(): Worker {
  return makeTrusted(() => new Worker(new URL('../worker/main.ts', import.meta.url), { type: 'module' }));
}
