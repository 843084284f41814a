import { checkChoice } from '../shared/argument-check.js';
import type { ExportOptions, ImportOptions, ImportResult } from '../shared/backup-types.js';
import { abortedError, VectorStoreError } from '../shared/errors.js';
import { kindOf } from '../shared/plain-object.js';
import type { CallId } from '../shared/worker-api.js';
import { checkOptions } from './check-options.js';
import type { Send } from './pump-stream.js';
import { handOver } from './worker-connection.js';
import type { WorkerLink } from './worker-link.js';

type Call = WorkerLink['call'];

/** The file of an export, read from the worker part by part as the stream is read: one part is in memory at a time. */
export function exportStream(call: Call, options: ExportOptions): ReadableStream<Uint8Array<ArrayBuffer>> {
  checkOptions('exportStream', options, ['collections', 'signal', 'onProgress']);
  const { collections, signal, onProgress } = options;
  let opening: Promise<{ expectedBytes: number }> | undefined;
  let opened: CallId | undefined;
  let done = 0;
  let abort = () => {};
  const end = async () => {
    signal?.removeEventListener('abort', abort);
    const ending = opened;
    opened = undefined;
    if (ending !== undefined) await call((api, id) => api.exportEnd(id, ending)).catch(() => undefined);
  };
  const open = () =>
    call(
      (api, id) => {
        opened = id;
        return api.exportOpen(id, collections);
      },
      { signal },
    );
  return new ReadableStream(
    {
      start(controller) {
        abort = () => {
          controller.error(abortedError(signal?.reason));
          void end();
        };
        if (signal?.aborted) abort();
        else signal?.addEventListener('abort', abort);
      },
      async pull(controller) {
        try {
          opening ??= open();
          const { expectedBytes } = await opening;
          const part = await call((api, id) => api.exportNext(id, opened!), { signal });
          if (part !== undefined) done += part.length;
          onProgress?.({ done, total: part === undefined ? done : Math.max(done, expectedBytes) });
          if (part !== undefined) return controller.enqueue(part);
          controller.close();
          await end();
        } catch (error) {
          // With a worker that is lost its exports are, too.
          if (error instanceof VectorStoreError && error.code === 'WORKER_LOST') opened = undefined;
          await end();
          throw error;
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

export async function exportBlob(call: Call, options: ExportOptions): Promise<Blob> {
  const reader = exportStream(call, options).getReader();
  // A blob's bytes are the browser's to keep, on disk where they are many; those of arrays stay in this page's memory.
  const parts: Blob[] = [];
  for (let next = await reader.read(); !next.done; next = await reader.read())
    parts.push(new Blob([next.value]));
  return new Blob(parts, { type: 'application/octet-stream' });
}

export async function importBackup(
  call: Call,
  source: unknown,
  options: ImportOptions,
): Promise<ImportResult> {
  checkOptions('import', options, ['onConflict', 'signal', 'onProgress']);
  const { onConflict = 'error', signal, onProgress } = options;
  checkChoice('onConflict', onConflict, ['replace', 'skip', 'error']);
  if (source instanceof Blob) {
    return call((api, id) => api.importBackup(id, { file: source, onConflict }), {
      isWrite: true,
      signal,
      onProgress,
    });
  }
  if (!(source instanceof ReadableStream)) throw wrongSource(kindOf(source));
  if (source.locked) throw wrongSource('a stream that has a reader already');
  const reader = (source as ReadableStream<Uint8Array>).getReader();
  try {
    return await call(
      (api, id) => {
        const result = api.importBackup(id, { file: undefined, onConflict });
        const send: Send = (chunk, fault) => api.importChunk(id, chunk && handOver(chunk, [chunk]), fault);
        import('./pump-stream.js')
          .then(
            ({ pumpStream }) => pumpStream(reader, send),
            (error: Error) => send(undefined, error.message),
          )
          // A worker that is lost settles the import.
          .catch(() => undefined);
        return result;
      },
      { isWrite: true, signal, onProgress: onProgress && (({ done }) => onProgress({ done })) },
    );
  } finally {
    // Where it has been read to its end, this does nothing.
    reader.cancel().catch(() => undefined);
  }
}

function wrongSource(what: string): VectorStoreError {
  return new VectorStoreError(
    'INVALID_ARGUMENT',
    `import was given ${what}. A backup file is read as bytes, part by part. Give a Blob (a File is one) or a ReadableStream of Uint8Array, such as response.body.`,
  );
}
