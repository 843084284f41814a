// @ts-check
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

/** The static embedder in plain JS, from the sources, in Node. It keeps Node running: end with `process.exit()`. */
export async function openStaticEmbedder() {
  const { staticEmbedder } = /** @type {typeof import('../src/client/embedders/index.js')} */ (
    await load('../src/client/embedders/index.ts')
  );
  const { loadTextEmbedder } = /** @type {typeof import('../src/worker/embed/load-text-embedder.js')} */ (
    await load('../src/worker/embed/load-text-embedder.ts')
  );
  const assetBaseUrl = new URL('../src/client/embedders/assets/', import.meta.url);
  const read = async (/** @type {string} */ url) => Uint8Array.from(readFileSync(new URL(url)));
  return (await loadTextEmbedder(staticEmbedder({ assetBaseUrl }), read)).js;
}

/** @param {string} path */
async function load(path) {
  const { module } = await runnerImport(fileURLToPath(new URL(path, import.meta.url)), { configFile: false });
  return module;
}
