import { VectorStoreError } from '../../shared/errors.js';
import type {
  FromTransformers,
  LoadProgress,
  ToTransformers,
  TransformersSetup,
} from '../../shared/transformers-wire.js';
import { makeTrusted } from '../trusted-workers.js';

/** The worker in which Transformers.js runs: started for the first texts, and anew after a failure. */
export class TransformersWorker {
  #worker: Worker | undefined;
  #fail: ((error: VectorStoreError) => void) | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly setup: TransformersSetup,
    private readonly onProgress: ((progress: LoadProgress) => void) | undefined,
  ) {}

  /** Texts → their vectors, row-major. One call at a time; a failure is no other call's. */
  embed(texts: readonly string[]): Promise<Float32Array<ArrayBuffer>> {
    const answer = this.#queue.then(() => this.#ask(texts));
    this.#queue = answer.catch(() => undefined);
    return answer;
  }

  close(): void {
    this.#end(
      new VectorStoreError(
        'CLOSED',
        'The embedder was closed while it was at work. Its texts have no vectors, and nothing was changed. Repeat the call if they are still wanted.',
      ),
    );
  }

  #ask(texts: readonly string[]): Promise<Float32Array<ArrayBuffer>> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      try {
        this.#worker ??= makeTrusted(spawnTransformers);
      } catch (error) {
        this.#end(this.#unavailable(String(error)));
        return;
      }
      const worker = this.#worker;
      worker.onerror = ({ message }) =>
        this.#end(this.#unavailable(message || 'the worker cannot be loaded'));
      worker.onmessage = ({ data }: MessageEvent<FromTransformers>) => {
        if ('progress' in data) this.onProgress?.(data.progress);
        else if ('vectors' in data) resolve(data.vectors);
        else this.#end(data.isLoading ? this.#unavailable(data.failed) : this.#failed(data.failed));
      };
      const message: ToTransformers = { setup: this.setup, texts };
      worker.postMessage(message);
    });
  }

  /** Also after a failure: Transformers.js 4.3 answers every call after one that failed with that failure. */
  #end(reason: VectorStoreError): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#fail?.(reason);
  }

  #unavailable(what: string): VectorStoreError {
    const { model, modelBaseUrl = 'the hub' } = this.setup;
    return new VectorStoreError(
      'BACKEND_UNAVAILABLE',
      `Model ${model} could not be loaded from ${modelBaseUrl} (${what}). Without it no text can be turned into a vector. ` +
        'Install @huggingface/transformers 4 (or give library), check model, revision, dtype and modelBaseUrl, and allow their servers in connect-src; the next call tries again.',
    );
  }

  #failed(what: string): VectorStoreError {
    return new VectorStoreError(
      'BACKEND_UNAVAILABLE',
      `Model ${this.setup.model} failed at work (${what}). Its texts have no vectors, and nothing was changed. Repeat the call, with a smaller batchSize if memory ran out.`,
    );
  }
}

/** Bundlers find the worker by exactly this expression. */
function spawnTransformers(): Worker {
  return new Worker(new URL('../../worker/embed/transformers-worker.ts', import.meta.url), {
    type: 'module',
    name: 'nearshore-transformers',
  });
}
