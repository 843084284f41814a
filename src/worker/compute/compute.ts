import { VectorStoreError } from '../../shared/errors.js';
import type { Backend, BackendStatus, Degradation, KernelChoice } from '../../shared/types.js';
import { AutoGpu, type AutoGpuOptions, type SegmentShape } from './auto-gpu.js';
import { jsKernels } from './js-kernels.js';
import type { Kernels } from './kernels.js';
import { simdKernels } from './simd-kernels.js';

export interface ComputeOptions {
  readonly backend: 'auto' | Backend;
  readonly kernel: KernelChoice;
  readonly assetBaseUrl: string | undefined;
}

export interface ComputeEvents {
  readonly onChange: (status: BackendStatus) => void;
  readonly onDegraded: (step: Degradation) => void;
}

/**
 * Chooses what computes: a ladder of kernels, the best that works on top. Plain JS is always the lowest rung; the
 * SIMD kernels stand on it as soon as they are compiled; ONNX Runtime, where it was asked for, once it has loaded
 * and passed a trial run. A rung that fails at work is taken away, and the next one answers. Under `'auto'` a GPU
 * stands beside the ladder, for what it is faster at.
 */
export class Compute {
  readonly #ladder: Kernels[] = [jsKernels];
  #hasStarted = false;
  #loading: Promise<void> | undefined;
  #state: BackendStatus['state'];
  #reason: string;
  #failure: unknown;
  #threads = 1;
  readonly #autoGpu: AutoGpu | undefined;

  constructor(
    private readonly options: ComputeOptions,
    private readonly events: ComputeEvents,
    /** Absent: `'auto'` looks for no GPU. */
    autoGpu?: AutoGpuOptions,
  ) {
    if (autoGpu !== undefined && options.backend === 'auto' && options.kernel === 'auto')
      this.#autoGpu = new AutoGpu(autoGpu, (kernels, error) => this.giveUp(kernels, error));
    this.#state = options.backend === 'js' ? 'ready' : 'loading';
    this.#reason =
      options.backend === 'js'
        ? "the store was opened with backend: 'js'"
        : 'WebAssembly has not been compiled yet; plain JS answers meanwhile';
  }

  get requested(): ComputeOptions['backend'] {
    return this.options.backend;
  }

  get status(): BackendStatus {
    const { name, backend } = this.active;
    return {
      active: backend,
      kernel: name,
      requested: this.options.backend,
      state: this.#state,
      reason: this.#reason,
      threads: name === 'onnx' && backend === 'wasm' ? this.#threads : 1,
      ...(this.#autoGpu === undefined ? {} : { gpu: this.#autoGpu.status }),
    };
  }

  /** What computes now, but for what a GPU is faster at. */
  get active(): Kernels {
    return this.#ladder[0]!;
  }

  /** What new blocks are made with; waits for what the caller asked for, and insists on WebAssembly. */
  async kernels(): Promise<Kernels> {
    const { backend } = this.options;
    if (backend === 'wasm' || backend === 'webgpu') await this.load();
    if (backend === 'wasm' && this.active.backend === 'js') throw this.#unavailable();
    return this.active;
  }

  /** Whether exact searches of so many rows may be faster on a GPU, as far as is known. */
  mayUseGpu(segment: SegmentShape): boolean {
    // ONNX Runtime needs WebAssembly for a GPU, too.
    return this.active.name === 'simd' && (this.#autoGpu?.mayPay(segment) ?? false);
  }

  /** The GPU's kernels, where they are found to be faster at exact searches of this segment; may load 27 MB. */
  async considerGpu(segment: SegmentShape): Promise<Kernels | undefined> {
    const gpu = this.#autoGpu;
    if (gpu === undefined || !this.mayUseGpu(segment)) return undefined;
    const wasUsed = gpu.status.used;
    const kernels = await gpu.consider(segment, this.active);
    if (gpu.status.used !== wasUsed) this.events.onChange(this.status);
    return kernels;
  }

  /** What is at hand without loading anything. */
  start(): void {
    if (this.options.backend === 'js' || this.#hasStarted) return;
    this.#hasStarted = true;
    this.#compileSimd();
  }

  /** Loads what was asked for; resolves when it is decided what computes. */
  async load(): Promise<void> {
    this.start();
    const { backend, kernel } = this.options;
    if (backend === 'webgpu') this.#loading ??= this.#loadGpu();
    else if (backend !== 'js' && kernel === 'onnx') this.#loading ??= this.#loadOrt();
    await this.#loading;
  }

  /** These kernels have failed at work (out of memory, a broken module): from now on the next rung answers. */
  giveUp(kernels: Kernels, error: unknown): void {
    if (this.#autoGpu?.drop(kernels, error)) this.#tellStep(kernels, whyNot(kernels, error));
    const at = this.#ladder.indexOf(kernels);
    if (at === -1 || kernels === jsKernels) return;
    this.#ladder.splice(at, 1);
    this.#fell(kernels, error);
  }

  #fell(fallen: Pick<Kernels, 'name' | 'backend'>, error: unknown): void {
    this.#failure = error;
    this.#reason = whyNot(fallen, error);
    this.#state = this.active.backend === 'js' ? 'unavailable' : 'ready';
    this.#tellStep(fallen, this.#reason);
  }

  #tellStep({ name, backend }: Pick<Kernels, 'name' | 'backend'>, reason: string): void {
    const { active } = this;
    this.events.onDegraded({
      from: { backend, kernel: name },
      to: { backend: active.backend, kernel: active.name },
      reason,
    });
    this.events.onChange(this.status);
  }

  /** For a caller that insisted. */
  #unavailable(): VectorStoreError {
    return new VectorStoreError(
      'BACKEND_UNAVAILABLE',
      `The store was opened with backend: 'wasm', but ${this.#reason}. No other backend may answer, so the call was not answered. ` +
        "Open it with backend: 'auto', or allow WebAssembly (Content-Security-Policy: script-src 'wasm-unsafe-eval').",
      { cause: this.#failure },
    );
  }

  #compileSimd(): void {
    try {
      const kernels = simdKernels();
      if (kernels === undefined) throw new Error('it is missing or forbidden, or it has no SIMD');
      this.#rise(kernels, 'WASM SIMD kernels work here');
    } catch (error) {
      this.#fell({ name: 'simd', backend: 'wasm' }, error);
    }
  }

  async #loadOrt(): Promise<void> {
    try {
      const { loadOrt } = await import('./load-ort.js');
      const { kernels, threads } = await loadOrt(this.options.assetBaseUrl);
      this.#threads = threads;
      this.#rise(kernels, `ONNX Runtime's WASM backend works here, with ${threads} thread(s)`);
    } catch (error) {
      this.#fell({ name: 'onnx', backend: 'wasm' }, error);
    }
  }

  async #loadGpu(): Promise<void> {
    const { assetBaseUrl } = this.options;
    try {
      const { webGpuKernels } = await import('./webgpu-kernels.js');
      // Whoever names the backend has asked for any adapter.
      const options = { allowSoftware: true, ...(assetBaseUrl === undefined ? {} : { assetBaseUrl }) };
      const { kernels, adapter, lost } = await webGpuKernels(options);
      void lost.then((reason) => this.giveUp(kernels, new Error(reason)));
      const name =
        adapter.description || adapter.architecture || adapter.vendor || 'an adapter without a name';
      this.#rise(kernels, `ONNX Runtime's WebGPU backend works here, on ${name}`);
    } catch (error) {
      this.#fell({ name: 'onnx', backend: 'webgpu' }, error);
    }
  }

  #rise(kernels: Kernels, reason: string): void {
    this.#ladder.unshift(kernels);
    this.#state = 'ready';
    this.#reason = reason;
    this.events.onChange(this.status);
  }
}

function whyNot({ name, backend }: Pick<Kernels, 'name' | 'backend'>, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `${backend === 'webgpu' ? 'WebGPU' : DESCRIPTIONS[name]} does not work here: ${message}`;
}

const DESCRIPTIONS = { js: 'Plain JS', simd: 'WebAssembly', onnx: 'ONNX Runtime' } as const;
