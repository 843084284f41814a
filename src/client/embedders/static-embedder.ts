import type { WorkerEmbedder } from '../../shared/types.js';

/** Options of `staticEmbedder`. */
export interface StaticEmbedderOptions {
  /** Folder that holds the three asset files, as a URL. Default: where the bundler put them. */
  assetBaseUrl?: string | URL;
}

/**
 * Describes the embedder that comes with this package: it runs in the worker, in plain JS or ONNX Runtime, and
 * needs no model from elsewhere. Its three files (3.4 MB) are fetched by the worker when the first text is to be
 * embedded; this call fetches nothing.
 *
 * It is **basic**: English only, 100 dimensions, the SIF-weighted average of the GloVe vectors of a text's words
 * (Arora, Liang, Ma 2017), as far as they are among the 30,000 most frequent; neither word order nor negation
 * counts for much. Over the 117,791 definitions of WordNet, "fear of spiders" finds arachnophobia, "extremely
 * cold" arctic and "someone who makes clothes" dressmaker, each at rank 1. A single word as the query has one of
 * its definitions among the first 10 in 13 % of cases and among the first 100 in 35 % (word matching by BM25:
 * 12 % and 14 %). A random half of a definition's words finds that definition among the first 10 in 79 % (BM25:
 * 95 %): where query and text share their words, word matching is better. Use a sentence-embedding model where
 * quality matters.
 *
 * A text without a known word gives a vector of zeros.
 *
 * Rejects nothing itself; calls that need the embedder reject with `BACKEND_UNAVAILABLE` if its files cannot be
 * fetched. Throws a `TypeError` if `assetBaseUrl` is no URL. Licence of the data: MIT, from public domain
 * (PDDL) vectors; see NOTICE beside the files.
 */
export function staticEmbedder(options: StaticEmbedderOptions = {}): WorkerEmbedder {
  return {
    runsIn: 'worker',
    kind: 'static',
    id: 'nearshore-static-glove-sg-30k/100/1',
    dimension: 100,
    assets: options.assetBaseUrl === undefined ? bundledAssets() : assetsIn(options.assetBaseUrl),
  };
}

/** Written out, since bundlers find assets by exactly this expression. */
function bundledAssets(): WorkerEmbedder['assets'] {
  return {
    model: new URL('./assets/static-embedder.onnx', import.meta.url).href,
    table: new URL('./assets/static-embedder.bin', import.meta.url).href,
    vocabulary: new URL('./assets/static-embedder-vocabulary.txt', import.meta.url).href,
  };
}

function assetsIn(folder: string | URL): WorkerEmbedder['assets'] {
  const page = globalThis.document?.baseURI;
  const base = new URL(String(folder).replace(/\/?$/, '/'), page);
  return {
    model: new URL('static-embedder.onnx', base).href,
    table: new URL('static-embedder.bin', base).href,
    vocabulary: new URL('static-embedder-vocabulary.txt', base).href,
  };
}
