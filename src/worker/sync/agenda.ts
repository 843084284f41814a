/** What the next round has to do. */
export class Agenda {
  readonly #shards = new Set<number>();
  #all = false;
  #push = false;

  get isEmpty(): boolean {
    return !this.#all && !this.#push && this.#shards.size === 0;
  }

  everything(): void {
    this.#all = true;
  }

  push(): void {
    this.#push = true;
  }

  pull(shards: Iterable<number>): void {
    for (const shard of shards) this.#shards.add(shard);
  }

  /** Takes it as done. Shards to be pulled; `'all'`: every one. */
  take(): ReadonlySet<number> | 'all' {
    const taken = this.#all ? 'all' : new Set(this.#shards);
    this.#all = false;
    this.#push = false;
    this.#shards.clear();
    return taken;
  }
}
