import { checkChoice, checkName } from '../shared/argument-check.js';
import { VectorStoreError } from '../shared/errors.js';
import { checkedRemote, onWire } from './remote-options.js';
import { shareLink } from './shared-links.js';
import { spawnWorker } from './spawn-worker.js';
import { VectorStore } from './store.js';
import type { StoreOptions } from './store-options.js';
import type { WorkerSource } from './worker-connection.js';

/**
 * Opens a store by name, or creates it. Stores of one name on one page share one worker; any number of tabs may
 * hold the same store. Names match `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
 *
 * ```ts
 * const store = await openStore('field-guide');
 * const notes = await store.collection('notes', { dimension: 384 });
 * ```
 *
 * @throws {VectorStoreError} `INVALID_ARGUMENT`, `CONFIG_MISMATCH` (open on this page with other options),
 *   `STORAGE_BLOCKED`, `FORMAT_TOO_NEW`, `WORKER_LOST` (the worker's file cannot be loaded).
 */
export async function openStore(name: string, options: StoreOptions = {}): Promise<VectorStore> {
  checkName('store', name);
  const { storage = 'indexeddb', backend = 'auto', kernel = 'auto' } = options;
  const { worker, assetBaseUrl, memoryBudgetBytes, remote } = options;
  checkChoice('storage', storage, ['indexeddb', 'memory', 'remote']);
  checkChoice('backend', backend, ['auto', 'webgpu', 'wasm', 'js']);
  checkChoice('kernel', kernel, ['auto', 'simd', 'onnx']);
  if (memoryBudgetBytes !== undefined) checkMemoryBudget(memoryBudgetBytes);
  const server = remote === undefined ? undefined : checkedRemote(remote);
  const answering = storage === 'remote' ? { remote: onWire(server ?? refuseWithoutServer()) } : {};
  if (typeof Worker === 'undefined') {
    throw new VectorStoreError(
      'STORAGE_BLOCKED',
      'There are no Web Workers here. A store lives in a browser, in a worker of its page; importing this package elsewhere (server-side rendering) is fine, opening a store is not. ' +
        'Call openStore in the browser only.',
    );
  }
  const base =
    assetBaseUrl === undefined
      ? undefined
      : new URL(String(assetBaseUrl).replace(/\/?$/, '/'), location.href).href;
  return new VectorStore(
    await shareLink(
      { name, storage, backend, kernel, assetBaseUrl: base, memoryBudgetBytes, ...answering },
      server,
      workerSource(worker),
    ),
  );
}

function refuseWithoutServer(): never {
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    "storage is 'remote', and no remote is given. There is no server that could answer. Give remote: { url, getToken }, or leave storage out to keep the data here.",
  );
}

function workerSource(worker: StoreOptions['worker']): WorkerSource {
  if (worker === undefined) return { spawn: spawnWorker, dedicated: true, owned: true, replaceable: true };
  if (typeof worker === 'function')
    return { spawn: worker, dedicated: false, owned: true, replaceable: true };
  return { spawn: () => worker, dedicated: false, owned: false, replaceable: false };
}

function checkMemoryBudget(bytes: unknown): void {
  if (typeof bytes === 'number' && Number.isFinite(bytes) && bytes > 0) return;
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    `memoryBudgetBytes is ${typeof bytes === 'number' ? bytes : `a ${typeof bytes}`}. Vectors cannot be kept within it. Give a number of bytes above zero, such as 256 * 2 ** 20, or leave it out.`,
  );
}
