import type { ShardPage } from '../../shared/sync/protocol.js';
import type { Mirror, ShardCheckpoint } from './mirror.js';
import { forked, offerShard } from './offer.js';
import type { RoundReport } from './round-report.js';
import type { Session } from './session.js';
import { restlessError, shardError } from './sync-errors.js';

/** Shards in one pull. */
const PULLED_TOGETHER = 4;
/** How often a shard may begin again in one round. */
const RESTARTS = 8;

type Page = ShardPage & { readonly kind: 'page' };
/** A shard, and the checkpoint that it is pulled from. */
interface From {
  readonly shard: number;
  readonly checkpoint: ShardCheckpoint;
}

/** Pulls these shards to their end, page after page, each applied before the next is asked for. */
export async function pullShards(
  session: Session,
  shards: Iterable<number>,
  report: RoundReport,
): Promise<void> {
  await new Pull(session, report, [...shards]).run();
}

class Pull {
  readonly #mirror: Mirror;
  readonly #restarts = new Map<number, number>();

  constructor(
    private readonly session: Session,
    private readonly report: RoundReport,
    /** Shards that have not been pulled to their end. */
    private readonly left: number[],
  ) {
    this.#mirror = session.mirror;
  }

  async run(): Promise<void> {
    while (this.left.length > 0) {
      this.session.signal.throwIfAborted();
      const first = this.left[0]!;
      if (this.#checkpoint(first).phase === 'offer') await this.#offer(this.left.shift()!);
      else await this.#pull(this.#takeAlike(first), this.#comesBare(first));
    }
  }

  #checkpoint(shard: number): ShardCheckpoint {
    return this.session.row.shards[shard]!;
  }

  /** Whether entries of this device may come bare: only where they are here for sure. */
  #comesBare(shard: number): boolean {
    return this.#checkpoint(shard).phase === 'pull' && this.session.current.has(shard);
  }

  /** The first shards of those that can be asked for in the same pull. */
  #takeAlike(first: number): number[] {
    const bare = this.#comesBare(first);
    const alike = this.left
      .filter((shard) => this.#checkpoint(shard).phase !== 'offer' && this.#comesBare(shard) === bare)
      .slice(0, PULLED_TOGETHER);
    for (const shard of alike) this.left.splice(this.left.indexOf(shard), 1);
    return alike;
  }

  async #offer(shard: number): Promise<void> {
    const outcome = await offerShard(this.session, shard, this.report);
    if (outcome === 'done') this.left.unshift(shard);
    else if (outcome === 'again') this.#again(shard);
  }

  async #pull(shards: readonly number[], bare: boolean): Promise<void> {
    const from: From[] = [];
    for (const shard of shards) {
      if (!(await this.#begin(shard))) this.#again(shard);
      else from.push({ shard, checkpoint: this.#checkpoint(shard) });
    }
    if (from.length === 0) return;
    const asked = from.map(({ shard, checkpoint: { phase: _, ...position } }) => ({ shard, ...position }));
    const answered = await this.session.pull(asked, bare ? this.#mirror.device : undefined);
    const pages: Page[] = [];
    const pagesFrom: From[] = [];
    for (const [i, page] of answered.entries()) {
      if (page.kind === 'page') {
        pages.push(page);
        pagesFrom.push(from[i]!);
      } else await this.#turn(page, from[i]!);
    }
    if (pages.length > 0) await this.#apply(pages, pagesFrom);
  }

  /** A shard that is pulled anew begins at 0 where nobody remembers what has come. False: another tab is at it. */
  async #begin(shard: number): Promise<boolean> {
    const checkpoint = this.#checkpoint(shard);
    if (checkpoint.phase !== 'repull' || this.session.repulls.has(shard)) return true;
    this.session.beginRepull(shard, false);
    return checkpoint.cursor === 0 || this.#mirror.setPhase(shard, checkpoint, { ...checkpoint, cursor: 0 });
  }

  /** Another history, or one with a gap: the shard goes another way. */
  async #turn(page: Exclude<ShardPage, Page>, { shard, checkpoint }: From): Promise<void> {
    switch (page.kind) {
      case 'unavailable':
        this.report.fellShort(shardError(shard, page.message));
        return;
      case 'fork':
        await this.#mirror.setPhase(
          shard,
          checkpoint,
          forked(this.session.knownTombstones(shard, checkpoint), page),
        );
        this.session.repulls.delete(shard);
        break;
      case 'reset': {
        const { epoch, floor } = page;
        const to: ShardCheckpoint = { cursor: 0, epoch, hi: checkpoint.hi, floor, phase: 'repull' };
        await this.#mirror.setPhase(shard, checkpoint, to);
        this.session.beginRepull(shard, false);
      }
    }
    this.#again(shard);
  }

  async #apply(pages: readonly Page[], from: readonly From[]): Promise<void> {
    const applied = await this.#mirror.applyPage(
      pages,
      from.map(({ checkpoint }) => checkpoint),
    );
    if (applied === false) {
      for (const { shard } of from) this.#interrupted(shard);
      return;
    }
    await this.session.conflicts.settle(applied, this.report);
    const entries = pages.flatMap((page) => page.entries);
    await this.session.acknowledgements.settled(entries.map(({ id }) => id));
    this.report.progress({ pulled: entries.length });
    // From the last to the first, so that they go on in their order.
    for (const page of [...pages].reverse()) await this.#goOn(page);
  }

  async #goOn({ shard, more, entries }: Page): Promise<void> {
    const repull = this.session.repulls.get(shard);
    if (repull !== undefined) for (const { id } of entries) repull.seen.add(id);
    if (more) {
      this.left.unshift(shard);
      return;
    }
    if (repull !== undefined) {
      const swept = await this.#mirror.sweep(shard, this.#checkpoint(shard), repull.seen);
      if (swept === false) {
        this.#interrupted(shard);
        return;
      }
      this.session.repulls.delete(shard);
      await this.session.conflicts.settle(swept, this.report);
    }
    this.session.current.add(shard);
  }

  /** Another tab has moved the checkpoint: what has come is not all that it covers. */
  #interrupted(shard: number): void {
    this.session.repulls.delete(shard);
    this.#again(shard);
  }

  #again(shard: number): void {
    const restarts = (this.#restarts.get(shard) ?? 0) + 1;
    this.#restarts.set(shard, restarts);
    if (restarts > RESTARTS) this.report.fellShort(restlessError(shard));
    else this.left.unshift(shard);
  }
}
