import type { Found } from './best-merge.js';

/** Queries whose answers are compared at once, with pauses between. */
const AUDITED_AT_ONCE = 8;
/** Recent queries that wait to be audited, and audits that count. */
const KEPT = 64;
/** Audits before anything is concluded from them. */
const MIN_AUDITS = 32;
/** How far below the target the measured recall may lie: the error of such a sample. */
const TOLERANCE = 0.02;
const BOOST_STEP = 1.5;
/** From here on the lists no longer suit the queries, and the index is made anew. */
const MAX_BOOST = 4;

/** An answer's similarities may differ from the exact ones in the last digits. */
const EQUAL = 1e-6;

export interface AuditTarget {
  readonly topK: number;
  readonly targetRecall: number;
}

/**
 * Compares probed answers to recent queries with exact ones, in idle time. Where they fall short of the target, later
 * searches probe more lists.
 */
export class RecallAudit {
  #waiting: Float32Array<ArrayBuffer>[] = [];
  #recalls: number[] = [];
  #boost = 1;

  constructor(private readonly target: AuditTarget) {}

  /** Factor on the number of lists that the index asks for. */
  get boost(): number {
    return this.#boost;
  }

  /** So many more lists are needed that training anew is better. */
  get isDrifted(): boolean {
    return this.#boost >= MAX_BOOST;
  }

  get measured(): { value: number; sample: number } | undefined {
    const sample = this.#recalls.length;
    if (sample < MIN_AUDITS) return undefined;
    return { value: this.#recalls.reduce((sum, recall) => sum + recall, 0) / sample, sample };
  }

  get isDue(): boolean {
    return this.#waiting.length > 0;
  }

  /** A query that was answered by probing, for the target or a higher one, without a filter. */
  observe(vector: Float32Array<ArrayBuffer>): void {
    this.#waiting.push(vector);
    if (this.#waiting.length > KEPT) this.#waiting.shift();
  }

  /** The index has been made anew. */
  reset(): void {
    this.#recalls = [];
    this.#boost = 1;
  }

  /** Audits some of the waiting queries. */
  async run(
    find: (vector: Float32Array<ArrayBuffer>, isExact: boolean) => Promise<Found[]>,
    pause: () => Promise<void>,
  ): Promise<void> {
    for (const vector of this.#waiting.splice(0, AUDITED_AT_ONCE)) {
      const truth = await find(vector, true);
      const found = await find(vector, false);
      if (truth.length > 0) this.#count(recallOf(found, truth));
      await pause();
    }
  }

  #count(recall: number): void {
    this.#recalls.push(recall);
    if (this.#recalls.length > KEPT) this.#recalls.shift();
    const { measured } = this;
    if (measured === undefined || measured.value >= this.target.targetRecall - TOLERANCE) return;
    if (this.isDrifted) return;
    this.#boost = Math.min(MAX_BOOST, this.#boost * BOOST_STEP);
    this.#recalls = [];
  }
}

function recallOf(found: readonly Found[], truth: readonly Found[]): number {
  const last = truth.at(-1)!.similarity;
  const enough = last - EQUAL * Math.max(1, Math.abs(last));
  return found.filter(({ similarity }) => similarity >= enough).length / truth.length;
}
