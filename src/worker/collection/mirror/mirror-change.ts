import { joinBytes } from '../../../shared/bytes.js';
import { VectorStoreError } from '../../../shared/errors.js';
import { float32Norm } from '../../../shared/record-check.js';
import { fromHex, millisecondsOf, STAMP_BYTES, setMilliseconds, toHex } from '../../../shared/stamp.js';
import { packStrings, type StringColumn } from '../../../shared/string-column.js';
import { type Entry, MAX_AHEAD_MS, type Stamp, type WithVector } from '../../../shared/sync/protocol.js';
import type { Change, ChangedRecords } from '../change.js';
import { onlyTombstones, type SegmentContent, type Tombstones } from '../segment-writer.js';
import type { Snapshot } from '../snapshot.js';
import { baseBytes, type Local } from './local.js';

interface Written {
  readonly entry: WithVector<Entry>;
  readonly base: Stamp | '';
  readonly isPushed: boolean;
}

/** Gathers what one commit does to the records of a mirror. */
export class MirrorChange {
  readonly #rows: Written[] = [];
  readonly #tombstones: Written[] = [];
  readonly #dead = new Map<number, number[]>();
  readonly #superseded = new Map<number, number[]>();
  readonly #pushed = new Map<number, number[]>();
  /** Ids of records that are not there afterwards. */
  readonly #deleted: string[] = [];

  /** @param now the server's time, in milliseconds since 1970 */
  constructor(
    private readonly snapshot: Snapshot,
    private readonly now: number,
  ) {}

  /** A server has it. */
  acknowledge(local: Local): void {
    const { kind, id, stamp, source, at } = local;
    if (kind === 'delete' && this.#isLate(stamp)) {
      this.accept(local, { kind, id, stamp, vector: undefined });
      return;
    }
    const { rows } = this.snapshot.views[source]!.segment;
    add(this.#pushed, source, kind === 'upsert' ? at : rows + at);
  }

  /** What the server has, in place of what is here. */
  accept(local: Local | undefined, entry: WithVector<Entry>): void {
    const base = entry.kind === 'delete' && this.#isLate(entry.stamp) ? timeStamp(this.now) : '';
    this.#replace(local, { entry, base, isPushed: true });
  }

  /** A pending write in place of what is here. */
  rewrite(local: Local, entry: WithVector<Entry>, base: Stamp | ''): void {
    this.#replace(local, { entry, base, isPushed: false });
  }

  /** It goes, and leaves no tombstone. */
  drop(local: Local): void {
    this.#remove(local);
    if (local.kind === 'upsert') this.#deleted.push(local.id);
  }

  get isEmpty(): boolean {
    const marks = [this.#dead, this.#superseded, this.#pushed];
    return this.#rows.length + this.#tombstones.length === 0 && marks.every(({ size }) => size === 0);
  }

  /** @param isTold whether the records are others than before */
  build(isTold = true): Change {
    const content = this.#content();
    const pushed = [...this.#rows, ...this.#tombstones].flatMap(({ isPushed }, i) => (isPushed ? [i] : []));
    return {
      ...(content === undefined ? {} : { content, inNew: { pushed } }),
      dead: this.#dead,
      superseded: this.#superseded,
      pushed: this.#pushed,
      ...(isTold ? { records: this.#records(content) } : {}),
    };
  }

  /** Whether the age of a tombstone counts from now, not from its stamp (Y14). */
  #isLate(stamp: Stamp): boolean {
    return millisecondsOf(fromHex(stamp)) + MAX_AHEAD_MS < this.now;
  }

  #replace(local: Local | undefined, written: Written): void {
    if (local !== undefined) this.#remove(local);
    if (written.entry.kind === 'upsert') this.#rows.push(written);
    else {
      this.#tombstones.push(written);
      if (local?.kind === 'upsert') this.#deleted.push(local.id);
    }
  }

  #remove({ kind, source, at }: Local): void {
    add(kind === 'upsert' ? this.#dead : this.#superseded, source, at);
  }

  #records(content: SegmentContent | undefined): ChangedRecords[] {
    const deleted = packStrings(this.#deleted);
    return [
      ...(this.#rows.length === 0 ? [] : [{ kind: 'upsert', ids: content!.ids, origin: 'sync' } as const]),
      ...(this.#deleted.length === 0 ? [] : [{ kind: 'delete', ids: deleted, origin: 'sync' } as const]),
    ];
  }

  #content(): SegmentContent | undefined {
    const tombstones = this.#packTombstones();
    if (this.#rows.length === 0) return tombstones && onlyTombstones(tombstones);
    const { dimension } = this.snapshot.row.config;
    const entries = this.#rows.map(({ entry }) => entry);
    const vectors = new Float32Array(entries.length * dimension);
    for (const [row, { id, vector }] of entries.entries()) {
      if (vector?.length !== dimension) throw otherDimension(id, vector?.length, dimension);
      vectors.set(vector, row * dimension);
    }
    return {
      ids: packStrings(entries.map(({ id }) => id)),
      vectors,
      norms: Float32Array.from(entries, (_, row) =>
        float32Norm(vectors, row * dimension, (row + 1) * dimension),
      ),
      metadata: columnOf(entries.map(({ metadata }) => metadata)),
      texts: columnOf(entries.map(({ text }) => text)),
      stamps: joinBytes(entries.map(({ stamp }) => fromHex(stamp))),
      bases: joinBytes(this.#rows.map(({ base }) => baseBytes(base))),
      tombstones,
    };
  }

  #packTombstones(): Tombstones | undefined {
    if (this.#tombstones.length === 0) return undefined;
    const stamps = joinBytes(
      this.#tombstones.flatMap(({ entry, base }) => [fromHex(entry.stamp), baseBytes(base)]),
    );
    return { ids: packStrings(this.#tombstones.map(({ entry }) => entry.id)), stamps };
  }
}

function timeStamp(milliseconds: number): Stamp {
  const stamp = new Uint8Array(STAMP_BYTES);
  setMilliseconds(stamp, Math.floor(milliseconds));
  return toHex(stamp);
}

function add(to: Map<number, number[]>, source: number, at: number): void {
  const own = to.get(source);
  if (own === undefined) to.set(source, [at]);
  else own.push(at);
}

function columnOf(cells: readonly (string | undefined)[]): StringColumn | undefined {
  return cells.every((cell) => cell === undefined) ? undefined : packStrings(cells.map((cell) => cell ?? ''));
}

function otherDimension(id: string, found: number | undefined, dimension: number): VectorStoreError {
  return new VectorStoreError(
    'SYNC_REJECTED',
    `The record ${JSON.stringify(id)} that came from the server has ${found ?? 'no'} numbers, not ${dimension}. It cannot be compared with the others, so nothing of its page was taken over. ` +
      'Look at what else writes to this collection of the server.',
  );
}
