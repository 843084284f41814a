import { VectorStoreError } from '../../shared/errors.js';
import type { WorkerEmbedder } from '../../shared/types.js';
import type { Compute } from '../compute/compute.js';
import { type LoadedTextEmbedder, loadTextEmbedder } from './load-text-embedder.js';
import type { TextEmbedder } from './text-embedder.js';

/** The embedders of a store, each loaded once: plain JS at first, ONNX Runtime when it is ready. */
export class TextEmbedders {
  readonly #loaded = new Map<string, Promise<LoadedTextEmbedder>>();
  readonly #moves = new Map<string, Promise<void>>();
  readonly #onOrt = new Map<string, TextEmbedder>();

  constructor(private readonly compute: Compute) {}

  /** Fetches what the first text would have to wait for. */
  async preload(description: WorkerEmbedder): Promise<void> {
    await this.#load(description, JSON.stringify(description));
  }

  /** n texts → n × dimension, row-major; see `TextEmbedder`. */
  async embed(
    description: WorkerEmbedder,
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<Float32Array<ArrayBuffer>> {
    const key = JSON.stringify(description);
    const loaded = await this.#load(description, key);
    const embedder = await this.#choose(key, loaded);
    try {
      return await embedder.embed(texts, signal);
    } catch (error) {
      if (embedder === loaded.js || error instanceof VectorStoreError) throw error;
      // ONNX Runtime failed at work; plain JS gives the same vectors.
      this.compute.giveUp(this.compute.active, error);
      return loaded.js.embed(texts, signal);
    }
  }

  async #choose(key: string, loaded: LoadedTextEmbedder): Promise<TextEmbedder> {
    // ONNX Runtime where it was asked for: for short texts plain JS is faster.
    const { name } = await this.compute.kernels();
    if (name !== 'onnx') return loaded.js;
    let move = this.#moves.get(key);
    if (move === undefined) {
      move = import('../compute/ort.js')
        .then((ort) => loaded.withOrt(ort))
        .then((embedder) => {
          this.#onOrt.set(key, embedder);
        });
      // Without the model file, plain JS goes on: it gives the same vectors.
      move.catch(() => undefined);
      this.#moves.set(key, move);
    }
    return this.#onOrt.get(key) ?? loaded.js;
  }

  #load(description: WorkerEmbedder, key: string): Promise<LoadedTextEmbedder> {
    let loaded = this.#loaded.get(key);
    if (loaded === undefined) {
      loaded = loadTextEmbedder(description);
      this.#loaded.set(key, loaded);
      // The next call tries again.
      loaded.catch(() => this.#loaded.delete(key));
    }
    return loaded;
  }
}
