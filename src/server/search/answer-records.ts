import { VectorStoreError } from '../../shared/errors.js';
import type { RecordsOnWire } from '../../shared/records-on-wire.js';
import { MAX_ANSWER_BYTES } from '../../shared/sync/remote.js';
import type { MemoryShare } from '../http/memory-budget.js';

/** Of a record on the wire, beside its strings and its vector. */
const RECORD_BYTES = 32;

export interface AnsweredRecord {
  readonly id: string;
  readonly metadata?: string | undefined;
  readonly text?: string | undefined;
  readonly vector: Float32Array | undefined;
}

/** What belongs to a request. */
export interface RemoteCall {
  readonly signal: AbortSignal;
  /** Takes what its answer holds. */
  readonly memory?: MemoryShare;
}

export interface Wanted {
  readonly vectors: boolean;
  /** And texts. */
  readonly metadata: boolean;
}

/** What an answer has taken of `MAX_ANSWER_BYTES`. */
export class AnswerRoom {
  #left = MAX_ANSWER_BYTES;

  constructor(private readonly memory: MemoryShare | undefined) {}

  /** False: it has no room for this record. Throws 503 where this server has none. */
  take({ id, metadata = '', text = '', vector }: AnsweredRecord, wanted: Wanted): boolean {
    let bytes = RECORD_BYTES + id.length;
    if (wanted.metadata) bytes += metadata.length + text.length;
    if (wanted.vectors) bytes += vector!.byteLength;
    this.memory?.take(bytes);
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** Throws where they do not fit. */
  takeAll(records: readonly AnsweredRecord[], wanted: Wanted): void {
    if (records.every((record) => this.take(record, wanted))) return;
    throw new VectorStoreError(
      'INVALID_ARGUMENT',
      `The matches take more than ${MAX_ANSWER_BYTES >> 20} MiB. An answer has a bounded size. Ask for fewer, or leave out vectors or metadata.`,
    );
  }
}

/** As columns. */
export function packRecords(
  records: readonly AnsweredRecord[],
  wanted: Wanted,
  dimension: number,
): RecordsOnWire {
  const columns: { -readonly [K in keyof RecordsOnWire]: RecordsOnWire[K] } = {
    ids: records.map(({ id }) => id),
  };
  if (wanted.metadata) {
    if (records.some(({ metadata }) => metadata !== undefined)) {
      columns.metadata = records.map(({ metadata }) => metadata);
    }
    if (records.some(({ text }) => text !== undefined)) columns.texts = records.map(({ text }) => text);
  }
  if (wanted.vectors) {
    columns.vectors = new Float32Array(records.length * dimension);
    for (const [i, { vector }] of records.entries()) columns.vectors.set(vector!, i * dimension);
  }
  return columns;
}
