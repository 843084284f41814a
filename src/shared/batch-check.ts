import { MAX_PROBLEMS, type Problem } from './errors.js';
import { encodeMetadata } from './metadata-check.js';
import { kindOf, shown } from './plain-object.js';
import {
  type Fault,
  float32Norm,
  idProblem,
  invalid,
  isFloat32Array,
  joinFaults,
  rowProblem,
  textProblem,
  unknownKeyProblem,
  unreadable,
  vectorProblem,
  vectorShapeProblem,
} from './record-check.js';
import type { Metric, VectorBatch } from './types.js';

export interface RecordRules {
  readonly dimension: number;
  readonly metric: Metric;
  /** Whether a text can stand in for a vector. */
  readonly canEmbed: boolean;
  /** False where `rowProblem` is asked later about the packed rows. */
  readonly vectorValues: boolean;
}

const RECORD_KEYS = ['id', 'vector', 'text', 'metadata'];
const UPDATE_KEYS = ['id', 'metadata'];
const KEY_ADVICE = 'Put fields of your own into metadata.';
const RECORD_ALIASES: ReadonlyMap<string, string> = new Map([
  ['_id', 'id'],
  ['key', 'id'],
  ['uuid', 'id'],
  ['values', 'vector'],
  ['vectors', 'vector'],
  ['embedding', 'vector'],
  ['embeddings', 'vector'],
  ['meta', 'metadata'],
  ['metadatas', 'metadata'],
  ['payload', 'metadata'],
  ['properties', 'metadata'],
  ['content', 'text'],
  ['pagecontent', 'text'],
  ['document', 'text'],
  ['body', 'text'],
]);
const BATCH_KEYS = ['ids', 'vectors', 'metadata', 'texts'];
const BATCH_ALIASES: ReadonlyMap<string, string> = new Map([
  ['values', 'vectors'],
  ['embedding', 'vectors'],
  ['embeddings', 'vectors'],
  ['meta', 'metadata'],
  ['metadatas', 'metadata'],
  ['payloads', 'metadata'],
  ['documents', 'texts'],
]);

/** Checks the records of one batch, one by one, and gathers its problems: one for each bad position. */
export class BatchCheck {
  /** The first 100. */
  readonly problems: Problem[] = [];
  problemCount = 0;
  readonly #rules: RecordRules;
  readonly #positions = new Map<string, number>();

  constructor(rules: RecordRules) {
    this.#rules = rules;
  }

  /** Checks a `VectorRecord`. Returns its metadata as JSON, `undefined` if it has none or is refused. */
  record(position: number, record: unknown): string | undefined {
    return this.#object(position, record, RECORD_KEYS, ({ id, vector, text, metadata }, faults) => {
      if (vector !== undefined) {
        const { dimension, metric, vectorValues } = this.#rules;
        pushIf(
          faults,
          vectorValues ? vectorProblem(vector, dimension, metric) : vectorShapeProblem(vector, dimension),
        );
      } else {
        pushIf(faults, missingVectorProblem(text, this.#rules.canEmbed));
      }
      return this.#fields(position, id, text, metadata, faults);
    });
  }

  /** Checks `{ id, metadata }`. Returns as `record`. */
  metadataUpdate(position: number, update: unknown): string | undefined {
    return this.#object(position, update, UPDATE_KEYS, ({ id, metadata }, faults) => {
      if (metadata === undefined) {
        faults.push(
          invalid(
            'the record has no metadata. It would replace what is stored. Give an object; {} empties it.',
          ),
        );
      }
      return this.#fields(position, id, undefined, metadata, faults);
    });
  }

  /** Checks row `position` of a `VectorBatch` whose shape is right. Returns as `record`. */
  row(position: number, batch: VectorBatch): string | undefined {
    const faults: Fault[] = [];
    if (this.#rules.vectorValues) {
      const { dimension, metric } = this.#rules;
      const start = position * dimension;
      const norm = float32Norm(batch.vectors, start, start + dimension);
      if (rowProblem(norm, metric) !== undefined) {
        pushIf(faults, rowProblem(norm, metric, batch.vectors.subarray(start, start + dimension)));
      }
    }
    return this.#fields(
      position,
      batch.ids[position],
      batch.texts?.[position],
      batch.metadata?.[position],
      faults,
    );
  }

  #object(
    position: number,
    value: unknown,
    keys: readonly string[],
    check: (fields: { readonly [key: string]: unknown }, faults: Fault[]) => string | undefined,
  ): string | undefined {
    try {
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        const faults: Fault[] = [];
        pushIf(faults, unknownKeyProblem(value, keys, RECORD_ALIASES, KEY_ADVICE));
        return check(value as { readonly [key: string]: unknown }, faults);
      }
      this.#add(position, undefined, [
        invalid(
          `the record is ${kindOf(value)}. It is read by its keys. Give an object with ${keys.join(', ')}.`,
        ),
      ]);
    } catch (error) {
      this.#add(position, undefined, [unreadable('the record', error)]);
    }
    return undefined;
  }

  #fields(
    position: number,
    id: unknown,
    text: unknown,
    metadata: unknown,
    faults: Fault[],
  ): string | undefined {
    const badId = idProblem(id);
    pushIf(faults, badId ?? this.#duplicateProblem(id as string, position));
    if (text !== undefined) pushIf(faults, textProblem(text));
    let json: string | undefined;
    if (metadata !== undefined) {
      const encoded = encodeMetadata(metadata);
      json = encoded.json;
      if (encoded.problem !== undefined) faults.push(invalid(encoded.problem));
    }
    if (faults.length === 0) return json;
    this.#add(position, badId === undefined ? (id as string) : undefined, faults);
    return undefined;
  }

  #duplicateProblem(id: string, position: number): Fault | undefined {
    const first = this.#positions.get(id);
    if (first === undefined) {
      this.#positions.set(id, position);
      return undefined;
    }
    return {
      code: 'DUPLICATE_ID',
      message: `id ${shown(id)} is already at position ${first} of this batch. Which of them should be kept is unclear. Keep one, or give them ids of their own.`,
    };
  }

  #add(position: number, id: string | undefined, faults: readonly Fault[]): void {
    this.problemCount++;
    if (this.problems.length >= MAX_PROBLEMS) return;
    this.problems.push({ position, ...(id === undefined ? {} : { id }), ...joinFaults(faults)! });
  }
}

/** What is wrong with a batch as a whole: its columns, or their lengths. */
export function batchShapeProblem(batch: unknown, dimension: number): Fault | undefined {
  if (typeof batch !== 'object' || batch === null) {
    return invalid(
      `records is ${kindOf(batch)}. It is read by position. Give an array of { id, vector, metadata }, or { ids, vectors, metadata }.`,
    );
  }
  const { ids, vectors, metadata, texts } = batch as { [key: string]: unknown };
  if (!Array.isArray(ids)) {
    const advice =
      'id' in batch
        ? 'Put the record into an array'
        : 'Give an array of records, or { ids, vectors, metadata }';
    return invalid(
      `records is no array, and its ids is ${kindOf(ids)}. A batch needs one id for each row. ${advice}.`,
    );
  }
  if (!isFloat32Array(vectors)) {
    return invalid(
      `vectors is ${kindOf(vectors)}. A batch holds its rows one after another. Give one Float32Array of ${ids.length} × ${dimension} numbers, or an array of records.`,
    );
  }
  if (vectors.length !== ids.length * dimension) {
    return {
      code: 'DIMENSION_MISMATCH',
      message: `vectors holds ${vectors.length} numbers; ${ids.length} ids × dimension ${dimension} make ${ids.length * dimension}. Rows would be cut in the wrong places. Give dimension numbers for each id.`,
    };
  }
  for (const [name, column] of [
    ['metadata', metadata],
    ['texts', texts],
  ] as const) {
    if (column === undefined) continue;
    if (!Array.isArray(column))
      return invalid(
        `${name} is ${kindOf(column)}. It is read by position, like ids. Give an array, with undefined where there is none.`,
      );
    if (column.length !== ids.length) {
      return invalid(
        `${name} has ${column.length} entries for ${ids.length} ids. They belong together by position. Give one for each id, undefined where there is none.`,
      );
    }
  }
  return unknownKeyProblem(batch, BATCH_KEYS, BATCH_ALIASES, 'Put fields of your own into metadata.');
}

function missingVectorProblem(text: unknown, canEmbed: boolean): Fault | undefined {
  if (text === undefined) {
    const advice = canEmbed ? 'Give it a vector or a text.' : 'Give it a vector.';
    return invalid(`the record has neither vector nor text. It could never be found by a query. ${advice}`);
  }
  if (canEmbed) return undefined;
  return invalid(
    'the record has a text but no vector, and the collection has no embedder to make one. It could never be found by a query. ' +
      'Give it a vector, or open the collection with an embedder.',
  );
}

function pushIf(faults: Fault[], fault: Fault | undefined): void {
  if (fault !== undefined) faults.push(fault);
}
