import type { Backend } from '../shared/types.js';

export interface StoreOptions {
  /** `'indexeddb'` (default) keeps everything; `'memory'` keeps nothing once closed. */
  storage?: 'indexeddb' | 'memory';
  /**
   * What computes. `'auto'` (default) answers in plain JS until ONNX Runtime has loaded and by its WASM build
   * from then on; `'wasm'` waits for it and rejects with `BACKEND_UNAVAILABLE` where it cannot run; `'js'`
   * never loads it.
   */
  backend?: 'auto' | Backend;
  /** A ready worker that runs `nearshore/worker`, or a function that makes one (needed to replace a lost one). */
  worker?: Worker | (() => Worker);
  /** Folder that holds ONNX Runtime's `.wasm` file, as a URL. Default: where the bundler put it. */
  assetBaseUrl?: string | URL;
}
