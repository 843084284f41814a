import type { System, SystemName } from './contract.js';
import type { BuildOptions } from './hnsw.worker.js';

export interface MakeOptions {
  build: BuildOptions;
  /** Counts what is given to IndexedDB; `upsert` needs it for `putBytes`. Default false. */
  counting?: boolean;
}

/** Starts a system; its code is loaded by this call, so that a page pays for the one that it uses. */
export async function makeSystem(
  name: SystemName,
  { build, counting = false }: MakeOptions,
): Promise<System> {
  switch (name) {
    case 'js':
      return (await import('./js.js')).bruteForce();
    case 'hnsw':
      return (await import('./hnsw.js')).hnsw(build);
    case 'voy':
      return (await import('./voy.js')).voy();
    case 'orama':
      return (await import('./orama.js')).orama();
    case 'sqlite-vec':
      return (await import('./sqlite-vec.js')).sqliteVec();
    case 'nearshore':
    case 'nearshore-onnx':
    case 'nearshore-auto':
    case 'nearshore-int16':
    case 'nearshore-int8':
      return (await import('./nearshore.js')).nearshore(name, counting);
  }
}
