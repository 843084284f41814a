import { abortedError, errorFromWire, throwIfAborted, VectorStoreError } from '../../shared/errors.js';
import type { Kernel, Progress } from '../../shared/types.js';
import { jsKernels } from '../compute/js-kernels.js';
import type { Kernels, Rows } from '../compute/kernels.js';
import type { Shape } from './space.js';
import { trainRows } from './train-rows.js';
import type { FromTrainer, TrainedRows, TrainRequest } from './trainer-api.js';

/** A second worker that is loading, and the way to it. */
export interface Trainer {
  readonly port: MessagePort;
  /** Why it will not answer, if it will not. */
  readonly lost: Promise<string>;
  end(): void;
}

/** Undefined where there is none to be had. */
export type StartTrainer = () => Promise<Trainer | undefined>;

export interface TrainInWorkerOptions {
  /** Undefined: trained here. */
  readonly startTrainer: StartTrainer | undefined;
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
  const trained = options.startTrainer && (await trainThere(options.startTrainer, rows, shape, options));
  return trained ?? trainHere(rows, shape, options);
}

function trainHere(rows: Rows, shape: Shape, options: TrainInWorkerOptions): Promise<TrainedRows> {
  const { seed, signal, onProgress, kernelsHere = jsKernels } = options;
  return trainRows(rows, shape, kernelsHere, { seed, signal, onProgress, macsPerCall: MACS_PER_CALL_HERE });
}

/** Resolves to undefined, with the rows as they were, if the worker does not come up. Settles however it ends. */
function trainThere(
  startTrainer: StartTrainer,
  rows: Rows,
  shape: Shape,
  { seed, assetBaseUrl, kernels = DEFAULT_KERNELS, signal, onProgress }: TrainInWorkerOptions,
): Promise<TrainedRows | undefined> {
  const ended = new AbortController();
  const listening = { signal: ended.signal };
  let hasRows = false;
  const conversation = new Promise<TrainedRows | undefined>((resolve, reject) => {
    const lose = (reason: string) => (hasRows ? reject(lostError(reason)) : resolve(undefined));
    const timer = setTimeout(() => lose('it did not come up'), READY_MS);
    const give = (port: MessagePort, aliveLock: string | undefined) => {
      clearTimeout(timer);
      if (aliveLock !== undefined) whenFree(aliveLock, ended.signal, () => lose('something ended it'));
      const own = { vectors: ownBuffer(rows.vectors), norms: ownBuffer(rows.norms) };
      const request: TrainRequest = { rows: own, shape, seed, kernels, assetBaseUrl };
      hasRows = true;
      port.postMessage(request, [own.vectors.buffer, own.norms.buffer]);
    };
    const converse = ({ port, lost }: Trainer) => {
      const answer = ({ data }: MessageEvent<FromTrainer>) => {
        try {
          if (data.type === 'ready') give(port, data.aliveLock);
          else if (data.type === 'progress') onProgress?.(data.progress);
          else if (data.type === 'trained') resolve(data.trained);
          else reject(errorFromWire(data.error));
        } catch (error) {
          reject(error);
        }
      };
      lost.then(lose);
      port.addEventListener('message', answer, listening);
      port.addEventListener('messageerror', () => lose('its answer could not be read'), listening);
      port.start();
    };
    ended.signal.addEventListener('abort', () => clearTimeout(timer));
    signal?.addEventListener('abort', () => reject(abortedError(signal.reason)), listening);
    startTrainer().then((trainer) => {
      if (trainer === undefined) return lose('there is none to be had');
      ended.signal.addEventListener('abort', () => endTrainer(trainer));
      if (ended.signal.aborted) endTrainer(trainer);
      else converse(trainer);
    }, reject);
  });
  return conversation.finally(() => ended.abort());
}

function endTrainer({ port, end }: Trainer): void {
  port.close();
  end();
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
