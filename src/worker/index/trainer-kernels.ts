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
      if (kernels !== undefined) return kernels;
    } catch {
      // Forbidden, missing, or without memory: the next ones give lists as good, more slowly.
    }
  }
  return jsKernels;
}

async function load(name: Kernel, assetBaseUrl: string | undefined): Promise<Kernels | undefined> {
  if (name === 'js') return jsKernels;
  if (name === 'simd') return simdKernels();
  const { loadOrt } = await import('../compute/load-ort.js');
  return (await loadOrt(assetBaseUrl)).kernels;
}
