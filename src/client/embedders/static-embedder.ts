import type { WorkerEmbedder } from '../../shared/types.js';

export interface StaticEmbedderOptions {
  /** Folder that holds the three asset files, as a URL. Default: where the bundler put them. */
  assetBaseUrl?: string | URL;
}

/** TODO */
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
