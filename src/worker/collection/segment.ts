import type { FilterPredicate } from '../../shared/filter.js';
import { bytesOf, type StringColumn, unpackString } from '../../shared/string-column.js';
import { type Bitmap, createBitmap, setBit } from '../bitmap.js';
import { Slice } from '../slices.js';
import type { Column, SegmentManifest, Storage } from '../storage/storage.js';
import { rowsPerPage, unpackNumbers, unpackStrings } from './columns.js';
import { IdTable } from './id-table.js';
import type { SegmentContent } from './segment-writer.js';
import { sortRowsById } from './sort-rows.js';

/** A filter made ready: `key` is the same for filters that mean the same. */
export interface CompiledFilter {
  readonly key: string;
  readonly matches: FilterPredicate;
}

/** Rows from which a segment is sealed: an own graph. Smaller ones are fed to a common graph on each search. */
export const SEALED_ROWS = 2048;

/** Filters whose bitmap a segment keeps. */
const CACHED_FILTERS = 32;

/**
 * The immutable rows of one segment, each column read when it is first needed. Which rows still live is not
 * its business; see SegmentView.
 */
export class Segment {
  readonly id: number;
  readonly rows: number;
  readonly #columns = new Map<Column, Promise<StringColumn | Uint8Array<ArrayBuffer>>>();
  readonly #passing = new Map<string, Promise<Bitmap>>();
  #idTable: Promise<IdTable> | undefined;
  #byId: Promise<Uint32Array<ArrayBuffer>> | undefined;
  #bytes = 0;

  constructor(
    private readonly storage: Storage,
    private readonly collection: number,
    readonly manifest: SegmentManifest,
    readonly dimension: number,
  ) {
    this.id = manifest.id;
    this.rows = manifest.rows;
  }

  /** Bytes of columns and tables in memory; vectors are counted where they are held. */
  get memoryBytes(): number {
    return this.#bytes;
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
      this.#columns.set(name, Promise.resolve(column));
      this.#bytes += sizeOf(column);
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

  async stamps(): Promise<Uint8Array<ArrayBuffer>> {
    return unpackNumbers(await this.#readAll('stamps'));
  }

  async tombstones(): Promise<{ ids: StringColumn; stamps: Uint8Array<ArrayBuffer> } | undefined> {
    if (this.manifest.tombstones === 0) return undefined;
    return {
      ids: unpackStrings(await this.#readAll('tombstone-ids')),
      stamps: unpackNumbers(await this.#readAll('tombstone-stamps')),
    };
  }

  /** Vectors of rows [from, to), read from storage: (to − from) × dimension. `from` starts a page. */
  async readVectors(from: number, to: number): Promise<Float32Array<ArrayBuffer>> {
    const step = this.#rowsPerPage;
    const pages = await this.#pages('vectors', from / step, Math.ceil(to / step));
    return asFloats(unpackNumbers(pages)).subarray(0, (to - from) * this.dimension);
  }

  /** A copy of each row's vector, in the order asked, read from storage. */
  async copyVectors(rows: readonly number[]): Promise<Float32Array<ArrayBuffer>[]> {
    const step = this.#rowsPerPage;
    const wanted = new Map<number, Promise<Uint8Array<ArrayBuffer>[]>>();
    for (const row of rows) {
      const page = Math.floor(row / step);
      if (!wanted.has(page)) wanted.set(page, this.#pages('vectors', page, page + 1));
    }
    return Promise.all(
      rows.map(async (row) => {
        const [page] = (await wanted.get(Math.floor(row / step)))!;
        const at = row % step;
        return asFloats(page!).slice(at * this.dimension, (at + 1) * this.dimension);
      }),
    );
  }

  idTable(): Promise<IdTable> {
    this.#idTable ??= this.#keep(
      async () => IdTable.build(await this.ids()),
      (table) => table.bytes,
      () => {
        this.#idTable = undefined;
      },
    );
    return this.#idTable;
  }

  /** Row numbers in the order of id. */
  byId(): Promise<Uint32Array<ArrayBuffer>> {
    this.#byId ??= this.#keep(
      async () => sortRowsById(await this.ids()),
      (order) => order.byteLength,
      () => {
        this.#byId = undefined;
      },
    );
    return this.#byId;
  }

  /** The rows whose metadata passes the filter, dead ones included. */
  passing(filter: CompiledFilter): Promise<Bitmap> {
    let passing = this.#passing.get(filter.key);
    if (passing === undefined) {
      passing = this.#evaluate(filter);
      passing.catch(() => this.#passing.delete(filter.key));
    } else {
      this.#passing.delete(filter.key);
    }
    // Insertion order is the order of last use.
    this.#passing.set(filter.key, passing);
    if (this.#passing.size > CACHED_FILTERS) this.#passing.delete(this.#passing.keys().next().value!);
    return passing;
  }

  async #evaluate(filter: CompiledFilter): Promise<Bitmap> {
    const metadata = await this.metadata();
    const passing = createBitmap(this.rows);
    const slice = new Slice();
    for (let row = 0; row < this.rows; row++) {
      const none = metadata === undefined || bytesOf(metadata, row).length === 0;
      if (filter.matches(none ? undefined : JSON.parse(unpackString(metadata, row)))) setBit(passing, row);
      if ((row & 255) === 255 && slice.isOver()) await slice.next();
    }
    return passing;
  }

  get #rowsPerPage(): number {
    return rowsPerPage(this.dimension * 4);
  }

  async #strings(column: Column): Promise<StringColumn | undefined> {
    if (this.manifest.columns[column] === undefined) return undefined;
    return (await this.#column(column, unpackStrings)) as StringColumn;
  }

  #column(
    name: Column,
    unpack: (pages: Uint8Array<ArrayBuffer>[]) => StringColumn | Uint8Array<ArrayBuffer>,
  ): Promise<StringColumn | Uint8Array<ArrayBuffer>> {
    let column = this.#columns.get(name);
    if (column === undefined) {
      column = this.#keep(
        async () => unpack(await this.#readAll(name)),
        sizeOf,
        () => this.#columns.delete(name),
      );
      this.#columns.set(name, column);
    }
    return column;
  }

  /** Counts what was made; what could not be made is forgotten, so that the next call tries again. */
  #keep<T>(make: () => Promise<T>, size: (made: T) => number, forget: () => void): Promise<T> {
    const made = make();
    made.then((value) => {
      this.#bytes += size(value);
    }, forget);
    return made;
  }

  #readAll(column: Column): Promise<Uint8Array<ArrayBuffer>[]> {
    return this.#pages(column, 0, this.manifest.columns[column]?.starts.length ?? 0);
  }

  #pages(column: Column, from: number, to: number): Promise<Uint8Array<ArrayBuffer>[]> {
    return this.storage.readPages(this.collection, this.id, column, from, to);
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
