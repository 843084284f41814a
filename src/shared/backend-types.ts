/** Where records are scored: on a GPU, in WebAssembly, or in plain JS. */
export type Backend = 'webgpu' | 'wasm' | 'js';

/** What scores: plain JS, the WASM SIMD kernels of this package, or ONNX Runtime graphs. */
export type Kernel = 'js' | 'simd' | 'onnx';

/** `'auto'`: the faster one, by measurement: SIMD on WASM, ONNX Runtime on WebGPU. */
export type KernelChoice = 'auto' | 'simd' | 'onnx';

/** What scores, and why; see `StoreStatus.backend`. */
export interface BackendStatus {
  /** What answers now. */
  active: Backend;
  kernel: Kernel;
  /** What was asked for. */
  requested: 'auto' | Backend;
  /** `'loading'`: what was asked for is on its way, and `active` answers meanwhile. `'unavailable'`: it does not work here. */
  state: 'loading' | 'ready' | 'unavailable';
  /** Why this one, in words. */
  reason: string;
  /**
   * Threads that ONNX Runtime's WASM uses; 1 where it computes nothing, in Firefox, and where the page is not
   * cross-origin isolated.
   */
  threads: number;
  /** With `backend: 'auto'`: whether a GPU does exact searches of large segments, and why or why not. */
  gpu?: { used: boolean; reason: string };
}

/** One step down: something that computed, or was asked to, does not work here. */
export interface Degradation {
  from: { backend: Backend; kernel: Kernel };
  to: { backend: Backend; kernel: Kernel };
  /** In words. */
  reason: string;
}
