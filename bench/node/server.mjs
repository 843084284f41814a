// Builds the bench page (production code, every system in the same build) and serves it.
import { createReadStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, preview } from 'vite';
import { PEERS_DIR } from './peers.mjs';

const root = join(import.meta.dirname, '..');

/** On a busy machine the bundler would tell how long each plugin took. */
const QUIET = { pluginTimings: false };

/** `isolated` sends the headers that make the page cross-origin isolated: finer clocks, WASM threads. */
export async function serve({ folders, vectorsFile, isolated, port = 0 }) {
  const outDir = join(PEERS_DIR, `site-${process.pid}`);
  const config = {
    configFile: false,
    root,
    base: './',
    publicDir: false,
    logLevel: 'warn',
    resolve: {
      alias: [
        { find: 'hnswlib-wasm', replacement: join(folders['hnswlib-wasm'], 'dist/hnswlib.js') },
        { find: 'voy-search', replacement: folders['voy-search'] },
        { find: '@orama/orama', replacement: join(folders['@orama/orama'], 'dist/browser/index.js') },
        { find: 'sqlite-vec-wasm-demo', replacement: folders['sqlite-vec-wasm-demo'] },
        {
          find: 'nearshore/embedders',
          replacement: join(root, '../src/client/embedders/index.ts'),
        },
        {
          find: 'nearshore/worker',
          replacement: join(root, '../src/worker/main.ts'),
        },
        {
          find: 'nearshore',
          replacement: join(root, '../src/client/index.ts'),
        },
      ],
    },
    worker: { format: 'es', rolldownOptions: { checks: QUIET } },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      chunkSizeWarningLimit: 5_000,
      rolldownOptions: { input: [join(root, 'index.html'), join(root, 'one.html')], checks: QUIET },
    },
    preview: {
      host: '127.0.0.1',
      port,
      strictPort: port !== 0,
      headers: isolated
        ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
        : {},
    },
    plugins: [glovePlugin(vectorsFile)],
  };
  await build(config);
  const server = await preview(config);
  return {
    url: server.resolvedUrls.local[0],
    async close() {
      await server.close();
      rmSync(outDir, { recursive: true, force: true });
    },
  };
}

/** GET peers-data/glove-100.f32?bytes=N: the first N bytes, without a copy of the file in the build. */
function glovePlugin(vectorsFile) {
  return {
    name: 'glove-vectors',
    configurePreviewServer(server) {
      server.middlewares.use('/peers-data/glove-100.f32', (request, response) => {
        const bytes = Number(new URL(request.url, 'http://localhost').searchParams.get('bytes'));
        if (!Number.isInteger(bytes) || bytes < 1) {
          response.writeHead(400).end('bytes must be a whole number above 0');
          return;
        }
        response.setHeader('Content-Type', 'application/octet-stream');
        createReadStream(vectorsFile, { end: bytes - 1 }).pipe(response);
      });
    },
  };
}
