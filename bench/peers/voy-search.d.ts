/** The part of voy-search 0.6.3 that is used here. Its own entry takes a bundler that imports WASM as a module. */
declare module 'voy-search/voy_search_bg.js' {
  export interface Resource {
    embeddings: { id: string; title: string; url: string; embeddings: number[] }[];
  }
  export class Voy {
    constructor(resource?: Resource);
    add(resource: Resource): void;
    search(query: Float32Array, k: number): { neighbors: { id: string }[] };
    size(): number;
    /** Empty where the text would be longer than a string can be. */
    serialize(): string;
    static deserialize(text: string): Voy;
  }
  export function __wbg_set_wasm(exports: WebAssembly.Exports): void;
}

declare module 'voy-search/voy_search_bg.wasm?url' {
  const url: string;
  export default url;
}
