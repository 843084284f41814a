import { createServer } from 'vite';

/** Loads TypeScript of the project in Node, as Vite reads it for the demo. Vite's caches hold the process afterwards. */
export async function moduleLoader() {
  const vite = await createServer({
    configFile: false,
    logLevel: 'error',
    appType: 'custom',
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, watch: null, hmr: false, ws: false },
  });
  return vite.ssrLoadModule;
}
