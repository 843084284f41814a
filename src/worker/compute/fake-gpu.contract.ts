import type { Metric } from '../../shared/types.js';
import type { AutoGpuOptions } from './auto-gpu.js';
import { floatBytes } from './float-bytes.js';
import type { GpuFindings } from './gpu-findings.js';
import { jsKernels } from './js-kernels.js';
import type { Kernels, RowBlock } from './kernels.js';
import type { WebGpuAdapter } from './webgpu-device.js';

// A GPU for tests of the choice: it computes as plain JS does, and is as fast, as large and as lasting as it is told.

export class FakeGpu {
  readonly calls = { adapter: 0, load: 0, calibrate: [] as string[], release: 0 };
  /** Rows from which on it pays. */
  crossoverRows = 0;
  findings: GpuFindings | undefined;
  adapterInfo: WebGpuAdapter = {
    vendor: 'acme',
    architecture: 'a1',
    description: 'Acme A1',
    isSoftware: false,
    maxBufferBytes: 1 << 30,
  };
  /** Thrown by what is called next of its kind. */
  failure: { adapter?: Error; load?: Error; calibrate?: Error; hold?: Error; search?: Error; write?: Error } =
    {};
  /** Rows of each block that is held and not yet released. */
  readonly held: number[] = [];
  /** What happens while it loads. */
  whileLoading: () => Promise<void> = async () => {};
  lose!: (reason: string) => void;
  readonly kernels: Kernels = this.#makeKernels();

  /** @param minComponents of segments that it is considered for */
  options(minComponents = 0): AutoGpuOptions {
    return {
      minComponents,
      memory: {
        read: async () => this.findings,
        write: async (findings) => {
          this.#fail('write');
          this.findings = findings;
        },
      },
      access: {
        adapter: async () => {
          this.calls.adapter++;
          this.#fail('adapter');
          return this.adapterInfo;
        },
        load: async () => {
          this.calls.load++;
          this.#fail('load');
          await this.whileLoading();
          const lost = new Promise<string>((resolve) => {
            this.lose = resolve;
          });
          const release = async () => {
            this.calls.release++;
          };
          return { kernels: this.kernels, adapter: this.adapterInfo, lost, release };
        },
        calibrate: async (_gpu: Kernels, _cpu: Kernels, dimension: number, metric: Metric) => {
          this.calls.calibrate.push(`${dimension} ${metric}`);
          this.#fail('calibrate');
          return { crossoverRows: this.crossoverRows, gpu: undefined, cpu: { fixedMs: 0, perRowMs: 1 } };
        },
      },
    };
  }

  #fail(what: keyof FakeGpu['failure']): void {
    const error = this.failure[what];
    if (error !== undefined) throw error;
  }

  #makeKernels(): Kernels {
    const onGpu = (block: RowBlock): RowBlock => ({
      kernel: 'onnx',
      backend: 'webgpu',
      rows: block.rows,
      bytes: block.bytes,
      search: async (queries, k, scope) => {
        this.#fail('search');
        return block.search(queries, k, scope);
      },
      release: async () => {
        this.held.splice(this.held.indexOf(block.rows), 1);
        await block.release();
      },
    });
    return {
      name: 'onnx',
      backend: 'webgpu',
      bytesToHold: floatBytes,
      holdsByReference: jsKernels.holdsByReference,
      hold: async (shape, pages) => {
        this.#fail('hold');
        const block = await jsKernels.hold(shape, pages);
        this.held.push(block.rows);
        return onGpu(block);
      },
      pass: async (rows, dimension, metric) => onGpu(await jsKernels.pass(rows, dimension, metric)),
    };
  }
}
