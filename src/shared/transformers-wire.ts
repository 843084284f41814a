// The conversation between an embedder on the page and its worker, in which Transformers.js runs. No logic here.

/** How the vectors of a text's tokens become one: their mean, that of the first, that of the last. */
export type Pooling = 'mean' | 'cls' | 'last_token';

/** What the worker loads, with the first texts; URLs are absolute. */
export interface TransformersSetup {
  readonly model: string;
  readonly revision: string;
  readonly dtype: string;
  readonly device: string;
  readonly pooling: Pooling;
  readonly normalize: boolean;
  readonly modelBaseUrl: string | undefined;
  readonly wasmUrl: string | undefined;
  readonly library: string | undefined;
}

/** One at a time. */
export interface ToTransformers {
  readonly setup: TransformersSetup;
  readonly texts: readonly string[];
}

export type FromTransformers =
  | { readonly progress: LoadProgress }
  /** As many numbers for each text, row-major. */
  | { readonly vectors: Float32Array<ArrayBuffer> }
  /** `isLoading`: it failed before there was a model. */
  | { readonly failed: string; readonly isLoading: boolean };

/** A file of the model on its way. */
export interface LoadProgress {
  readonly file: string;
  /** Bytes. */
  readonly loaded: number;
  readonly total: number;
}
