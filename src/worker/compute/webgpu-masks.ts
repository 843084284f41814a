import { type Bitmap, hasBit } from '../bitmap.js';
import type { GpuDevice } from './webgpu-device.js';
import type { GpuShard } from './webgpu-shard.js';

/** Bitmaps whose caps stay on the GPU: the dead rows, and those that a recent filter leaves out. */
const KEPT = 4;

/** What bitmaps of excluded rows (which never change) are in GPU memory. */
export class GpuMasks {
  /** Least recently used first. */
  readonly #kept = new Map<Bitmap, Map<GpuShard, Promise<GPUBuffer>>>();

  constructor(private readonly gpu: GpuDevice) {}

  of(excluded: Bitmap, shard: GpuShard): Promise<GPUBuffer> {
    const buffers = this.#kept.get(excluded) ?? new Map<GpuShard, Promise<GPUBuffer>>();
    this.#kept.delete(excluded);
    this.#kept.set(excluded, buffers);
    let buffer = buffers.get(shard);
    if (buffer === undefined) {
      buffer = this.#upload(excluded, shard);
      buffer.catch(() => buffers.delete(shard));
      buffers.set(shard, buffer);
    }
    return buffer;
  }

  /** Gives the memory of those beyond the kept ones back; not while a search uses them. */
  trim(): void {
    for (const [excluded, buffers] of this.#kept) {
      if (this.#kept.size <= KEPT) break;
      this.#kept.delete(excluded);
      destroyAll(buffers);
    }
  }

  destroy(): void {
    for (const buffers of this.#kept.values()) destroyAll(buffers);
    this.#kept.clear();
  }

  async #upload(excluded: Bitmap, shard: GpuShard): Promise<GPUBuffer> {
    const cap = shard.capOf((row) => !hasBit(excluded, row));
    const buffer = await this.gpu.allocate(cap.byteLength);
    this.gpu.write(buffer, 0, cap);
    return buffer;
  }
}

function destroyAll(buffers: Map<GpuShard, Promise<GPUBuffer>>): void {
  for (const buffer of buffers.values()) {
    buffer.then(
      (each) => each.destroy(),
      () => undefined,
    );
  }
}
