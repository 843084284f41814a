import type { WorkerEmbedder } from '../../shared/types.js';
import type { Compute } from '../compute/compute.js';
import { createSession, floatTensor, int32Tensor, int64Tensor } from '../compute/ort.js';
import { type LoadedTextEmbedder, loadTextEmbedder } from './load-text-embedder.js';
import type { TextEmbedder } from './text-embedder.js';

/** The embedders of a store, each loaded once: plain JS at first, ONNX Runtime when it is ready. */
export class TextEmbedders {
  readonly #loaded = new Map<string, Promise<LoadedTextEmbedder>>();
  readonly #onOrt = new Map<string, TextEmbedder>();

  constructor(private readonly compute: Compute) {}

  /** What embeds now. */
  async get(description: WorkerEmbedder): Promise<TextEmbedder> {
    const key = JSON.stringify(description);
    if (this.compute.requested === 'wasm') await this.compute.load();
    let loaded = this.#loaded.get(key);
    if (loaded === undefined) {
      loaded = loadTextEmbedder(description);
      this.#loaded.set(key, loaded);
      // The next call tries again.
      loaded.catch(() => this.#loaded.delete(key));
    }
    const { js, withOrt } = await loaded;
    const onOrt = this.#onOrt.get(key);
    if (!this.compute.usesOrt) return js;
    if (onOrt !== undefined) return onOrt;
    if (this.compute.requested === 'auto') {
      void this.#moveToOrt(key, withOrt);
      return js;
    }
    return (await this.#moveToOrt(key, withOrt)) ?? js;
  }

  async #moveToOrt(key: string, withOrt: LoadedTextEmbedder['withOrt']): Promise<TextEmbedder | undefined> {
    try {
      const embedder = await withOrt(ort);
      this.#onOrt.set(key, embedder);
      return embedder;
    } catch {
      // The plain JS one gives the same vectors.
      return undefined;
    }
  }
}

const ort = { createSession, floatTensor, int32Tensor, int64Tensor };
