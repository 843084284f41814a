import { indexSegment } from '../keyword/index-segment.js';
import type { KeywordIndex } from '../keyword/keyword-index.js';
import type { Segment } from './segment.js';

/**
 * What the words of a segment are looked up in, made when it is first asked for; rejects with the signal's reason where
 * whoever asked first has given up.
 */
export function keywordIndexOf(
  segment: Segment,
  fields: readonly string[],
  signal?: AbortSignal,
): Promise<KeywordIndex> {
  const names = [...new Set(fields)].sort();
  return segment.keywords(JSON.stringify(names), async () => {
    const metadata = names.length === 0 ? undefined : await segment.metadata();
    const paths = names.map((name) => name.split('.'));
    return indexSegment(segment.rows, await segment.texts(), metadata, paths, signal);
  });
}
