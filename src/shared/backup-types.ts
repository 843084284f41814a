/** What `import` does with a record whose id is already in the collection. */
export type OnConflict = 'replace' | 'skip' | 'error';

/** In bytes, of a backup file. */
export interface BackupProgress {
  /** Bytes done. A `Blob` that is imported is read twice: checked as a whole, then written. */
  done: number;
  /** What `done` comes to: for an export an estimate until the end. Absent where a stream is imported. */
  total?: number;
}

export interface ExportOptions {
  /** Names of the collections. Default: all. */
  collections?: readonly string[];
  signal?: AbortSignal;
  onProgress?: (progress: BackupProgress) => void;
}

export interface ImportOptions {
  /** Default `'error'`: an id that is there rejects the import with `DUPLICATE_ID`. */
  onConflict?: OnConflict;
  signal?: AbortSignal;
  onProgress?: (progress: BackupProgress) => void;
}

/** The three counts of records add up to those of the file. */
export interface ImportResult {
  /** Collections in the file. */
  collections: number;
  /** Records whose id was not there. */
  imported: number;
  replaced: number;
  skipped: number;
}
