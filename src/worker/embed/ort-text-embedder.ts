import { throwIfAborted } from '../../shared/errors.js';
import type * as Ort from '../compute/ort.js';
import { pause } from '../slices.js';
import { averageInto } from './js-text-embedder.js';
import type { StaticTable } from './static-table.js';
import type { TextEmbedder } from './text-embedder.js';
import { tokenize } from './tokenizer.js';

/** What this file needs of ONNX Runtime; injected, since it is loaded later than everything else here. */
export type OrtForEmbedder = Pick<typeof Ort, 'createSession' | 'int32Tensor'>;

const MAX_TEXTS_PER_RUN = 256;
/**
 * Texts × words of the longest, about 4 ms of a run. Intermediates take 5 bytes per number, so 100 dimensions
 * need 4 MB: without a bound, one long text among 255 short ones would pad all of them to its length.
 */
const MAX_WORDS_PER_RUN = 8192;
/** The name by which the model refers to the table. */
const TABLE_FILE = 'static-embedder.bin';

/** The static embedder as an ONNX graph: padded word ids in, vectors out. */
export class OrtTextEmbedder implements TextEmbedder {
  readonly id: string;
  readonly dimension: number;
  readonly #table: StaticTable;
  readonly #ort: OrtForEmbedder;
  readonly #session: Ort.OrtSession;

  private constructor(id: string, table: StaticTable, ort: OrtForEmbedder, session: Ort.OrtSession) {
    this.id = id;
    this.dimension = table.dimension;
    this.#table = table;
    this.#ort = ort;
    this.#session = session;
  }

  static async create(
    id: string,
    table: StaticTable,
    model: Uint8Array,
    ort: OrtForEmbedder,
  ): Promise<OrtTextEmbedder> {
    const session = await ort.createSession(model, [{ path: TABLE_FILE, data: table.bytes }]);
    return new OrtTextEmbedder(id, table, ort, session);
  }

  async embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    throwIfAborted(signal);
    const vectors = new Float32Array(texts.length * this.dimension);
    for (let start = 0; start < texts.length; ) {
      if (start > 0) {
        await pause();
        throwIfAborted(signal);
      }
      const batch = takeBatch(texts, start, this.#table);
      const target = vectors.subarray(start * this.dimension);
      if (batch.width > MAX_WORDS_PER_RUN) averageInto(target, batch.words[0]!, this.#table);
      else target.set(await this.#run(batch));
      start += batch.words.length;
    }
    return vectors;
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  async #run({ words, width }: Batch): Promise<Float32Array> {
    const padding = this.#table.rowOf.size;
    const ids = new Int32Array(words.length * width).fill(padding);
    for (const [i, text] of words.entries()) ids.set(text, i * width);
    const { vectors } = await this.#session.run({ ids: this.#ort.int32Tensor(ids, [words.length, width]) });
    return vectors!.data as Float32Array;
  }
}

interface Batch {
  /** Word rows of each text. */
  words: number[][];
  /** Words of the longest; at least 1, since ORT is not asked to average nothing. */
  width: number;
}

/** As many texts from `start` on as fit into one run; at least one, of whatever length. */
function takeBatch(texts: readonly string[], start: number, { rowOf }: StaticTable): Batch {
  const first = tokenize(texts[start]!, rowOf);
  const batch: Batch = { words: [first], width: Math.max(1, first.length) };
  const end = Math.min(texts.length, start + MAX_TEXTS_PER_RUN);
  for (let i = start + 1; i < end; i++) {
    const words = tokenize(texts[i]!, rowOf);
    const width = Math.max(batch.width, words.length);
    if (width * (batch.words.length + 1) > MAX_WORDS_PER_RUN) break;
    batch.words.push(words);
    batch.width = width;
  }
  return batch;
}
