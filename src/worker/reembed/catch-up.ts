import { throwIfAborted } from '../../shared/errors.js';
import { STAMP_BYTES } from '../../shared/stamp.js';
import { pickStrings } from '../../shared/string-column.js';
import { rowsByText, takeKept } from '../../shared/texts-to-embed.js';
import type { Progress } from '../../shared/types.js';
import { keptVectors } from '../collection/kept-vectors.js';
import { locate, rowsByView } from '../collection/locate.js';
import { pickStamps } from '../collection/pick-stamps.js';
import { liveRows, type SegmentView } from '../collection/segment-view.js';
import type { Snapshot } from '../collection/snapshot.js';
import type { CollectionState } from '../collection/state.js';
import { checkedNorms } from '../collection/writes.js';
import { pause } from '../slices.js';
import { refuseReembedding, refuseWithoutText } from './refusals.js';

/** Records of one commit. More: fewer segments until they are merged, and more is embedded again after a kill. */
const ROWS_PER_COMMIT = 512;

export interface CatchUpParts {
  /** The collection, and the one that is built beside it. */
  readonly from: CollectionState;
  readonly to: CollectionState;
  /** n texts → n × the dimension of `to`, row-major. */
  readonly embed: (texts: readonly string[]) => Promise<Float32Array>;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** Makes `to` what `from` is, with other vectors, as often as it is asked to. */
export class CatchUp {
  /** Segments of `from` that are in `to`: of their rows, some may only have died since. */
  readonly #done = new Set<number>();
  #hasBegun = false;

  constructor(private readonly parts: CatchUpParts) {}

  /**
   * Resolves to the generation of `from` that `to` is up to date with.
   *
   * @param isLocked the caller holds `storage.exclusively`
   */
  run(isLocked: boolean): Promise<number> {
    const { from, to, signal, onProgress } = this.parts;
    // What is left for later rounds is little, and would begin again at 0.
    const report = this.#hasBegun ? () => {} : onProgress;
    this.#hasBegun = true;
    return from.read(async (snapshot) => {
      refuseReembedding(snapshot.row);
      const views = snapshot.views.filter(({ segment }) => !this.#done.has(segment.id));
      await refuseWithoutText(snapshot.row.config.name, views);
      const stampsOf = cachedStamps();
      let done = snapshot.live - views.reduce((sum, { live }) => sum + live, 0);
      for (const view of views) {
        const rows = liveRows(view);
        for (let at = 0; at < rows.length; at += ROWS_PER_COMMIT) {
          throwIfAborted(signal);
          const some = rows.slice(at, at + ROWS_PER_COMMIT);
          await this.#bring(view, some, stampsOf, isLocked);
          done += some.length;
          report({ done, total: snapshot.live });
          await pause();
        }
        this.#done.add(view.segment.id);
      }
      await to.commit(async (before) => goneSince(before, snapshot), {
        durability: 'disk',
        signal,
        isLocked,
      });
      return snapshot.generation;
    });
  }

  /** Brings rows of one view over: those that are not there as they are now, which their stamps tell. */
  async #bring(
    view: SegmentView,
    rows: readonly number[],
    stampsOf: StampsOf,
    isLocked: boolean,
  ): Promise<void> {
    const { to, embed, signal } = this.parts;
    const { segment } = view;
    const [allIds, stamps] = [await segment.ids(), await stampsOf(view)];
    const wanted = await to.read(async ({ views }) => {
      const located = await locate(views, pickStrings(allIds, rows));
      const isMissing = await Promise.all(
        rows.map(async (row, i) => {
          const there = views[located.views[i]!];
          return there === undefined || !isSameStamp(stamps, row, await stampsOf(there), located.rows[i]!);
        }),
      );
      return rows.filter((_, i) => isMissing[i]);
    });
    if (wanted.length === 0) return;
    const ids = pickStrings(allIds, wanted);
    const [allTexts, allMetadata] = [await segment.texts(), await segment.metadata()];
    const texts = pickStrings(allTexts!, wanted);
    const { config } = to.current.row;
    const { dimension } = config;
    const vectors = new Float32Array(wanted.length * dimension);
    // Where only the metadata has changed, the text has its vector there.
    const kept = await to.read((snapshot) => keptVectors(snapshot, ids, texts));
    const rowsOf = rowsByText(texts, takeKept(vectors, [...wanted.keys()], kept));
    if (rowsOf.size > 0) {
      const made = await embed([...rowsOf.keys()]);
      for (const [i, own] of [...rowsOf.values()].entries()) {
        for (const row of own)
          vectors.set(made.subarray(i * dimension, (i + 1) * dimension), row * dimension);
      }
    }
    const metadata = allMetadata && pickStrings(allMetadata, wanted);
    const norms = await checkedNorms({ ids, vectors, toEmbed: [], metadata, texts }, config, signal);
    const own = { stamps: await pickStamps(stamps, wanted), tombstones: undefined };
    const content = { ids, vectors, norms, metadata, texts, ...own };
    await to.commit(async (before) => ({ content, dead: rowsByView(await locate(before.views, ids)) }), {
      durability: 'disk',
      signal,
      isLocked,
    });
  }
}

type StampsOf = (view: SegmentView) => Promise<Uint8Array>;

function cachedStamps(): StampsOf {
  const known = new Map<SegmentView['segment'], Promise<Uint8Array>>();
  return ({ segment }) => {
    let stamps = known.get(segment);
    if (stamps === undefined) {
      stamps = segment.stamps();
      known.set(segment, stamps);
    }
    return stamps;
  };
}

/** What `from` has no more; undefined: nothing. */
async function goneSince(to: Snapshot, from: Snapshot) {
  // All of `from` is in `to`.
  if (to.live === from.live) return undefined;
  const dead = new Map<number, number[]>();
  for (const [index, view] of to.views.entries()) {
    const rows = liveRows(view);
    if (rows.length === 0) continue;
    const { views } = await locate(from.views, pickStrings(await view.segment.ids(), rows));
    const gone = rows.filter((_, i) => views[i] === -1);
    if (gone.length > 0) dead.set(index, gone);
  }
  return { dead };
}

function isSameStamp(a: Uint8Array, rowOfA: number, b: Uint8Array, rowOfB: number): boolean {
  for (let i = 0; i < STAMP_BYTES; i++) {
    if (a[rowOfA * STAMP_BYTES + i] !== b[rowOfB * STAMP_BYTES + i]) return false;
  }
  return true;
}
