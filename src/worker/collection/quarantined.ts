import type { QuarantineEvent } from '../../shared/types.js';
import type { CollectionRow, Column, QuarantinedSegment, RawPage, Storage } from '../storage/storage.js';
import type { CollectionState } from './state.js';

/** Drops what is quarantined for good. */
export async function discardQuarantined(
  state: CollectionState,
  signal: AbortSignal | undefined,
): Promise<{ records: number }> {
  let records = 0;
  await state.commit(
    async ({ row }) => {
      ({ records } = quarantineStats(row));
      return row.quarantined && { discardsQuarantined: true };
    },
    { durability: 'disk', signal },
  );
  return { records };
}

export function quarantineEvent(collection: string, segment: QuarantinedSegment): QuarantineEvent {
  return { collection, segment: segment.manifest.id, records: recordsOf(segment), reason: segment.reason };
}

export function quarantinedBytes({ quarantined = [] }: CollectionRow): number {
  return quarantined.reduce((sum, { manifest }) => sum + manifest.bytes, 0);
}

function recordsOf({ manifest }: QuarantinedSegment): number {
  return manifest.rows - (manifest.dead ?? 0);
}

export function quarantineStats({ quarantined = [] }: CollectionRow): { segments: number; records: number } {
  return {
    segments: quarantined.length,
    records: quarantined.reduce((sum, each) => sum + recordsOf(each), 0),
  };
}

/** What is left of a page of a quarantined segment; `page` is undefined where there is nothing. */
export interface QuarantinedPage {
  readonly segment: QuarantinedSegment;
  readonly column: Column;
  readonly index: number;
  readonly page: RawPage | undefined;
}

/** All pages of what is quarantined, one at a time. */
export async function* quarantinedPages(
  storage: Storage,
  { id, quarantined = [] }: CollectionRow,
): AsyncGenerator<QuarantinedPage> {
  for (const segment of quarantined) {
    const columns = Object.entries(segment.manifest.columns) as [Column, { starts: readonly number[] }][];
    for (const [column, { starts }] of columns) {
      for (const index of starts.keys()) {
        const page = await storage.readRawPage(id, segment.manifest.id, column, index);
        yield { segment, column, index, page };
      }
    }
  }
}
