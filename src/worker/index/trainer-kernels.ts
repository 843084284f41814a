import type { Kernel } from '../../shared/types.js';
import { jsKernels } from '../compute/js-kernels.js';
import type { Kernels } from '../compute/kernels.js';
import { simdKernels } from '../compute/simd-kernels.js';

/** The first of some kernels that works here, or plain JS. */
export async function firstThatWorks(
  names: readonly Kernel[],
  assetBaseUrl: string | undefined,
): Promise<Kernels> {
  for (const name of names) {
    try {
      const kernels = await load(name, assetBaseUrl);
      if (kernels !== undefined && (await passesTrial(kernels))) return kernels;
    } catch {
      // Forbidden, missing, or without memory: the next ones give the same lists, more slowly.
    }
  }
  return jsKernels;
}

async function load(name: Kernel, assetBaseUrl: string | undefined): Promise<Kernels | undefined> {
  if (name === 'js') return jsKernels;
  if (name === 'simd') return simdKernels();
  const [{ configureOrt }, { OrtKernels }] = await Promise.all([
    import('../compute/ort.js'),
    import('../compute/ort-kernels.js'),
  ]);
  configureOrt(assetBaseUrl === undefined ? {} : { assetBaseUrl });
  return new OrtKernels();
}

async function passesTrial(kernels: Kernels): Promise<boolean> {
  const block = await kernels.pass({ vectors: Float32Array.of(3), norms: Float32Array.of(3) }, 1, 'dot');
  const best = await block.search({ vectors: Float32Array.of(2), count: 1 }, 1, {});
  await block.release();
  return best.similarities[0] === 6;
}
