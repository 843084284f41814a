import type { Stamp } from '../../shared/sync/protocol.js';
import type { SetAside } from '../../shared/sync/sync-status.js';
import type { Mirror } from './mirror.js';

const TRIES = 5;
const SHOWN = 100;

interface Refusal {
  readonly stamp: Stamp;
  readonly reason: string;
  readonly tries: number;
}

/** Operations that were refused for good. After five tries they are set aside, so that they block nothing. */
export class Refusals {
  readonly #refusals = new Map<string, Refusal>();
  #setAside = 0;

  get setAside(): number {
    return this.#setAside;
  }

  /** Some were refused, and are to be tried again. */
  get anyLeft(): boolean {
    return this.#refusals.size > this.#setAside;
  }

  /** Ids that are set aside. */
  *ids(): Generator<string> {
    for (const [id, { tries }] of this.#refusals) if (tries >= TRIES) yield id;
  }

  shown(): SetAside[] {
    const shown: SetAside[] = [];
    for (const [id, { tries, reason }] of this.#refusals) {
      if (shown.length === SHOWN) break;
      if (tries >= TRIES) shown.push({ id, reason });
    }
    return shown;
  }

  /** @returns whether it is set aside now */
  refused(id: string, stamp: Stamp, reason: string): boolean {
    const known = this.#refusals.get(id);
    const tries = known?.stamp === stamp ? known.tries + 1 : 1;
    this.#refusals.set(id, { stamp, reason, tries });
    if (tries === TRIES) this.#setAside++;
    return tries >= TRIES;
  }

  /** Forgets those that were changed, or are no longer there. */
  async forgetChanged(mirror: Mirror): Promise<void> {
    if (this.#refusals.size === 0) return;
    const now = new Map((await mirror.operations([...this.#refusals.keys()])).map((op) => [op.id, op.stamp]));
    for (const [id, { stamp, tries }] of this.#refusals) {
      if (now.get(id) === stamp) continue;
      this.#refusals.delete(id);
      if (tries >= TRIES) this.#setAside--;
    }
  }
}
