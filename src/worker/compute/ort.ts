import * as ort from 'onnxruntime-web/wasm';
import { Queue } from '../slices.js';

// The only importer of ONNX Runtime. The import itself is 70 KB of script; the 14 MB of WASM are fetched and
// compiled when the first session is created. The build that computes on a GPU (27 MB) is a chunk of its own.

export type OrtTensor = ort.Tensor;

/** A compiled model. Calls may overlap: they are queued. */
export interface OrtSession {
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/**
 * One for the whole module, not one per session. In ONNX Runtime 1.30 `run` awaits between reserving a piece of the
 * WASM stack and using it, so overlapping runs of different sessions overwrite each other's arguments; and
 * `create` keeps external data in one table for all, by name, so overlapping ones get each other's rows.
 */
const calls = new Queue();

export interface OrtOptions {
  /** Folder of the `.wasm` file, ending in a slash; default: where the bundler put it. */
  assetBaseUrl?: string;
}

export interface ExternalTensorData {
  /** The name that the model's initializers refer to. */
  path: string;
  data: Uint8Array;
}

/** Has to be called before the first session; later calls change nothing that is already loaded. */
export function configureOrt(options: OrtOptions): void {
  // Only the .wasm: given a folder as a string, ORT would fetch its .mjs from there too.
  const { assetBaseUrl } = options;
  if (assetBaseUrl !== undefined)
    ort.env.wasm.wasmPaths = { wasm: `${assetBaseUrl}ort-wasm-simd-threaded.wasm` };
  ort.env.wasm.numThreads = threadCount();
  ort.env.logLevel = 'error';
}

/**
 * WASM threads need SharedArrayBuffer, which pages get only when they are cross-origin isolated. ONNX Runtime makes
 * a worker for each, from this one: in Firefox ESR 153 that sometimes never returns, and blocks this worker for ever.
 */
export function threadCount(): number {
  const { crossOriginIsolated, navigator } = globalThis;
  if (!crossOriginIsolated || navigator?.userAgent.includes('Firefox/')) return 1;
  return Math.max(1, Math.min(4, navigator?.hardwareConcurrency ?? 1));
}

/**
 * Compiles a model (bytes of an ONNX ModelProto) whose large initializers live in `externalData`. ORT copies
 * them; the caller may drop its own after this resolves.
 */
export async function createSession(
  model: Uint8Array,
  externalData: ExternalTensorData[] = [],
): Promise<OrtSession> {
  const session = await calls.run(() =>
    ort.InferenceSession.create(model, {
      executionProviders: ['wasm'],
      graphOptimizationLevel: 'all',
      ...(externalData.length === 0 ? {} : { externalData }),
    }),
  );
  return {
    run: (feeds) => calls.run(() => session.run(feeds)),
    release: () => calls.run(() => session.release()),
  };
}

/** A device of ours; `guard` settles what is asked of it even if it is lost. */
export interface GuardedDevice {
  readonly device: GPUDevice;
  guard<T>(task: () => Promise<T>): Promise<T>;
}

/** As `calls`, for the other build, which has a WASM module of its own, but where an app's bundler makes one of the two. */
const gpuCalls = new Queue();

/**
 * Loads the build of ONNX Runtime that computes on a GPU, and gives what compiles models for a device. Its script has
 * a `new Function`, which nothing here leads to: a policy without 'unsafe-eval' will do.
 */
export async function loadGpuOrt({ assetBaseUrl }: OrtOptions) {
  const gpuOrt = await import('onnxruntime-web/webgpu');
  const { wasm } = gpuOrt.env;
  const queue = gpuOrt.env === ort.env ? calls : gpuCalls;
  if (assetBaseUrl !== undefined) {
    wasm.wasmPaths = { wasm: `${assetBaseUrl}ort-wasm-simd-threaded.asyncify.wasm` };
  }
  wasm.numThreads = 1;
  gpuOrt.env.logLevel = 'error';
  return async (model: Uint8Array, owner: GuardedDevice): Promise<OrtSession> => {
    const create = () =>
      gpuOrt.InferenceSession.create(model, {
        executionProviders: [{ name: 'webgpu', device: owner.device }],
        graphOptimizationLevel: 'all',
      });
    const session = await queue.run(() => owner.guard(create));
    return {
      run: (feeds) => queue.run(() => owner.guard(() => session.run(feeds))),
      release: () => queue.run(() => session.release()),
    };
  };
}

/** A tensor that is already where the GPU computes. */
export function gpuTensor(gpuBuffer: GPUBuffer, dims: readonly number[]): OrtTensor {
  return ort.Tensor.fromGpuBuffer(gpuBuffer, { dataType: 'float32', dims });
}

export function floatTensor(data: Float32Array, dims: readonly number[]): OrtTensor {
  return new ort.Tensor('float32', data, dims);
}

export function int64Tensor(values: readonly number[], dims: readonly number[]): OrtTensor {
  return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
}

export function int32Tensor(data: Int32Array, dims: readonly number[]): OrtTensor {
  return new ort.Tensor('int32', data, dims);
}

export function uint8Tensor(data: Uint8Array, dims: readonly number[]): OrtTensor {
  return new ort.Tensor('uint8', data, dims);
}

export function boolTensor(value: boolean): OrtTensor {
  return new ort.Tensor('bool', Uint8Array.of(value ? 1 : 0), [1]);
}
