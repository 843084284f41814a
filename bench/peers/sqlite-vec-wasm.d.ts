/** The part of sqlite-vec-wasm-demo 0.1.7-alpha.2 that is used here. */
declare module 'sqlite-vec-wasm-demo/sqlite3.mjs' {
  export interface Statement {
    bind(at: number, value: string | number): this;
    bindAsBlob(at: number, bytes: Uint8Array): this;
    step(): boolean;
    stepReset(): this;
    reset(): this;
    get(column: number): unknown;
  }
  export interface Database {
    exec(sql: string): this;
    prepare(sql: string): Statement;
    transaction(task: () => void): void;
  }
  interface Sqlite {
    installOpfsSAHPoolVfs(options: {
      name: string;
      directory: string;
    }): Promise<{ OpfsSAHPoolDb: new (path: string) => Database }>;
  }
  export default function sqlite3InitModule(options: {
    /** Its own way looks for the file where no bundler puts it. */
    instantiateWasm(
      imports: WebAssembly.Imports,
      done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
    ): object;
  }): Promise<Sqlite>;
}

declare module 'sqlite-vec-wasm-demo/sqlite3.wasm?url' {
  const url: string;
  export default url;
}
