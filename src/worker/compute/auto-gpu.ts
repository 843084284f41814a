import { Queue } from '../slices.js';
import { type GpuMemory, type GpuWork, knownCrossover, withCrossover } from './gpu-findings.js';
import type { Kernels } from './kernels.js';
import { type Calibration, calibrate } from './webgpu-calibration.js';
import { findGpuAdapter, type WebGpuAdapter } from './webgpu-device.js';
import type { WebGpu } from './webgpu-kernels.js';

/**
 * Vector components (rows × dimension) of a segment below which no GPU is looked for: SIMD scans so many in 3.5 ms
 * (2.1 ms for 100k × 384), about what a submission to a GPU and the way back take in a browser. Smaller: 27 MB are
 * loaded for nothing; larger: slow scans that a GPU would have made faster.
 */
export const GPU_COMPONENTS = 64_000_000;

export interface SegmentShape extends GpuWork {
  readonly rows: number;
}

export interface GpuAccess {
  /** What there is, without loading anything; rejects with a `WebGpuError` where that will not do. */
  adapter(): Promise<WebGpuAdapter>;
  load(): Promise<WebGpu>;
  calibrate(
    gpu: Kernels,
    cpu: Kernels,
    ...work: [dimension: number, metric: GpuWork['metric']]
  ): Promise<Calibration>;
}

export interface AutoGpuOptions {
  readonly access: GpuAccess;
  readonly memory: GpuMemory;
  /** Default: `GPU_COMPONENTS`. */
  readonly minComponents?: number;
}

/** @param allowSoftware whether an adapter that computes on the CPU will do */
export function gpuAccess(assetBaseUrl: string | undefined, allowSoftware = false): GpuAccess {
  const options = { allowSoftware, ...(assetBaseUrl === undefined ? {} : { assetBaseUrl }) };
  return {
    adapter: async () => (await findGpuAdapter(allowSoftware)).described,
    load: async () => (await import('./webgpu-kernels.js')).webGpuKernels(options),
    calibrate,
  };
}

/**
 * The GPU under `backend: 'auto'`: loaded only for exact searches of large segments, and used from the size on from
 * which it was measured to be the faster one. Once it has failed it is over for good.
 */
export class AutoGpu {
  readonly #work = new Queue();
  readonly #minComponents: number;
  #gpu: WebGpu | undefined;
  #isUsed = false;
  #isOver = false;
  #reason: string;

  constructor(
    private readonly options: AutoGpuOptions,
    /** The device is gone. */
    private readonly onLost: (kernels: Kernels, error: Error) => void,
  ) {
    this.#minComponents = options.minComponents ?? GPU_COMPONENTS;
    this.#reason =
      `no segment that is often searched exactly has ${shown(this.#minComponents)} vector components ` +
      '(rows × dimension); with fewer, SIMD takes no longer than the way to a GPU and back';
  }

  get status(): { used: boolean; reason: string } {
    return { used: this.#isUsed, reason: this.#reason };
  }

  /** Whether it is worth asking about this segment. */
  mayPay({ rows, dimension }: SegmentShape): boolean {
    return !this.#isOver && rows * dimension >= this.#minComponents;
  }

  /**
   * The GPU's kernels, if they pay for this segment. Takes long where nothing is known of this device. Never rejects:
   * what goes wrong is told by `status`.
   */
  consider(segment: SegmentShape, cpu: Kernels): Promise<Kernels | undefined> {
    return this.#work.run(async () => {
      if (!this.mayPay(segment)) return undefined;
      try {
        return await this.#decide(segment, cpu);
      } catch (error) {
        this.#end(error);
        return undefined;
      }
    });
  }

  /** These kernels have failed. True: they were in use. */
  drop(kernels: Kernels, error: unknown): boolean {
    if (kernels !== this.#gpu?.kernels) return false;
    const wasUsed = this.#isUsed;
    this.#end(error);
    return wasUsed;
  }

  async #decide(segment: SegmentShape, cpu: Kernels): Promise<Kernels | undefined> {
    const { access, memory } = this.options;
    const { dimension, metric } = segment;
    const adapter = await access.adapter();
    const findings = await memory.read();
    let crossover = knownCrossover(findings, adapter, segment);
    if (crossover === undefined) {
      const { kernels } = await this.#load();
      crossover = (await access.calibrate(kernels, cpu, dimension, metric)).crossoverRows;
      // What could not be written is measured again at the next visit.
      await memory.write(withCrossover(findings, adapter, segment, crossover)).catch(() => undefined);
    }
    const pays = segment.rows >= crossover;
    if (pays && !this.#isOver) await this.#load();
    // The device may have been lost meanwhile.
    if (this.#isOver) return undefined;
    // One that is used stays the reason, whatever is true of other segments.
    if (pays || !this.#isUsed) this.#reason = verdict(segment, crossover);
    this.#isUsed ||= pays;
    if (!this.#isUsed) this.#release();
    return pays ? this.#gpu?.kernels : undefined;
  }

  async #load(): Promise<WebGpu> {
    if (this.#gpu !== undefined) return this.#gpu;
    const gpu = await this.options.access.load();
    this.#gpu = gpu;
    void gpu.lost.then((reason) => this.onLost(gpu.kernels, new Error(reason)));
    return gpu;
  }

  #release(): void {
    const gpu = this.#gpu;
    this.#gpu = undefined;
    gpu?.release().catch(() => undefined);
  }

  #end(error: unknown): void {
    this.#isOver = true;
    this.#isUsed = false;
    this.#reason = error instanceof Error ? error.message : String(error);
    this.#release();
  }
}

function verdict({ dimension, metric }: SegmentShape, crossover: number): string {
  const work = `of ${dimension} dimensions under ${metric}`;
  return Number.isFinite(crossover)
    ? `measured on this device: it is the faster one from ${shown(crossover)} rows ${work} on`
    : `measured on this device: for rows ${work} it is never the faster one`;
}

function shown(count: number): string {
  return count.toLocaleString('en');
}
