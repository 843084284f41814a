import { expect } from 'vitest';
import { VectorStoreError } from '../../../shared/errors.js';
import type { Entry, Operation, PushResult, Stamp, WithVector } from '../../../shared/sync/protocol.js';
import { SeededRandom } from '../../seeded-random.contract.js';
import type { Storage } from '../../storage/storage.js';
import type { Applied } from '../../sync/mirror.js';
import { callOptions, record } from '../engine.contract.js';
import { runSteps } from '../model-parts.contract.js';
import {
  deleted,
  descriptorOf,
  type Notes,
  openNotes,
  pageAfter,
  stampAt,
  unsyncedIn,
  upserted,
} from './mirror-world.contract.js';

// The model test of mirrors: random writes, answers, pages, merges and restarts, on a mirror and on a plain Map of what
// there is of each id, which must never disagree.

interface Known {
  readonly kind: Entry['kind'];
  readonly stamp: Stamp;
  readonly base: Stamp | '';
  readonly pending: boolean;
  readonly x: number | undefined;
}

type Wire = WithVector<Entry> & { readonly bare?: boolean };

const IDS = Array.from({ length: 12 }, (_, i) => `id${i}`);

/** What has happened, so that runs that tried nothing are noticed. */
export const NO_EVENTS = {
  acknowledged: 0,
  lateAcknowledged: 0,
  lost: 0,
  conflicts: 0,
  gone: 0,
  refused: 0,
  bare: 0,
  swept: 0,
  merged: 0,
  restamped: 0,
  resolved: 0,
  anew: 0,
};

export type Events = typeof NO_EVENTS;

export async function runMirrorModel(
  storage: Storage,
  conflict: 'last-writer-wins' | 'compare-and-set',
  seed: number,
  steps: number,
  events: Events,
): Promise<void> {
  const model = new MirrorModel(storage, conflict, seed, events);
  await model.open();
  await runSteps(model, seed, steps);
  model.close();
}

class MirrorModel {
  doing = '';
  readonly #random: SeededRandom;
  readonly #known = new Map<string, Known>();
  /** Operations under way, as they were sent. */
  #sent: readonly WithVector<Operation>[] = [];
  #descriptor;
  #notes!: Notes;
  #time = Date.now();

  constructor(
    private readonly storage: Storage,
    private readonly conflict: 'last-writer-wins' | 'compare-and-set',
    seed: number,
    private readonly events: Events,
  ) {
    this.#random = new SeededRandom(seed);
    this.#descriptor = descriptorOf({ conflict, tombstoneLifeMs: 1e12 });
  }

  async open(): Promise<void> {
    this.#notes = await openNotes(this.storage);
    await this.#notes.mirror.begin(this.#descriptor, 0);
  }

  close(): void {
    this.#notes.engine.close(new VectorStoreError('CLOSED', 'The test has closed it.'));
  }

  async step(): Promise<void> {
    const steps: [weight: number, name: string, run: () => Promise<unknown>][] = [
      [10, 'upsert', () => this.#upsert()],
      [5, 'delete', () => this.#delete()],
      [3, 'setMetadata', () => this.#setMetadata()],
      [8, 'send', async () => void (this.#sent = await this.#notes.pending(1 + this.#random.below(6)))],
      [8, 'answer', () => this.#answer()],
      [8, 'pull', () => this.#pull()],
      [2, 'late page', () => this.#latePage()],
      [2, 'sweep', () => this.#sweep()],
      [2, 'restamp', () => this.#restamp()],
      [4, 'merge', () => this.#merge()],
      [3, 'restart', () => this.#restart()],
      [0.3, 'another collection', () => this.#anew()],
    ];
    let left = this.#random.next() * steps.reduce((sum, [weight]) => sum + weight, 0);
    const [, name, run] = steps.find(([weight]) => (left -= weight) < 0)!;
    this.doing = name;
    await run();
    await this.#check();
  }

  async #check(): Promise<void> {
    expect(await this.#notes.look()).toEqual(Object.fromEntries(this.#known));
    const pending = [...this.#known.values()].filter((each) => each.pending).length;
    expect((await this.#notes.mirror.pending({ count: 0, bytes: 0 }, new Set())).total).toBe(pending);
    expect(await unsyncedIn(this.storage)).toBe(pending);
    const live = [...this.#known].filter(([, { kind }]) => kind === 'upsert').map(([id]) => id);
    expect((await this.#notes.list()).ids).toEqual(live.sort());
  }

  /** What the base of the next write of an id is, said a second time. */
  #baseOf(id: string): Stamp | '' {
    const known = this.#known.get(id);
    if (known === undefined) return '';
    return known.pending ? known.base : known.stamp;
  }

  /** Takes the stamps over that the clock has given, and expects them to be later than those before. */
  async #wrote(ids: readonly string[], to: (id: string) => Pick<Known, 'kind' | 'x'>): Promise<void> {
    const now = await this.#notes.look();
    for (const id of ids) {
      const before = this.#known.get(id);
      const stamp = now[id]?.stamp ?? expect.fail(`${id} is not there`);
      if (before !== undefined && before.stamp >= stamp) expect.fail(`the stamp of ${id} went back`);
      this.#known.set(id, { ...to(id), stamp, base: this.#baseOf(id), pending: true });
    }
  }

  async #upsert(): Promise<void> {
    const ids = this.#random.sample(IDS, 1 + this.#random.below(4));
    const x = this.#random.below(1_000);
    await this.#notes.upsert(ids.map((id) => record(id, x, 1)));
    await this.#wrote(ids, () => ({ kind: 'upsert', x }));
  }

  async #delete(): Promise<void> {
    const ids = this.#random.sample(IDS, 1 + this.#random.below(3));
    const there = ids.filter((id) => this.#known.get(id)?.kind === 'upsert');
    await this.#notes.deleteIds(ids);
    await this.#wrote(there, () => ({ kind: 'delete', x: undefined }));
  }

  async #setMetadata(): Promise<void> {
    const there = IDS.filter((id) => this.#known.get(id)?.kind === 'upsert');
    const ids = this.#random.sample(there, 2);
    if (ids.length === 0) return;
    await this.#notes.setMetadata(Object.fromEntries(ids.map((id) => [id, { n: 1 }])));
    await this.#wrote(ids, (id) => ({ kind: 'upsert', x: this.#known.get(id)!.x }));
  }

  /** A stamp of the server's side: older or younger than what is here. */
  #anyStamp(): Stamp {
    return stampAt(this.#time + this.#random.below(2_000) - 1_000, this.#random.below(1_000));
  }

  #anyEntry(id: string): WithVector<Entry> {
    return this.#random.chance(0.7)
      ? upserted(id, this.#anyStamp(), this.#random.below(1_000))
      : deleted(id, this.#anyStamp());
  }

  #take({ id, kind, stamp, vector }: WithVector<Entry>): void {
    this.#known.set(id, { kind, stamp, base: '', pending: false, x: vector?.[0] });
  }

  #expectOverruled({ lost, conflicts }: Applied, wantedLost: string[], wantedConflicts: string[]): void {
    expect(lost.map(({ local }) => local.id)).toEqual(wantedLost);
    expect(conflicts.map(({ local }) => local.id)).toEqual(wantedConflicts);
    for (const { local } of [...lost, ...conflicts]) {
      const { kind, stamp, x } = this.#known.get(local.id)!;
      expect([local.kind, local.stamp, local.vector?.[0]]).toEqual([kind, stamp, x]);
    }
    this.events.lost += lost.length;
    this.events.conflicts += conflicts.length;
  }

  async #answer(): Promise<void> {
    const sent = this.#sent;
    const isOfAnotherEpoch = this.#random.chance(0.1);
    const overruling = this.conflict === 'compare-and-set' ? 'conflict' : 'stale';
    const results = sent.map(({ id }): PushResult => {
      const status = this.#random.pick([
        'ok',
        'ok',
        'dup',
        overruling,
        'gone',
        'future',
        'unavailable',
      ] as const);
      if (status === 'stale' || status === 'conflict') return { status, current: this.#anyEntry(id) };
      return status === 'unavailable' ? { status, message: '' } : { status };
    });
    const epoch = isOfAnotherEpoch ? `another ${this.#random.next()}` : this.#epoch();
    const isBelieved = !isOfAnotherEpoch || this.#notes.mirror.row!.shards[0]!.epoch === '';
    const shards = { 0: { epoch, seq: this.#random.below(1_000) } };
    const applied = await this.#notes.mirror.settle(sent, results, shards);
    const [lost, conflicts]: [string[], string[]] = [[], []];
    const after: (() => void)[] = [];
    for (const [i, { id, stamp }] of sent.entries()) {
      const known = this.#known.get(id);
      const result = results[i]!;
      if (!isBelieved) continue;
      if (known?.stamp !== stamp) {
        this.events.lateAcknowledged++;
        continue;
      }
      if (result.status === 'ok' || result.status === 'dup') {
        after.push(() => this.#known.set(id, { ...known, pending: false }));
        this.events.acknowledged++;
      } else if (result.status === 'stale' || result.status === 'conflict') {
        const { current } = result;
        const areDeletes = known.kind === 'delete' && current.kind === 'delete';
        if (known.pending && result.status === 'conflict' && !areDeletes) conflicts.push(id);
        else {
          if (known.pending && !areDeletes) lost.push(id);
          after.push(() => this.#take(current));
        }
      } else if (result.status === 'gone' && known.pending) {
        if (known.kind === 'upsert') lost.push(id);
        after.push(() => this.#known.delete(id));
        this.events.gone++;
      }
    }
    this.#expectOverruled(applied, lost, conflicts);
    for (const each of after) each();
    this.#sent = this.#random.chance(0.3) ? sent : [];
    for (const { local, remote } of applied.conflicts)
      if (this.#random.chance(0.7)) await this.#resolve(local, remote);
  }

  async #resolve(local: WithVector<Entry>, remote: WithVector<Entry>): Promise<void> {
    const hasChanged = this.#random.chance(0.2);
    const of = hasChanged ? stampAt(1) : local.stamp;
    const merged = this.#random.chance(0.7)
      ? { kind: 'upsert' as const, id: local.id, vector: Float32Array.of(77, 1) }
      : { kind: 'delete' as const, id: local.id, vector: undefined };
    expect(await this.#notes.mirror.resolve(merged, of, remote.stamp)).toBe(!hasChanged);
    if (hasChanged) return;
    await this.#wrote([local.id], () => ({ kind: merged.kind, x: merged.vector?.[0] }));
    this.#known.set(local.id, { ...this.#known.get(local.id)!, base: remote.stamp });
    this.events.resolved++;
  }

  #epoch(): string {
    return this.#notes.mirror.row!.shards[0]!.epoch || 'e1';
  }

  async #pull(): Promise<void> {
    const entries = this.#random.sample(IDS, 1 + this.#random.below(5)).map((id): Wire => {
      const known = this.#known.get(id);
      if (known === undefined || this.#random.chance(0.6)) return this.#anyEntry(id);
      const { kind, stamp, x } = known;
      if (this.#random.chance(0.5)) return kind === 'upsert' ? upserted(id, stamp, x) : deleted(id, stamp);
      this.events.bare++;
      return {
        kind,
        id,
        stamp: this.#random.chance(0.5) ? stamp : this.#anyStamp(),
        vector: undefined,
        bare: true,
      };
    });
    const applied = await this.#notes.pull(entries);
    if (applied === false) expect.fail('the page was refused');
    const [lost, conflicts]: [string[], string[]] = [[], []];
    const after: (() => void)[] = [];
    for (const entry of entries) {
      const { id, kind, stamp } = entry;
      const known = this.#known.get(id);
      const isEmpty = entry.bare === true && kind === 'upsert';
      const areDeletes = known?.kind === 'delete' && kind === 'delete';
      if (known?.stamp === stamp) after.push(() => this.#known.set(id, { ...known, pending: false }));
      else if (known === undefined || !known.pending) {
        if (!isEmpty) after.push(() => this.#take(entry));
      } else if (this.conflict === 'compare-and-set') {
        if (known.base === stamp) continue;
        if (areDeletes) after.push(() => this.#take(entry));
        else conflicts.push(id);
      } else if (known.stamp < stamp && !isEmpty) {
        if (!areDeletes) lost.push(id);
        after.push(() => this.#take(entry));
      }
    }
    this.#expectOverruled(applied, lost, conflicts);
    for (const each of after) each();
  }

  /** Of two tabs that pull at once, one comes late. */
  async #latePage(): Promise<void> {
    const [from] = this.#notes.mirror.row!.shards;
    await this.#notes.pull([]);
    await this.#notes.pull(
      [upserted('id0', this.#known.get('id0')?.stamp ?? stampAt(1), this.#known.get('id0')?.x)],
      {
        entries: [],
        cursor: from!.cursor + 1,
      },
    );
    const page = pageAfter(from!, [this.#anyEntry(this.#random.pick(IDS))]);
    expect(await this.#notes.mirror.applyPage([page], [from!])).toBe(false);
    this.events.refused++;
  }

  async #sweep(): Promise<void> {
    const { mirror } = this.#notes;
    const from = mirror.row!.shards[0]!;
    const repull = { ...from, cursor: 0, phase: 'repull' as const };
    expect(await mirror.setPhase(0, from, repull)).toBe(true);
    if (this.#random.chance(0.5)) {
      // Nothing is acknowledged meanwhile.
      const operations = await this.#notes.pending();
      await mirror.settle(
        operations,
        operations.map(() => ({ status: 'ok' })),
        { 0: { epoch: this.#epoch(), seq: 1 } },
      );
    }
    const seen = new Set(this.#random.sample(IDS, 9));
    expect(await mirror.sweep(0, from, seen)).toBe(false);
    expect(await mirror.sweep(0, mirror.row!.shards[0]!, seen)).toEqual({ lost: [], conflicts: [] });
    for (const [id, { pending }] of [...this.#known]) {
      if (pending || seen.has(id)) continue;
      this.#known.delete(id);
      this.events.swept++;
    }
  }

  async #restamp(): Promise<void> {
    const ids = this.#random.sample(IDS, 5);
    const before = await this.#notes.look();
    await this.#notes.mirror.restamp(ids);
    const after = await this.#notes.look();
    const pending = ids.filter((id) => this.#known.get(id)?.pending);
    const inOrder = (of: typeof before) =>
      [...pending].sort((a, b) => (of[a]!.stamp + a < of[b]!.stamp + b ? -1 : 1));
    expect(inOrder(after)).toEqual(inOrder(before));
    for (const id of pending) {
      this.#known.set(id, { ...this.#known.get(id)!, stamp: after[id]!.stamp });
      this.events.restamped++;
    }
  }

  /** While it runs, things are acknowledged, replaced and deleted. */
  async #merge(): Promise<void> {
    const { engine } = this.#notes;
    const merged = engine.optimize(callOptions());
    if (this.#random.chance(0.7)) {
      this.#sent = await this.#notes.pending();
      await this.#answer();
      if (this.#random.chance(0.5)) await this.#delete();
      if (this.#random.chance(0.5)) await this.#upsert();
    }
    await merged;
    this.events.merged++;
  }

  async #restart(): Promise<void> {
    const { row } = this.#notes.mirror;
    this.close();
    this.#notes = await openNotes(this.storage);
    expect(this.#notes.mirror.row).toEqual(row);
    // The same one: nothing happens.
    await this.#notes.mirror.begin(this.#descriptor, 5);
    expect(this.#notes.mirror.row).toEqual(row);
  }

  async #anew(): Promise<void> {
    this.#descriptor = { ...this.#descriptor, id: String(this.#random.next()) };
    await this.#notes.mirror.begin(this.#descriptor, 0);
    for (const [id, known] of [...this.#known]) {
      if (known.kind === 'delete') this.#known.delete(id);
      else this.#known.set(id, { ...known, base: '', pending: true });
    }
    this.#sent = [];
    this.events.anew++;
  }
}
