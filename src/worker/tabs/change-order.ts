import type { ChangeEvent } from '../../shared/types.js';

/**
 * The events of one collection in the order of its generations, whoever made them and in whichever order they come to
 * be known. What is not told in time is one event of kind `'unknown'`.
 */
export class ChangeOrder {
  /** Told and not yet emitted: something before them is missing. */
  readonly #ahead = new Map<number, readonly ChangeEvent[]>();
  #waiting: { readonly generation: number; readonly resolve: () => void }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The latest generation that is known to be there. */
  #reached: number;

  /**
   * @param emitted generation up to which nothing is to be emitted
   * @param lateMs how long an announcement may be late; 0: none is expected
   */
  constructor(
    private readonly collection: string,
    private emitted: number,
    private readonly lateMs: number,
    private readonly emit: (event: ChangeEvent) => void,
  ) {
    this.#reached = emitted;
  }

  get reached(): number {
    return this.#reached;
  }

  /** What the commit of a generation did. */
  tell(generation: number, events: readonly ChangeEvent[]): void {
    if (generation <= this.emitted) return;
    this.#ahead.set(generation, events);
    this.reach(generation);
    this.#advance();
  }

  /** This generation is there: what led to it is told soon, or never. */
  reach(generation: number): void {
    if (generation <= this.#reached) return;
    this.#reached = generation;
    this.#advance();
  }

  /** When the events up to this generation have been emitted. */
  async emittedUpTo(generation: number): Promise<void> {
    if (generation <= this.emitted) return;
    await new Promise<void>((resolve) => this.#waiting.push({ generation, resolve }));
  }

  /** Nothing more comes: emits what is there. */
  end(): void {
    this.#giveUp(this.#reached);
  }

  #advance(): void {
    for (;;) {
      const next = this.#ahead.get(this.emitted + 1);
      if (next === undefined) break;
      this.#emitNext(next);
    }
    this.#waiting = this.#waiting.filter(({ generation, resolve }) => {
      if (generation > this.emitted) return true;
      resolve();
      return false;
    });
    if (this.emitted >= this.#reached) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else if (this.lateMs === 0) {
      this.#giveUp(this.#reached);
    } else {
      const upTo = this.#reached;
      this.#timer ??= setTimeout(() => this.#giveUp(upTo), this.lateMs);
    }
  }

  #emitNext(events: readonly ChangeEvent[]): void {
    this.#ahead.delete(++this.emitted);
    for (const event of events) this.emit(event);
  }

  #giveUp(upTo: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.emitted < upTo) {
      const next = this.#ahead.get(this.emitted + 1);
      if (next !== undefined) {
        this.#emitNext(next);
        continue;
      }
      while (this.emitted < upTo && !this.#ahead.has(this.emitted + 1)) this.emitted++;
      this.emit({
        collection: this.collection,
        kind: 'unknown',
        ids: [],
        count: 0,
        generation: this.emitted,
        origin: 'tab',
      });
    }
    this.#advance();
  }
}
