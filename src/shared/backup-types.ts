/** What `import` does with a record whose id is already in the collection. */
export type OnConflict = 'replace' | 'skip' | 'error';

/** In bytes, of a backup file. */
export interface BackupProgress {
  /** Bytes done. A `Blob` that is imported is read twice: checked as a whole, then written. */
  done: number;
  /** What `done` comes to: for an export an estimate until the end. Absent where a stream is imported. */
  total?: number;
}

/** Options of `exportStream` and `exportBlob`. */
export interface ExportOptions {
  /** Names of the collections. Default: all. */
  collections?: readonly string[];
  /** Ends the export; the stream errors with `ABORTED`. */
  signal?: AbortSignal;
  /** Called after each part of the file. */
  onProgress?: (progress: BackupProgress) => void;
}

/** Options of `import`. */
export interface ImportOptions {
  /** Default `'error'`: an id that is there rejects the import with `DUPLICATE_ID`. */
  onConflict?: OnConflict;
  /** Ends the import with `ABORTED`; the error's message says what stays. */
  signal?: AbortSignal;
  /** Called as the file is read. */
  onProgress?: (progress: BackupProgress) => void;
}

/** The three counts of records add up to those of the file. */
export interface ImportResult {
  /** Collections in the file. */
  collections: number;
  /** Records whose id was not there. */
  imported: number;
  /** Records that took the place of one with their id. */
  replaced: number;
  /** Records whose id was there, under `onConflict: 'skip'`. */
  skipped: number;
}
