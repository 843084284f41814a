import { VectorStoreError } from '../../shared/errors.js';
import type { Backend, StoreStatus } from '../../shared/types.js';
import { jsKernels } from './js-kernels.js';
import type { Kernels } from './kernels.js';
import { configureOrt, threadCount } from './ort.js';
import { OrtKernels } from './ort-kernels.js';

type BackendStatus = StoreStatus['backend'];

/**
 * Chooses what computes. Plain JS is there from the start; ONNX Runtime, where wanted, takes over once its WASM
 * has loaded and passed a trial run, and is given up for good when it fails.
 */
export class Compute {
  readonly #ort = new OrtKernels();
  #loading: Promise<void> | undefined;
  #state: BackendStatus['state'];
  #reason: string;
  #failure: unknown;

  constructor(
    readonly requested: 'auto' | Backend,
    private readonly assetBaseUrl: string | undefined,
    private readonly onChange: (status: BackendStatus) => void,
  ) {
    this.#state = requested === 'js' ? 'ready' : 'loading';
    this.#reason =
      requested === 'js'
        ? "the store was opened with backend: 'js'"
        : 'ONNX Runtime has not loaded yet; plain JS answers meanwhile';
  }

  get status(): BackendStatus {
    const active = this.#usesOrt ? 'wasm' : 'js';
    return {
      active,
      requested: this.requested,
      state: this.#state,
      reason: this.#reason,
      threads: active === 'wasm' ? threadCount() : 1,
    };
  }

  /** What new blocks are made with now; waits for ONNX Runtime only where the caller insisted on it. */
  async kernels(): Promise<Kernels> {
    if (this.requested === 'wasm') {
      await this.load();
      if (!this.#usesOrt) throw this.#unavailable();
    }
    return this.#usesOrt ? this.#ort : jsKernels;
  }

  get usesOrt(): boolean {
    return this.#usesOrt;
  }

  /** Loads ONNX Runtime once, in the background; resolves when it is decided what computes. */
  load(): Promise<void> {
    if (this.requested === 'js') return Promise.resolve();
    this.#loading ??= this.#tryOrt();
    return this.#loading;
  }

  /** ONNX Runtime has failed at work (out of memory, a broken module): from now on plain JS answers. */
  giveUp(error: unknown): void {
    if (this.#state === 'unavailable') return;
    this.#failure = error;
    this.#state = 'unavailable';
    this.#reason = `ONNX Runtime does not work here: ${error instanceof Error ? error.message : String(error)}`;
    this.onChange(this.status);
  }

  /** For a caller that insisted on ONNX Runtime. */
  #unavailable(): VectorStoreError {
    return new VectorStoreError(
      'BACKEND_UNAVAILABLE',
      `The store was opened with backend: 'wasm', but ${this.#reason}. No other backend may answer, so the call was not answered. ` +
        "Open it with backend: 'auto', or allow WebAssembly (Content-Security-Policy: script-src 'wasm-unsafe-eval') and serve ONNX Runtime's .wasm file (assetBaseUrl).",
      { cause: this.#failure },
    );
  }

  get #usesOrt(): boolean {
    return this.requested !== 'js' && this.#state === 'ready';
  }

  async #tryOrt(): Promise<void> {
    try {
      configureOrt(this.assetBaseUrl === undefined ? {} : { assetBaseUrl: this.assetBaseUrl });
      const block = await this.#ort.pass(
        { vectors: Float32Array.of(3), norms: Float32Array.of(3) },
        1,
        'dot',
      );
      const best = await block.search({ vectors: Float32Array.of(2), count: 1 }, 1, undefined);
      if (best.similarities[0] !== 6) throw new Error(`its trial run gave ${best.similarities[0]} for 2 × 3`);
      this.#state = 'ready';
      this.#reason = `ONNX Runtime's WASM backend works here, with ${threadCount()} thread(s)`;
      this.onChange(this.status);
    } catch (error) {
      this.giveUp(error);
    }
  }
}
