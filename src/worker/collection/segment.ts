import type { CompiledFilter } from '../../shared/filter.js';
import { millisecondsOf, STAMP_BYTES, setMilliseconds } from '../../shared/stamp.js';
import type { StringColumn } from '../../shared/string-column.js';
import type { Bitmap } from '../bitmap.js';
import type { InvertedLists, Rows } from '../compute/kernels.js';
import { RowFilter } from '../filter/row-filter.js';
import { free } from '../free.js';
import { damagedIndex } from '../storage/damage-errors.js';
import { noteFault } from '../storage/read-faults.js';
import { type Column, INDEX_VERSION, type SegmentManifest, type Storage } from '../storage/storage.js';
import { PAGE_BYTES, unpackNumbers, unpackStrings } from './columns.js';
import { IdTable } from './id-table.js';
import type { SegmentContent, Tombstones } from './segment-writer.js';
import { sortRowsById } from './sort-rows.js';
import { StampOrder } from './stamp-order.js';

export type { CompiledFilter };

/** Rows from which a segment is sealed: an own graph. Smaller ones are fed to a common graph on each search. */
export const SEALED_ROWS = 2048;

/** What a segment keeps once it was needed. */
type Kept =
  | Column
  | 'id-table'
  | 'id-order'
  | 'stamp-order'
  | 'versions'
  | 'tombstones'
  | `keywords ${string}`;

/** 16 bytes a row each: the stamps of its writes, and what these were based on (undefined: all on nothing). */
export interface Versions {
  readonly stamps: Uint8Array<ArrayBuffer>;
  readonly bases: Uint8Array<ArrayBuffer> | undefined;
}

/** Tombstones that can be found by id. */
export interface TombstoneTable extends Tombstones {
  readonly table: IdTable;
}

/**
 * The immutable rows of one segment, each column read when it is first needed. Which rows still live is not
 * its business; see SegmentView.
 */
export class Segment {
  readonly id: number;
  readonly rows: number;
  readonly #kept = new Map<Kept, Promise<unknown>>();
  readonly #filter: RowFilter;
  #bytes = 0;

  constructor(
    private readonly storage: Storage,
    private readonly collection: number,
    readonly manifest: SegmentManifest,
    readonly dimension: number,
  ) {
    this.id = manifest.id;
    this.rows = manifest.rows;
    this.#filter = new RowFilter(this.rows, () => this.metadata());
  }

  /** This segment as another generation lists it: the same one, unless its stamps have moved or its bases are gone. */
  listedAs(manifest: SegmentManifest): Segment {
    const { movedMs, columns } = this.manifest;
    const hasBases = columns.bases !== undefined;
    if (manifest.movedMs === movedMs && (manifest.columns.bases !== undefined) === hasBases) return this;
    return new Segment(this.storage, this.collection, manifest, this.dimension);
  }

  /** Bytes of columns and tables in memory; vectors are counted where they are held. */
  get memoryBytes(): number {
    return this.#bytes + this.#filter.bytes;
  }

  /** Spares a fresh segment from reading back what it was made of. */
  remember(content: SegmentContent): void {
    const columns: [Column, StringColumn | Uint8Array<ArrayBuffer> | undefined][] = [
      ['ids', content.ids],
      ['metadata', content.metadata],
      ['texts', content.texts],
      ['norms', asBytes(content.norms)],
      // A large segment's vectors go to its blocks; a small one's stay, for the tail.
      ['vectors', this.rows < SEALED_ROWS ? asBytes(content.vectors) : undefined],
    ];
    for (const [name, column] of columns) {
      if (column === undefined || this.manifest.columns[name] === undefined) continue;
      this.#kept.set(name, Promise.resolve(column));
      this.#bytes += sizeOf(column);
    }
    // Of a collection that syncs.
    if (content.bases !== undefined && this.rows > 0) {
      this.#kept.set('versions', Promise.resolve<Versions>({ stamps: content.stamps, bases: content.bases }));
      this.#bytes += 2 * content.stamps.byteLength;
    }
  }

  ids(): Promise<StringColumn> {
    return this.#strings('ids') as Promise<StringColumn>;
  }

  metadata(): Promise<StringColumn | undefined> {
    return this.#strings('metadata');
  }

  texts(): Promise<StringColumn | undefined> {
    return this.#strings('texts');
  }

  async norms(): Promise<Float32Array<ArrayBuffer>> {
    return asFloats((await this.#column('norms', unpackNumbers)) as Uint8Array<ArrayBuffer>);
  }

  /** All vectors, kept in memory: for small segments. */
  async vectors(): Promise<Float32Array<ArrayBuffer>> {
    return asFloats((await this.#column('vectors', unpackNumbers)) as Uint8Array<ArrayBuffer>);
  }

  /** The inverted lists that its rows are in the order of. */
  async lists(): Promise<InvertedLists | undefined> {
    const { index, rows } = this.manifest;
    if (index?.version !== INDEX_VERSION) return undefined;
    const centroids = asFloats(unpackNumbers(await this.#readAll('list-centroids')));
    const { buffer, byteOffset, byteLength } = unpackNumbers(await this.#readAll('list-starts'));
    const starts = new Uint32Array(buffer, byteOffset, byteLength / 4);
    if (starts.length !== index.lists + 1 || starts.at(-1) !== rows) throw damagedIndex(this.id);
    return { centroids, starts };
  }

  async stamps(): Promise<Uint8Array<ArrayBuffer>> {
    const stamps = unpackNumbers(await this.#readAll('stamps'));
    const { movedMs = 0 } = this.manifest;
    if (movedMs === 0) return stamps;
    for (let at = 0; at < stamps.length; at += STAMP_BYTES) {
      const stamp = stamps.subarray(at, at + STAMP_BYTES);
      setMilliseconds(stamp, Math.max(0, millisecondsOf(stamp) + movedMs));
    }
    return stamps;
  }

  async bases(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.manifest.columns.bases && unpackNumbers(await this.#readAll('bases'));
  }

  /** Kept in memory: for collections that sync. */
  versions(): Promise<Versions> {
    return this.#keep(
      'versions',
      async () => ({ stamps: await this.stamps(), bases: await this.bases() }),
      ({ stamps, bases }) => stamps.byteLength + (bases?.byteLength ?? 0),
    );
  }

  /** Rows by age. */
  stampOrder(): Promise<StampOrder> {
    return this.#keep(
      'stamp-order',
      async () => StampOrder.from(await this.stamps()),
      (order) => order.bytes,
    );
  }

  /** Kept in memory: for collections that sync. */
  tombstoneTable(): Promise<TombstoneTable> {
    return this.#keep(
      'tombstones',
      async () => {
        const { ids, stamps } = (await this.tombstones())!;
        return { ids, stamps, table: await IdTable.build(ids) };
      },
      ({ ids, stamps, table }) => sizeOf(ids) + stamps.byteLength + table.bytes,
    );
  }

  async tombstones(): Promise<Tombstones | undefined> {
    if (this.manifest.tombstones === 0) return undefined;
    return {
      ids: unpackStrings(await this.#readAll('tombstone-ids')),
      stamps: unpackNumbers(await this.#readAll('tombstone-stamps')),
    };
  }

  /** Rows in each page of vectors but the last. */
  get rowsPerPage(): number {
    return this.manifest.columns.vectors?.starts[1] ?? Math.max(1, this.rows);
  }

  /** Pages [from, to) of the vectors, read from storage: rows × dimension each. */
  async readVectorPages(from: number, to: number): Promise<Float32Array<ArrayBuffer>[]> {
    return (await this.#pages('vectors', from, to)).map(asFloats);
  }

  /** Copies of these rows' vectors, in the order asked, read from storage, a few pages at a time: rows × dimension. */
  async copyVectors(rows: ArrayLike<number>): Promise<Float32Array<ArrayBuffer>> {
    const { dimension, rowsPerPage } = this;
    const vectors = new Float32Array(rows.length * dimension);
    const positions = new Map<number, number[]>();
    for (let i = 0; i < rows.length; i++) {
      const page = Math.floor(rows[i]! / rowsPerPage);
      const own = positions.get(page);
      if (own === undefined) positions.set(page, [i]);
      else own.push(i);
    }
    const wanted = [...positions];
    const atOnce = Math.max(1, Math.floor((2 * PAGE_BYTES) / (rowsPerPage * dimension * 4)));
    for (let from = 0; from < wanted.length; from += atOnce) {
      const some = wanted.slice(from, from + atOnce);
      const pages = await Promise.all(some.map(([page]) => this.readVectorPages(page, page + 1)));
      for (const [at, [page, own]] of some.entries()) {
        const [read] = pages[at]!;
        for (const i of own) {
          const start = (rows[i]! - page * rowsPerPage) * dimension;
          vectors.set(read!.subarray(start, start + dimension), i * dimension);
        }
        free(read!);
      }
    }
    return vectors;
  }

  /** Copies of these rows, in the order asked, read from storage. */
  async copyRows(rows: ArrayLike<number>): Promise<Rows> {
    const [vectors, norms] = await Promise.all([this.copyVectors(rows), this.norms()]);
    return { vectors, norms: Float32Array.from(rows, (row) => norms[row]!) };
  }

  idTable(): Promise<IdTable> {
    return this.#keep(
      'id-table',
      async () => IdTable.build(await this.ids()),
      (table) => table.bytes,
    );
  }

  /** Row numbers in the order of id. */
  byId(): Promise<Uint32Array<ArrayBuffer>> {
    return this.#keep(
      'id-order',
      async () => sortRowsById(await this.ids()),
      (order) => order.byteLength,
    );
  }

  /** The rows whose metadata passes the filter, dead ones included. */
  passing(filter: CompiledFilter): Promise<Bitmap> {
    return this.#filter.passing(filter);
  }

  /** What words are looked up in; made of this segment when it is first asked for. */
  keywords<T extends { readonly bytes: number }>(fields: string, make: () => Promise<T>): Promise<T> {
    return this.#keep(`keywords ${fields}`, make, ({ bytes }) => bytes);
  }

  async #strings(column: Column): Promise<StringColumn | undefined> {
    if (this.manifest.columns[column] === undefined) return undefined;
    return (await this.#column(column, unpackStrings)) as StringColumn;
  }

  #column(
    name: Column,
    unpack: (pages: Uint8Array<ArrayBuffer>[]) => StringColumn | Uint8Array<ArrayBuffer>,
  ): Promise<StringColumn | Uint8Array<ArrayBuffer>> {
    return this.#keep(name, async () => unpack(await this.#readAll(name)), sizeOf);
  }

  /** Made when it is first asked for, and counted; what could not be made is forgotten, so that the next call tries again. */
  #keep<T>(name: Kept, make: () => Promise<T>, size: (made: T) => number): Promise<T> {
    const known = this.#kept.get(name) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const made = make();
    this.#kept.set(name, made);
    made.then(
      (value) => {
        this.#bytes += size(value);
      },
      () => this.#kept.delete(name),
    );
    return made;
  }

  #readAll(column: Column): Promise<Uint8Array<ArrayBuffer>[]> {
    return this.#pages(column, 0, this.manifest.columns[column]?.starts.length ?? 0);
  }

  #pages(column: Column, from: number, to: number): Promise<Uint8Array<ArrayBuffer>[]> {
    return noteFault(this.storage.readPages(this.collection, this.id, column, from, to));
  }
}

function asFloats(bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

function asBytes(floats: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}

function sizeOf(column: StringColumn | Uint8Array): number {
  return column instanceof Uint8Array
    ? column.byteLength
    : column.bytes.byteLength + column.offsets.byteLength;
}
