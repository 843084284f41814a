import { abortedError, errorFromWire, throwIfAborted, VectorStoreError } from '../../shared/errors.js';
import type { Kernel, Progress } from '../../shared/types.js';
import { jsKernels } from '../compute/js-kernels.js';
import type { Kernels, Rows } from '../compute/kernels.js';
import type { Shape } from './space.js';
import { trainRows } from './train-rows.js';
import type { FromTrainer, TrainedRows, TrainRequest } from './trainer-api.js';

export interface TrainInWorkerOptions {
  /** The same rows, seed and kernels give the same lists. */
  readonly seed: number;
  /** Folder of ONNX Runtime's `.wasm`, ending in a slash; default: where the bundler put it. */
  readonly assetBaseUrl: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * What the second worker trains with: the first that works. By default ONNX Runtime is not loaded where the SIMD
   * kernels work, which take half its time.
   */
  readonly kernels?: readonly Kernel[] | undefined;
  /** What this thread trains with if there is no second worker; by default plain JS. */
  readonly kernelsHere?: Kernels | undefined;
}

const DEFAULT_KERNELS: readonly Kernel[] = ['simd', 'onnx', 'js'];
/** How long the second worker may take to load. */
const READY_MS = 10_000;
/** Queries wait for a call to end: 4 ms in plain JS. */
const MACS_PER_CALL_HERE = 4_000_000;

/**
 * Trains an index for rows in a second worker, or, if none comes up, here, in slices. The rows are taken over, and come
 * back in the order of the lists, so that they are in memory once. An aborted training, and one that fails, gives
 * nothing back.
 */
export async function trainInWorker(
  rows: Rows,
  shape: Shape,
  options: TrainInWorkerOptions,
): Promise<TrainedRows> {
  throwIfAborted(options.signal);
  const worker = startTrainer();
  const trained = worker && (await trainThere(worker, rows, shape, options));
  return trained ?? trainHere(rows, shape, options);
}

function trainHere(rows: Rows, shape: Shape, options: TrainInWorkerOptions): Promise<TrainedRows> {
  const { seed, signal, onProgress, kernelsHere = jsKernels } = options;
  return trainRows(rows, shape, kernelsHere, { seed, signal, onProgress, macsPerCall: MACS_PER_CALL_HERE });
}

/** Undefined where there are no workers in workers, or a policy forbids them. */
function startTrainer(): Worker | undefined {
  try {
    // Bundlers find the worker by exactly this expression.
    return new Worker(new URL('./trainer.ts', import.meta.url), {
      type: 'module',
      name: 'nearshore-trainer',
    });
  } catch {
    return undefined;
  }
}

/** Resolves to undefined, with the rows as they were, if the worker does not come up. */
async function trainThere(
  worker: Worker,
  rows: Rows,
  shape: Shape,
  options: TrainInWorkerOptions,
): Promise<TrainedRows | undefined> {
  const ended = new AbortController();
  try {
    return await converse(worker, rows, shape, options, ended.signal);
  } finally {
    ended.abort();
    // ONNX Runtime's memory goes with it.
    worker.terminate();
  }
}

/** Settles however the worker ends. @param ended when nobody listens any more. */
function converse(
  worker: Worker,
  rows: Rows,
  shape: Shape,
  { seed, assetBaseUrl, kernels = DEFAULT_KERNELS, signal, onProgress }: TrainInWorkerOptions,
  ended: AbortSignal,
): Promise<TrainedRows | undefined> {
  return new Promise((resolve, reject) => {
    let hasRows = false;
    const lose = (reason: string) => (hasRows ? reject(lostError(reason)) : resolve(undefined));
    const timer = setTimeout(() => lose('it did not come up'), READY_MS);
    const give = (aliveLock: string | undefined) => {
      clearTimeout(timer);
      if (aliveLock !== undefined) whenFree(aliveLock, ended, () => lose('something ended it'));
      const own = { vectors: ownBuffer(rows.vectors), norms: ownBuffer(rows.norms) };
      const request: TrainRequest = { rows: own, shape, seed, kernels, assetBaseUrl };
      hasRows = true;
      worker.postMessage(request, [own.vectors.buffer, own.norms.buffer]);
    };
    const answer = ({ data }: MessageEvent<FromTrainer>) => {
      try {
        if (data.type === 'ready') give(data.aliveLock);
        else if (data.type === 'progress') onProgress?.(data.progress);
        else if (data.type === 'trained') resolve(data.trained);
        else reject(errorFromWire(data.error));
      } catch (error) {
        reject(error);
      }
    };
    const listening = { signal: ended };
    ended.addEventListener('abort', () => clearTimeout(timer));
    signal?.addEventListener('abort', () => reject(abortedError(signal.reason)), listening);
    worker.addEventListener('message', answer, listening);
    worker.addEventListener('error', ({ message }) => lose(message || 'it could not go on'), listening);
    worker.addEventListener('messageerror', () => lose('its answer could not be read'), listening);
  });
}

/** A worker's lock becomes free when the worker ends, whatever ends it. */
function whenFree(lock: string, ended: AbortSignal, then: () => void): void {
  navigator.locks.request(lock, { signal: ended }, then).catch(() => {
    // It answered first.
  });
}

/** What can be transferred without taking anything else along. */
function ownBuffer(view: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  return view.byteLength === view.buffer.byteLength ? view : view.slice();
}

function lostError(reason: string): VectorStoreError {
  return new VectorStoreError(
    'WORKER_LOST',
    `The worker that was training an index has ended: ${reason}. The records are unharmed, and searches are exact without an index. ` +
      'Train again; if it had too little memory, with fewer records or with other tabs closed.',
  );
}
