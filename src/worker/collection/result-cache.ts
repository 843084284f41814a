import { xxHash32 } from '../../shared/checksum.js';
import type { MatchesOnWire } from '../../shared/worker-api.js';
import type { CacheCounts } from '../metrics.js';

/** Answers that are kept. A page asks the same again while one types, or in another pane. */
const KEPT_ANSWERS = 64;

/** An answer with more matches is not kept: its memory would not pay. */
const MAX_KEPT_MATCHES = 100;

interface Kept {
  readonly vector: Float32Array;
  readonly answer: MatchesOnWire;
}

/** Answers of one generation, the least recently used forgotten first. Every commit empties it. */
export class ResultCache {
  readonly #kept = new Map<string, Kept>();
  #generation = -1;

  constructor(private readonly counts: CacheCounts) {}

  /** The answer to the same question about the same generation; `undefined` where it was not asked. */
  find(generation: number, question: string, vector: Float32Array<ArrayBuffer>): MatchesOnWire | undefined {
    const key = keyOf(question, vector);
    const kept = generation === this.#generation ? this.#kept.get(key) : undefined;
    if (kept === undefined || !isSame(kept.vector, vector)) {
      this.counts.misses++;
      return undefined;
    }
    this.counts.hits++;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.answer;
  }

  keep(question: string, vector: Float32Array<ArrayBuffer>, answer: MatchesOnWire): void {
    const { generation } = answer.receipt;
    if (answer.ids.length > MAX_KEPT_MATCHES || answer.vectors !== undefined) return;
    // An answer that took long must not bring an older generation back.
    if (generation < this.#generation) return;
    if (generation > this.#generation) {
      this.#kept.clear();
      this.#generation = generation;
    }
    this.#kept.set(keyOf(question, vector), { vector, answer });
    if (this.#kept.size > KEPT_ANSWERS) this.#kept.delete(this.#kept.keys().next().value!);
  }
}

function keyOf(question: string, vector: Float32Array<ArrayBuffer>): string {
  const { buffer, byteOffset, byteLength } = vector;
  return `${xxHash32(new Uint8Array(buffer, byteOffset, byteLength))} ${question}`;
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
