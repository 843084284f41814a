import { checkChoice, checkDimension } from '../../shared/argument-check.js';
import { abortedError, throwIfAborted, VectorStoreError } from '../../shared/errors.js';
import type { LoadProgress, Pooling, TransformersSetup } from '../../shared/transformers-wire.js';
import type { Embedder, EmbedPurpose } from '../../shared/types.js';
import { TransformersWorker } from './transformers-worker-link.js';

/** Options of `transformersEmbedder`. */
export interface TransformersEmbedderOptions {
  /** Of the Hugging Face hub, such as 'Xenova/all-MiniLM-L6-v2', or a folder under `modelBaseUrl`. */
  model: string;
  /** Length of the model's vectors. */
  dimension: number;
  /** Branch, tag or commit; a commit alone never changes. Default: 'main'. */
  revision?: string;
  /** Which of the model's files is used: 'fp32', 'fp16', 'q8', 'q4' and others. Default: 'q8'. */
  dtype?: string;
  /** Default: 'wasm'. 'webgpu' is faster with large batches. */
  device?: 'wasm' | 'webgpu';
  /** How the vectors of a text's tokens become one; the model's card tells. Default: 'mean'. */
  pooling?: Pooling;
  /** Whether vectors are scaled to length 1. Default: true. */
  normalize?: boolean;
  /** What is put before each text, for models that want it (E5: 'query: ' and 'passage: '). Default: nothing. */
  prefix?: Partial<Record<EmbedPurpose, string>>;
  /** Texts computed together. Greater: faster and more memory. Default: 32. */
  batchSize?: number;
  /** Takes the model from `<modelBaseUrl>/<model>/`, and never from the hub. */
  modelBaseUrl?: string | URL;
  /** ONNX Runtime's `ort-wasm-simd-threaded.asyncify.wasm`. Default: where the bundler has put it; never a CDN. */
  wasmUrl?: string | URL;
  /** A module with Transformers.js and all it imports, where there is no bundler to find the package. */
  library?: string | URL;
  /** Is told of the model's files while they come. */
  onProgress?: (progress: LoadProgress) => void;
}

/** An embedder with a worker of its own. */
export interface TransformersEmbedder extends Embedder {
  /** Ends the worker and gives its memory back; the next text starts a new one. */
  close(): void;
}

/**
 * An embedder that runs a model of the Hugging Face hub by Transformers.js (`npm install @huggingface/transformers`,
 * version 4), in a worker of its own. Nothing is loaded before the first text is to be embedded.
 *
 * Its `id`, which collections pin, holds whatever changes the vectors: model, revision, dtype, pooling, normalisation,
 * prefixes, dimension. Not the device, which changes the last digits alone.
 *
 * Texts longer than the model takes are cut by its tokenizer. Calls reject with `BACKEND_UNAVAILABLE` where the library
 * or the model cannot be loaded, and the next one tries again; with `DIMENSION_MISMATCH` where the model's vectors have
 * another length than `dimension`.
 *
 * @throws `INVALID_ARGUMENT`.
 */
export function transformersEmbedder(options: TransformersEmbedderOptions): TransformersEmbedder {
  const { model, dimension, revision = 'main', dtype = 'q8', device = 'wasm' } = options;
  const { pooling = 'mean', normalize = true, prefix = {}, batchSize = 32 } = options;
  if (typeof model !== 'string' || model === '') throw noModel();
  checkDimension(dimension);
  checkChoice('device', device, ['wasm', 'webgpu']);
  checkChoice('pooling', pooling, ['mean', 'cls', 'last_token']);
  const setup: TransformersSetup = {
    ...{ model, revision, dtype, device, pooling, normalize },
    modelBaseUrl: options.modelBaseUrl && absolute(String(options.modelBaseUrl).replace(/\/?$/, '/')),
    wasmUrl: options.wasmUrl && absolute(options.wasmUrl),
    library: options.library && absolute(options.library),
  };
  const worker = new TransformersWorker(setup, options.onProgress);
  return {
    id: idOf({ ...setup, dimension, prefix }),
    dimension,
    batchSize,
    async embed(texts, signal, purpose = 'document') {
      throwIfAborted(signal);
      const before = prefix[purpose] ?? '';
      const vectors = await orAborted(worker.embed(texts.map((text) => before + text)), signal);
      if (vectors.length !== texts.length * dimension) {
        throw otherDimension(model, vectors.length / texts.length, dimension);
      }
      return texts.map((_, i) => vectors.subarray(i * dimension, (i + 1) * dimension));
    },
    close: () => worker.close(),
  };
}

interface Fingerprint extends TransformersSetup {
  readonly dimension: number;
  readonly prefix: Partial<Record<EmbedPurpose, string>>;
}

function idOf({ model, revision, dtype, pooling, normalize, dimension, prefix }: Fingerprint): string {
  const { document = '', query = '' } = prefix;
  const prefixes = document === '' && query === '' ? '' : `/${JSON.stringify([document, query])}`;
  const length = normalize ? 'normalized' : 'raw';
  return `transformers:${model}@${revision}/${dtype}/${pooling}/${length}/${dimension}${prefixes}`;
}

/** The worker goes on with what it has begun. */
function orAborted<T>(task: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return task;
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(abortedError(signal.reason));
    signal.addEventListener('abort', abort, { once: true });
    task.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function absolute(url: string | URL): string {
  return new URL(url, globalThis.document?.baseURI).href;
}

function noModel(): VectorStoreError {
  return new VectorStoreError(
    'INVALID_ARGUMENT',
    "transformersEmbedder was given no model. There is no default, since collections pin the model they were made with. Give { model: 'Xenova/all-MiniLM-L6-v2', dimension: 384 } or another.",
  );
}

function otherDimension(model: string, found: number, dimension: number): VectorStoreError {
  return new VectorStoreError(
    'DIMENSION_MISMATCH',
    `Model ${model} makes vectors of ${found} numbers, but its embedder was made with dimension ${dimension}. They could not be stored. ` +
      `Pass dimension: ${found} to transformersEmbedder.`,
  );
}
