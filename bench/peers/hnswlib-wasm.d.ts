/** The part of hnswlib-wasm 0.8.2 that is used here; its own declarations need packages that it does not ship. */
declare module 'hnswlib-wasm' {
  export interface HierarchicalNSW {
    initIndex(maxElements: number, m: number, efConstruction: number, randomSeed: number): void;
    addPoint(point: Float32Array, label: number, replaceDeleted: boolean): void;
    searchKnn(
      query: Float32Array,
      neighbours: number,
      filter: ((label: number) => boolean) | undefined,
    ): { distances: number[]; neighbors: number[] };
    setEfSearch(ef: number): void;
    getCurrentCount(): number;
    writeIndex(filename: string): Promise<boolean>;
    readIndex(filename: string, maxElements: number): Promise<boolean>;
  }
  export interface HnswlibModule {
    HierarchicalNSW: new (
      space: 'l2' | 'ip' | 'cosine',
      dimension: number,
      autoSaveFilename: string,
    ) => HierarchicalNSW;
    EmscriptenFileSystemManager: {
      syncFS(read: boolean, callback: () => void): unknown;
      isSynced(): boolean;
      setDebugLogs(enable: boolean): void;
      checkFileExists(filename: string): boolean;
    };
  }
  export function loadHnswlib(fileSystem?: 'IDBFS'): Promise<HnswlibModule>;
}
