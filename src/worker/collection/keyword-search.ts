import { type Bitmap, hasBit } from '../bitmap.js';
import { BestHeap } from '../compute/best-heap.js';
import { listRows } from '../filter/bitmap-sets.js';
import type { KeywordIndex, Posting } from '../keyword/keyword-index.js';
import { wordsOf } from '../keyword/words.js';
import { keywordIndexOf } from './keyword-indexes.js';
import { readIds } from './records.js';
import type { CompiledFilter } from './segment.js';
import { type SegmentView, select } from './segment-view.js';
import type { Snapshot } from './snapshot.js';

/** Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009. */
const K1 = 1.2;
const B = 0.75;

/** A record that has words of the text. */
export interface KeywordFound {
  readonly source: number;
  readonly row: number;
  readonly id: string;
  /** BM25 */
  readonly keywordScore: number;
}

export interface KeywordRanking {
  /** Best first, equal ones in the order of id. */
  readonly best: readonly KeywordFound[];
  /** Records that have a word of the text and pass the filter. */
  readonly considered: number;
}

/** The best `k` of a snapshot by BM25 (SPEC, J1 to J3). */
export async function searchKeywords(
  snapshot: Snapshot,
  text: string,
  fields: readonly string[],
  filter: CompiledFilter | undefined,
  k: number,
): Promise<KeywordRanking> {
  const { views } = snapshot;
  const indexes = await Promise.all(views.map(({ segment }) => keywordIndexOf(segment, fields)));
  const words = [...new Set(wordsOf(text))].map((word) => encoder.encode(word));
  const postings = words.map((word) => indexes.map((index) => index.posting(word)));
  const corpus = corpusOf(views, indexes);
  const meanLength = corpus.length / corpus.records;
  const idfs = postings.map((own) => {
    const n = own.reduce((sum, posting, source) => sum + countLive(posting, views[source]!.dead), 0);
    return Math.log(1 + (corpus.records - n + 0.5) / (n + 0.5));
  });
  const best = new Best(k);
  let considered = 0;
  for (const [source, view] of views.entries()) {
    const own = postings.map((each) => each[source]);
    if (own.every((posting) => posting === undefined)) continue;
    const selection = await select(view, filter);
    if (selection.rows === 0) continue;
    const scored = scoreRows(own, idfs, indexes[source]!.lengths, meanLength, selection.excluded);
    considered += scored.rows.length;
    best.add(source, scored);
  }
  return { best: await ranked(snapshot, best, k), considered };
}

const encoder = new TextEncoder();

interface Corpus {
  /** Live ones that have a word. */
  readonly records: number;
  /** Words in all of them. */
  readonly length: number;
}

/** A view is immutable, and so are its indexes. */
const corpora = new WeakMap<SegmentView, WeakMap<KeywordIndex, Corpus>>();

function corpusOf(views: readonly SegmentView[], indexes: readonly KeywordIndex[]): Corpus {
  let [records, length] = [0, 0];
  for (const [source, view] of views.entries()) {
    const own = corpusOfView(view, indexes[source]!);
    records += own.records;
    length += own.length;
  }
  return { records, length };
}

function corpusOfView(view: SegmentView, index: KeywordIndex): Corpus {
  const known = corpora.get(view) ?? new WeakMap<KeywordIndex, Corpus>();
  corpora.set(view, known);
  let corpus = known.get(index);
  if (corpus === undefined) {
    const { lengths } = index;
    let [records, length] = [0, 0];
    for (const each of lengths) {
      length += each;
      if (each > 0) records++;
    }
    const { dead, segment, live } = view;
    for (const row of dead === undefined ? [] : listRows(dead, segment.rows - live)) {
      length -= lengths[row]!;
      if (lengths[row]! > 0) records--;
    }
    corpus = { records, length };
    known.set(index, corpus);
  }
  return corpus;
}

function countLive(posting: Posting | undefined, dead: Bitmap | undefined): number {
  if (posting === undefined) return 0;
  if (dead === undefined) return posting.rows.length;
  let count = 0;
  for (const row of posting.rows) if (!hasBit(dead, row)) count++;
  return count;
}

interface Scored {
  readonly rows: Uint32Array;
  readonly scores: Float64Array;
}

/** Word after word, so that equal rows have equal sums, whatever segment they are in. */
function scoreRows(
  postings: readonly (Posting | undefined)[],
  idfs: readonly number[],
  lengths: Uint32Array,
  meanLength: number,
  excluded: Bitmap | undefined,
): Scored {
  const sums = new Float64Array(lengths.length);
  const touched = new Uint32Array(
    Math.min(
      lengths.length,
      postings.reduce((sum, posting) => sum + (posting?.rows.length ?? 0), 0),
    ),
  );
  let count = 0;
  for (const [word, posting] of postings.entries()) {
    if (posting === undefined) continue;
    const { rows, counts } = posting;
    const weight = idfs[word]! * (K1 + 1);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (excluded !== undefined && hasBit(excluded, row)) continue;
      const norm = K1 * (1 - B + (B * lengths[row]!) / meanLength);
      if (sums[row] === 0) touched[count++] = row;
      sums[row]! += (weight * counts[i]!) / (counts[i]! + norm);
    }
  }
  const rows = touched.subarray(0, count);
  return { rows, scores: Float64Array.from(rows, (row) => sums[row]!) };
}

/** Rows that may be among the best k: those whose score is at least the k-th. */
class Best {
  readonly #scores: BestHeap;
  readonly #parts: { readonly source: number; readonly scored: Scored }[] = [];

  constructor(k: number) {
    this.#scores = new BestHeap(k);
  }

  add(source: number, scored: Scored): void {
    this.#parts.push({ source, scored });
    for (const [i, score] of scored.scores.entries()) this.#scores.offer(scored.rows[i]!, score);
  }

  places(): { source: number; row: number; keywordScore: number }[] {
    const { least } = this.#scores;
    return this.#parts.flatMap(({ source, scored: { rows, scores } }) => {
      const places = [];
      for (let i = 0; i < rows.length; i++) {
        if (scores[i]! >= least) places.push({ source, row: rows[i]!, keywordScore: scores[i]! });
      }
      return places;
    });
  }
}

async function ranked(snapshot: Snapshot, best: Best, k: number): Promise<KeywordFound[]> {
  const places = best.places();
  const ids = await readIds(snapshot, places);
  return places
    .map((place, i) => ({ ...place, id: ids[i]! }))
    .sort((a, b) => b.keywordScore - a.keywordScore || (a.id < b.id ? -1 : 1))
    .slice(0, k);
}
