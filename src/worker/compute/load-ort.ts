import type { Kernels } from './kernels.js';
import { configureOrt, threadCount } from './ort.js';
import { OrtKernels } from './ort-kernels.js';

// Imported when ONNX Runtime is asked for, so that nobody else pays for its script.

/**
 * Loads ONNX Runtime's WASM build and tries it out.
 *
 * @param assetBaseUrl folder of its `.wasm` file, ending in a slash; default: where the bundler put it.
 */
export async function loadOrt(
  assetBaseUrl: string | undefined,
): Promise<{ kernels: Kernels; threads: number }> {
  configureOrt(assetBaseUrl === undefined ? {} : { assetBaseUrl });
  const kernels = new OrtKernels();
  const block = await kernels.pass({ vectors: Float32Array.of(3), norms: Float32Array.of(3) }, 1, 'dot');
  const best = await block.search({ vectors: Float32Array.of(2), count: 1 }, 1, {});
  if (best.similarities[0] !== 6) throw new Error(`its trial run gave ${best.similarities[0]} for 2 × 3`);
  return { kernels, threads: threadCount() };
}
