import { fileURLToPath } from 'node:url';
import { defineConfig, type UserConfig } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { keepUrls } from './scripts/keep-urls.js';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const page = path('src/client/index.ts');
const embedders = path('src/client/embedders/index.ts');
const worker = path('src/worker/main.ts');
const trainer = path('src/worker/index/trainer.ts');
const react = path('src/react/index.ts');
const langchain = path('src/langchain/index.ts');
const testing = path('src/testing/index.ts');
const testingWorker = path('src/testing/worker/main.ts');
const transformers = path('src/worker/embed/transformers-worker.ts');
const workerFiles = {
  [worker]: 'worker.js',
  [trainer]: 'trainer.js',
  [testingWorker]: 'testing-worker.js',
  [transformers]: 'transformers-worker.js',
};
const optionalPeers = [/^@huggingface\/transformers$/];

/** `vite`, `vite build`: the demo. `vite build --mode library | standalone`: the two builds of the package. */
export default defineConfig(({ mode }) => {
  if (mode === 'library') return library();
  if (mode === 'standalone') return standalone();
  return demo();
});

/** ES modules for bundlers; what the package depends on stays an import. */
function library(): UserConfig {
  return {
    publicDir: false,
    plugins: [keepUrls({ entries: workerFiles, assetFolder: () => 'assets/' })],
    build: {
      outDir: 'dist',
      emptyOutDir: false,
      sourcemap: true,
      minify: false,
      target: 'es2022',
      lib: {
        entry: {
          ...{ index: page, embedders, react, langchain },
          ...{ worker, trainer, testing, 'testing-worker': testingWorker },
          'transformers-worker': transformers,
        },
        formats: ['es'],
      },
      rolldownOptions: {
        external: [
          ...[/^idb$/, /^comlink$/, /^onnxruntime-web(\/|$)/, /^react$/, /^@langchain\/core\//],
          ...optionalPeers,
        ],
        // One flat folder: relative URLs in the code stay right whichever chunk they end up in.
        output: {
          entryFileNames: '[name].js',
          chunkFileNames: 'chunk-[name]-[hash].js',
          // Shorter names alone: bundlers look for `new Worker(new URL("…", import.meta.url))` as it is written here.
          minify: { compress: false, mangle: true, codegen: false },
          // Editors read them in the .d.ts files.
          comments: { jsdoc: false },
        },
      },
    },
  };
}

/** Everything bundled: a folder for any static server, with no bundler and no import map. */
function standalone(): UserConfig {
  return {
    publicDir: false,
    plugins: [
      keepUrls({
        entries: workerFiles,
        // ORT looks for its .wasm beside its own code.
        assetFolder: (file) => (file.endsWith('.wasm') ? '' : 'assets/'),
      }),
    ],
    build: {
      outDir: 'dist/standalone',
      emptyOutDir: false,
      sourcemap: false,
      target: 'es2022',
      license: { fileName: 'THIRD-PARTY-LICENSES.md' },
      lib: {
        entry: {
          ...{ nearshore: page, embedders, worker, trainer, testing },
          'testing-worker': testingWorker,
          'transformers-worker': transformers,
        },
        formats: ['es'],
      },
      rolldownOptions: {
        // Without a bundler it comes by its `library` option.
        external: optionalPeers,
        output: {
          minify: true,
          entryFileNames: '[name].js',
          chunkFileNames: 'chunk-[name]-[hash].js',
          // ORT starts its threads from the file that it is in: that file must hold nothing of ours.
          codeSplitting: {
            groups: [
              {
                name: 'onnxruntime-webgpu',
                test: /node_modules[\\/]onnxruntime-web[\\/].*webgpu/,
                priority: 1,
              },
              { name: 'onnxruntime', test: /node_modules[\\/]onnxruntime-web[\\/]/ },
            ],
          },
        },
      },
    },
  };
}

/** The demo, as an application of its own that can be installed and used offline. */
function demo(): UserConfig {
  return {
    root: path('demo'),
    publicDir: path('public'),
    base: './',
    resolve: {
      alias: [
        { find: /^nearshore\/embedders$/, replacement: embedders },
        { find: /^nearshore\/testing$/, replacement: testing },
        { find: /^nearshore$/, replacement: page },
      ],
    },
    worker: { format: 'es' },
    optimizeDeps: { exclude: ['onnxruntime-web'] },
    build: {
      outDir: path('demo/dist'),
      emptyOutDir: true,
      target: 'es2022',
      // A data: URI would need more than script-src and connect-src 'self'.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      license: { fileName: 'THIRD-PARTY-LICENSES.md' },
      rolldownOptions: {
        input: ['index', 'devices', 'device'].map((name) => path(`demo/${name}.html`)),
      },
    },
    plugins: [
      VitePWA({
        registerType: 'autoUpdate',
        // By the main page alone: the two devices of devices.html need none.
        injectRegister: false,
        manifest: {
          name: 'nearshore reverse dictionary',
          short_name: 'nearshore',
          description: 'Type a meaning, get words. Works offline.',
          display: 'standalone',
          start_url: './',
          theme_color: '#0b6b67',
          background_color: '#faf9f6',
          icons: [
            { src: 'icon-192.png', sizes: '192x192', type: 'image/png' },
            { src: 'icon-512.png', sizes: '512x512', type: 'image/png', purpose: 'any maskable' },
          ],
        },
        workbox: {
          globPatterns: ['**/*'],
          // The corpus is read once, into IndexedDB; the WebGPU build of ONNX Runtime is not used here.
          globIgnores: ['wordnet/**', 'manifest.webmanifest', '**/*.asyncify-*.wasm', '**/ort.webgpu.*'],
          maximumFileSizeToCacheInBytes: 20_000_000,
          // Pages read theirs themselves, as devices.html does: whatever they say it is the same file.
          ignoreURLParametersMatching: [/./],
        },
      }),
    ],
  };
}
