import type { ImportResult } from '../../shared/backup-types.js';
import { VectorStoreError } from '../../shared/errors.js';
import type { CallId, ImportArgs } from '../../shared/worker-api.js';
import { ChunkQueue } from './chunk-queue.js';
import { ExportSession } from './export-session.js';
import type { Export } from './export-store.js';
import type { ImportCall } from './import-backup.js';

/** The store behind the calls. */
export interface BackupStore {
  beginExport(collections: readonly string[] | undefined, ended: AbortSignal): Promise<Export>;
  importBackup(file: Blob | ChunkQueue, options: ImportCall): Promise<ImportResult>;
}

/** One page's exports and imports that are under way, by the call that began each. */
export class BackupCalls {
  readonly #exports = new Map<CallId, ExportSession>();
  readonly #imports = new Map<CallId, ChunkQueue>();

  constructor(private readonly store: () => Promise<BackupStore>) {}

  async open(call: CallId, collections: readonly string[] | undefined): Promise<{ expectedBytes: number }> {
    const session = new ExportSession(async (ended) => (await this.store()).beginExport(collections, ended));
    // At once: it may be ended while it begins.
    this.#exports.set(call, session);
    return { expectedBytes: await session.expectedBytes() };
  }

  async next(opened: CallId): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const session = this.#exports.get(opened);
    if (session === undefined) throw lostExport();
    return session.next();
  }

  end(opened: CallId): void {
    this.#exports.get(opened)?.end(lostExport());
    this.#exports.delete(opened);
  }

  async import(
    call: CallId,
    { file, onConflict }: ImportArgs,
    { signal, onProgress }: Omit<ImportCall, 'onConflict'>,
  ): Promise<ImportResult> {
    const chunks = new ChunkQueue();
    this.#imports.set(call, chunks);
    try {
      return await (await this.store()).importBackup(file ?? chunks, { onConflict, signal, onProgress });
    } finally {
      this.#imports.delete(call);
      chunks.close();
    }
  }

  async chunk(importing: CallId, chunk: Uint8Array | undefined, fault: string | undefined): Promise<boolean> {
    return (await this.#imports.get(importing)?.push(chunk, fault)) ?? false;
  }

  /** The store goes. */
  close(): void {
    for (const call of [...this.#exports.keys()]) this.end(call);
    for (const chunks of this.#imports.values()) chunks.close();
  }
}

function lostExport(): VectorStoreError {
  return new VectorStoreError(
    'WORKER_LOST',
    'The export ended before its last part: its worker was lost, or its store was closed. The file is not whole. Export again.',
  );
}
