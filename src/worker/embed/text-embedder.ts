/**
 * Turns texts into vectors inside the worker.
 *
 * Every implementation guarantees:
 * - row i of the answer belongs to `texts[i]`, and depends on that text alone;
 * - a text without a known word gives the zero row (the caller decides what that means);
 * - rows are L2-normalised otherwise;
 * - the same text gives the same row on every implementation of the same `id`, within 1e-5 per component.
 */
export interface TextEmbedder {
  readonly id: string;
  readonly dimension: number;
  /** n texts → n × dimension, row-major. */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>>;
  release(): Promise<void>;
}
