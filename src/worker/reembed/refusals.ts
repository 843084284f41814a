import { MAX_PROBLEMS, type Problem, VectorStoreError } from '../../shared/errors.js';
import { bytesOf, unpackString } from '../../shared/string-column.js';
import { liveRows, type SegmentView } from '../collection/segment-view.js';
import type { CollectionRow } from '../storage/storage.js';

/** Throws where a collection cannot be embedded anew, whatever its records are. */
export function refuseReembedding({ config, sync, quarantined = [] }: CollectionRow): void {
  if (sync !== undefined) throw syncedError(config.name);
  if (quarantined.length > 0) {
    throw new VectorStoreError(
      'CORRUPT',
      `Collection "${config.name}" has ${quarantined.length} quarantined segment(s). They would be lost when it is embedded anew, so nothing was changed. ` +
        'Export the store to keep them, then call discardQuarantined().',
    );
  }
}

export function syncedError(name: string): VectorStoreError {
  return new VectorStoreError(
    'CONFIG_MISMATCH',
    `Collection "${name}" is synced with a server, where the embedding space is pinned for all devices. Vectors of another model would not fit there, so nothing was changed. ` +
      'Create a collection of another name with the new embedder, and write the records to it.',
  );
}

/** Rejects where records have no text: what `views` have alive. */
export async function refuseWithoutText(name: string, views: readonly SegmentView[]): Promise<void> {
  const problems: Problem[] = [];
  let count = 0;
  for (const view of views) {
    if (view.live === 0) continue;
    const [ids, texts] = [await view.segment.ids(), await view.segment.texts()];
    for (const row of liveRows(view)) {
      if (texts !== undefined && bytesOf(texts, row).length > 0) continue;
      if (++count > MAX_PROBLEMS) continue;
      const id = unpackString(ids, row);
      problems.push({
        position: problems.length,
        id,
        code: 'INVALID_ARGUMENT',
        message: `record ${JSON.stringify(id)} has no text`,
      });
    }
  }
  if (count === 0) return;
  const first = problems.slice(0, 3).map(({ id }) => JSON.stringify(id));
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    `${count} record(s) of collection "${name}" have no text, first ${first.join(', ')}. Another model cannot make their vectors, so the collection stays as it is. ` +
      'Give them texts with upsert, or delete them (error.problems names up to 100), then call reembed() again.',
    { problems, problemCount: count },
  );
}
