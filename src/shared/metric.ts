import type { Metric } from './types.js';

// `similarity` is what kernels compute: the cosine, the dot product, or minus the Euclidean distance.

export function distanceFrom(metric: Metric, similarity: number): number {
  return metric === 'cosine' ? 1 - clampCosine(similarity) : -similarity || 0;
}

export function scoreFrom(metric: Metric, similarity: number): number {
  if (metric === 'cosine') return clampCosine(similarity);
  return metric === 'dot' ? similarity : 1 / (1 - similarity);
}

/** Rounding may take a cosine a little beyond ±1. */
function clampCosine(value: number): number {
  return Math.min(1, Math.max(-1, value));
}
