// The one GPU device of a set of kernels. ONNX Runtime computes on it, but it is ours: so its limits are known,
// vectors can be written to its memory and changed there, and its loss is heard of at once.

export type WebGpuFailure =
  /** The browser has no WebGPU, or the page is not a secure context. */
  | 'unsupported'
  | 'no-adapter'
  /** There is only an adapter that computes on the CPU, many times slower than WASM. */
  | 'software'
  | 'lost'
  | 'out-of-memory'
  /** It computed nothing, or something wrong. */
  | 'broken';

export class WebGpuError extends Error {
  override readonly name = 'WebGpuError';

  constructor(
    readonly failure: WebGpuFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface WebGpuAdapter {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** Whether it computes on the CPU. */
  readonly isSoftware: boolean;
  /** Most bytes of one buffer that a shader can see. */
  readonly maxBufferBytes: number;
}

/** What ONNX Runtime's shaders ask for, and larger buffers than the 128 MiB that every device has. */
const RAISED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBuffersPerShaderStage',
] as const;

/** `GPUBufferUsage`: COPY_SRC, COPY_DST, STORAGE. */
const STORAGE_AND_COPIES = 0x4 | 0x8 | 0x80;

/** How much later than by ONNX Runtime a loss may be told by the device; 5 ms were measured. */
const LOSS_IS_TOLD_MS = 50;

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render/i;

export class GpuDevice {
  /** Resolves, with the reason, when the device is gone: it never comes back. */
  readonly lost: Promise<string>;
  #lostBecause: string | undefined;
  #fault: string | undefined;
  /** Reject what is waited for. */
  readonly #waiting = new Set<(error: WebGpuError) => void>();

  constructor(
    readonly device: GPUDevice,
    readonly adapter: WebGpuAdapter,
  ) {
    this.lost = device.lost.then(({ reason, message }) => {
      const because = `${reason}: ${message}`;
      this.#lostBecause = because;
      for (const reject of this.#waiting) reject(lostError(because));
      return because;
    });
    device.addEventListener('uncapturederror', ({ error }) => {
      this.#fault ??= error.message;
    });
  }

  /**
   * The task's result, or a rejection as soon as the device is lost or has reported an error: what was computed
   * then is not to be trusted, and what was waited for may never come.
   */
  async guard<T>(task: () => Promise<T>): Promise<T> {
    if (this.#lostBecause !== undefined) throw lostError(this.#lostBecause);
    let giveUp: (error: WebGpuError) => void = () => undefined;
    const lost = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    this.#waiting.add(giveUp);
    try {
      const value = await Promise.race([task(), lost]);
      if (this.#fault === undefined) return value;
    } catch (error) {
      // ONNX Runtime tells of a loss in words of its own, sometimes before the device does.
      throw (await this.#isLost()) ? lostError(this.#lostBecause!) : error;
    } finally {
      this.#waiting.delete(giveUp);
    }
    throw new WebGpuError('broken', `The GPU reported an error: ${this.#fault}. Its results are not used.`);
  }

  /** @param bytes a multiple of 4 */
  async allocate(bytes: number): Promise<GPUBuffer> {
    return this.guard(async () => {
      this.device.pushErrorScope('validation');
      this.device.pushErrorScope('out-of-memory');
      const buffer = this.device.createBuffer({
        size: Math.ceil(bytes / 16) * 16,
        usage: STORAGE_AND_COPIES,
      });
      const errors = await Promise.all([this.device.popErrorScope(), this.device.popErrorScope()]);
      const error = errors.find((each) => each !== null);
      if (error == null) return buffer;
      buffer.destroy();
      throw new WebGpuError('out-of-memory', `The GPU has no room for ${bytes} bytes more: ${error.message}`);
    });
  }

  write(buffer: GPUBuffer, at: number, data: Float32Array<ArrayBuffer>): void {
    this.device.queue.writeBuffer(buffer, at, data);
  }

  /** Whether the device is lost, or is found to be within a moment. */
  async #isLost(): Promise<boolean> {
    await Promise.race([this.lost, new Promise((resolve) => setTimeout(resolve, LOSS_IS_TOLD_MS))]);
    return this.#lostBecause !== undefined;
  }
}

function lostError(because: string): WebGpuError {
  return new WebGpuError('lost', `The GPU device was lost (${because}).`);
}

export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  readonly described: WebGpuAdapter;
}

/**
 * Rejects with a `WebGpuError` that says why there is none.
 *
 * @param allowSoftware whether an adapter that computes on the CPU will do
 */
export async function findGpuAdapter(allowSoftware: boolean): Promise<FoundAdapter> {
  const { gpu } = globalThis.navigator ?? {};
  if (gpu === undefined) {
    throw new WebGpuError('unsupported', 'This browser has no WebGPU, or the page is not a secure context.');
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new WebGpuError('no-adapter', 'The browser gives no GPU adapter.');
  const described = descriptionOf(adapter);
  if (described.isSoftware && !allowSoftware) {
    throw new WebGpuError(
      'software',
      `The only GPU adapter (${described.description || described.architecture}) computes on the CPU, much slower than WASM does.`,
    );
  }
  return { adapter, described };
}

/** @param allowSoftware see `findGpuAdapter` */
export async function openGpuDevice(allowSoftware: boolean): Promise<GpuDevice> {
  const { adapter, described } = await findGpuAdapter(allowSoftware);
  const requiredLimits = Object.fromEntries(RAISED_LIMITS.map((limit) => [limit, adapter.limits[limit]]));
  try {
    return new GpuDevice(await adapter.requestDevice({ requiredLimits }), described);
  } catch (error) {
    throw new WebGpuError('no-adapter', `The GPU adapter gives no device: ${String(error)}`, {
      cause: error,
    });
  }
}

function descriptionOf({ info, limits }: GPUAdapter): WebGpuAdapter {
  const { vendor, architecture, description } = info;
  return {
    vendor,
    architecture,
    description,
    isSoftware: info.isFallbackAdapter || SOFTWARE.test(`${architecture} ${description}`),
    maxBufferBytes: Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize),
  };
}
