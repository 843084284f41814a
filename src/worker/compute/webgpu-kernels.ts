import type { Metric } from '../../shared/types.js';
import { pause } from '../slices.js';
import { floatBytes } from './float-bytes.js';
import type { BlockShape, Kernels, RowBlock, RowPage, Rows } from './kernels.js';
import { loadGpuOrt, type OrtOptions, type OrtSession } from './ort.js';
import { GpuBlock, type GpuSessions } from './webgpu-block.js';
import { type GpuDevice, openGpuDevice, type WebGpuAdapter, WebGpuError } from './webgpu-device.js';
import { distanceGraph, tileScanGraph } from './webgpu-graph.js';
import { GpuShard } from './webgpu-shard.js';
import { type Frame, frameOf, type TileWriter } from './webgpu-tiles.js';

export interface WebGpuOptions extends OrtOptions {
  /** Whether an adapter that computes on the CPU will do. Default: it is refused. */
  allowSoftware?: boolean;
}

export interface WebGpu {
  readonly kernels: Kernels;
  readonly adapter: WebGpuAdapter;
  /** Resolves with the reason when the device is gone; searches reject from then on. */
  readonly lost: Promise<string>;
  /** Gives sessions and device back. */
  release(): Promise<void>;
}

/** Kernels that run as ONNX Runtime graphs on the GPU. Rejects with a `WebGpuError` that says why there are none. */
export async function webGpuKernels(options: WebGpuOptions): Promise<WebGpu> {
  const gpu = await openGpuDevice(options.allowSoftware ?? false);
  const sessions = new Sessions(gpu, await loadGpuOrt(options));
  const release = async () => {
    await sessions.release();
    gpu.device.destroy();
  };
  // They keep memory of ONNX Runtime, and hold up sessions of devices that are not ours.
  void gpu.lost.then(() => sessions.release());
  try {
    const kernels = new WebGpuKernels(gpu, sessions);
    await tryOut(kernels);
    return { kernels, adapter: gpu.adapter, lost: gpu.lost, release };
  } catch (error) {
    await release();
    throw error;
  }
}

class WebGpuKernels implements Kernels {
  readonly name = 'onnx';
  readonly backend = 'webgpu';
  readonly holdsByReference = false;
  readonly bytesToHold = floatBytes;

  constructor(
    private readonly gpu: GpuDevice,
    private readonly sessions: GpuSessions,
  ) {}

  async hold(shape: BlockShape, pages: AsyncIterable<RowPage> | Iterable<RowPage>): Promise<RowBlock> {
    const { gpu, sessions } = this;
    const { rows, dimension, metric, lists } = shape;
    const shards: GpuShard[] = [];
    let frame: Frame | undefined;
    let writer: TileWriter | undefined;
    try {
      for await (const page of pages) {
        frame ??= frameOf(page, dimension, metric);
        const pageEnd = page.start + page.norms.length;
        for (let row = page.start; row < pageEnd; ) {
          if (shards.length === 0 || shards.at(-1)!.end === row) {
            const count = Math.min(GpuShard.capacity(gpu, dimension), rows - row);
            shards.push(await GpuShard.make(gpu, row, count, dimension, metric));
            writer = undefined;
          }
          const shard = shards.at(-1)!;
          writer ??= shard.writer(frame);
          const end = Math.min(pageEnd, shard.end);
          writer.take(page, row - page.start, end - page.start);
          if (end === shard.end) shard.writeTerms(writer.squares);
          row = end;
        }
        // What was written waits in memory until the GPU has it.
        await gpu.guard(() => gpu.device.queue.onSubmittedWorkDone());
        await pause();
      }
      return new GpuBlock({ gpu, sessions, shards, rows, dimension, metric, frame: frame!, lists });
    } catch (error) {
      for (const shard of shards) shard.destroy();
      throw error;
    }
  }

  pass(rows: Rows, dimension: number, metric: Metric): Promise<RowBlock> {
    return this.hold({ rows: rows.norms.length, dimension, metric }, [{ start: 0, ...rows }]);
  }
}

/** One session per graph, made when it is first needed. */
class Sessions implements GpuSessions {
  readonly #made = new Map<string, Promise<OrtSession>>();

  constructor(
    private readonly gpu: GpuDevice,
    private readonly create: Awaited<ReturnType<typeof loadGpuOrt>>,
  ) {}

  scan(isL2: boolean): Promise<OrtSession> {
    return this.#once(isL2 ? 'scan-l2' : 'scan', () => tileScanGraph(isL2));
  }

  distances(): Promise<OrtSession> {
    return this.#once('distances', distanceGraph);
  }

  async release(): Promise<void> {
    const made = [...this.#made.values()];
    this.#made.clear();
    for (const session of made) await session.then((each) => each.release()).catch(() => undefined);
  }

  #once(name: string, model: () => Uint8Array): Promise<OrtSession> {
    let session = this.#made.get(name);
    if (session === undefined) {
      session = this.create(model(), this.gpu);
      session.catch(() => this.#made.delete(name));
      this.#made.set(name, session);
    }
    return session;
  }
}

async function tryOut(kernels: Kernels): Promise<void> {
  const block = await kernels.pass(
    { vectors: Float32Array.of(1, 0, 0, 3), norms: Float32Array.of(1, 3) },
    2,
    'dot',
  );
  const { rows, similarities } = await block.search({ vectors: Float32Array.of(5, 2), count: 1 }, 2, {});
  await block.release();
  if (rows[0] === 1 && similarities[0] === 6 && similarities[1] === 5) return;
  throw new WebGpuError('broken', `A trial run gave ${similarities.join(', ')} instead of 6, 5.`);
}
