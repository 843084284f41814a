import type { RemoteOptions } from '../shared/sync/sync-types.js';
import type { Backend, KernelChoice } from '../shared/types.js';

/** Options of `openStore`. While a store is open on a page, other ones are `CONFIG_MISMATCH`. */
export interface StoreOptions {
  /**
   * `'indexeddb'` (default) keeps everything; `'memory'` keeps nothing once closed. `'remote'` keeps nothing at all: every
   * call is answered by the sync server that `remote` names, and what is written or dropped is so for all its clients.
   * There is no `sync`, no backup and no `maxRecords` then; a write is atomic for each shard of the collection.
   */
  storage?: 'indexeddb' | 'memory' | 'remote';
  /**
   * Where vectors are scored. `'auto'` (default): WebAssembly where it is allowed, else plain JS; exact searches
   * of large segments on a GPU, if it was measured to be faster on this device. `'wasm'` rejects with
   * `BACKEND_UNAVAILABLE` where WebAssembly is not allowed; `'js'` uses none. `'webgpu'` loads ONNX Runtime's WebGPU
   * build (27 MB) and takes any adapter there is, also one that computes on the CPU; where it fails, the next backend
   * answers and a `degraded` event tells.
   */
  backend?: 'auto' | Backend;
  /** By what, on WebAssembly: `'simd'` (what `'auto'`, the default, takes) or ONNX Runtime graphs. */
  kernel?: KernelChoice;
  /** A ready worker that runs `nearshore/worker`, or a function that makes one (needed to replace a lost one). */
  worker?: Worker | (() => Worker);
  /**
   * Upper bound, in bytes, of the vectors and indexes of this store that are held in memory. Within it the largest
   * segments are held as int16, then as int8 (see `Quantization`); what still does not fit stays on disk and is read
   * by every query that looks at it. Of it 24 KiB per dimension are set
   * aside for the small segments of each open collection. Ids, metadata and columns of filters are not counted, nor copies on a GPU, nor one segment more (at
   * most 256 MiB) while it is merged or indexed. Default: no bound.
   */
  memoryBudgetBytes?: number;
  /** Folder that holds ONNX Runtime's `.wasm` file, as a URL. Default: where the bundler put it. */
  assetBaseUrl?: string | URL;
  /**
   * The sync server, or several equal ones, for `Collection.sync`, queries with a `scope`, and `storage: 'remote'`. Given
   * here, so that every page that opens the store has it. Nothing is sent before one of them asks for it.
   */
  remote?: RemoteOptions;
}
