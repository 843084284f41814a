import type { Collection, VectorStore } from 'nearshore';
import type { CommitPoint, Faults } from 'nearshore/testing';

/** What a page tells the test while it lives: after its death nobody can ask. */
export type Report =
  | { readonly is: 'acknowledged'; readonly step: number }
  | { readonly is: 'transaction'; readonly open: boolean }
  | { readonly is: 'held' }
  | { readonly is: 'failed'; readonly message: string };

declare global {
  /** The store that a test has left open in the page. */
  var opened: { notes: Awaited<ReturnType<(typeof workload)['open']>>['notes']; faults: Faults };
  /** Where the test listens (`listenTo`). */
  var report: (report: Report) => Promise<void>;
  /** In every page of a test made by kill-test.ts. */
  var workload: ReturnType<typeof makeWorkload>;
}

export interface Found {
  /** After how many operations the collection is as it is. */
  step: number;
  generation: number;
}

/** Makes `workload` in the page. It is sent there as text, so it uses nothing from outside itself. */
export function makeWorkload() {
  type Notes = Collection<Meta>;
  interface Meta {
    step: number;
    i: number;
  }
  const DIMENSION = 8;
  const PER_STEP = 6;
  /** Records of so many steps stay; what is older is deleted, all at once. */
  const KEPT_STEPS = 8;
  const isDelete = (step: number) => step % 5 === 0;

  /** What every record of a step has: its metadata tells which vector it has to have. */
  function vectorOf({ step, i }: Meta): number[] {
    return Array.from({ length: DIMENSION }, (_, d) => ((step * 31 + i * 7 + d * 13) % 97) - 47.5);
  }

  /**
   * Step by step: an upsert of new records together with others that every upsert replaces, all of which carry the
   * step's number; each fifth step deletes the old ones. One operation is one commit.
   */
  async function run(notes: Notes, step: number): Promise<void> {
    if (isDelete(step)) {
      const ids = [...contentsAfter(step - 1)].flatMap(([id, meta]) => (isOld(id, meta, step) ? [id] : []));
      await notes.delete({ ids });
      return;
    }
    const row = (id: string, i: number) => {
      const metadata = { step, i };
      return { id, vector: vectorOf(metadata), metadata };
    };
    await notes.upsert([
      ...Array.from({ length: PER_STEP }, (_, i) => row(`new-${step}-${i}`, i)),
      ...Array.from({ length: PER_STEP }, (_, i) => row(`same-${i}`, PER_STEP + i)),
    ]);
  }

  const isOld = (id: string, { step }: Meta, now: number) => id.startsWith('new') && step < now - KEPT_STEPS;

  /** The oracle: id → metadata after so many steps. */
  function contentsAfter(steps: number): Map<string, Meta> {
    const contents = new Map<string, Meta>();
    for (let step = Math.max(1, steps - 3 * KEPT_STEPS); step <= steps; step++) {
      if (isDelete(step)) {
        for (const [id, meta] of contents) if (isOld(id, meta, step)) contents.delete(id);
        continue;
      }
      for (let i = 0; i < PER_STEP; i++) {
        contents.set(`new-${step}-${i}`, { step, i });
        contents.set(`same-${i}`, { step, i: PER_STEP + i });
      }
    }
    return contents;
  }

  async function open(name: string, options: { worker?: () => Worker } = {}) {
    const store = await nearshore.openStore(name, { backend: 'js', ...options });
    return { store, notes: await openNotes(store) };
  }

  function openNotes(store: VectorStore): Promise<Notes> {
    return store.collection<Meta>('notes', { dimension: DIMENSION, metric: 'l2' });
  }

  /**
   * After which step the collection is, of the steps [acknowledged, begun]. Throws where it is as after none of them:
   * something acknowledged is lost, or a step is there in part.
   */
  async function find(notes: Notes, acknowledged: number, begun: number): Promise<Found> {
    const contents = new Map<string, Meta>();
    const { records } = await notes.list({ limit: 10_000, includeVectors: true });
    for (const { id, metadata, vector } of records) {
      const wanted = Float32Array.from(vectorOf(metadata!));
      if (String(vector) !== String(wanted))
        throw new Error(`${id} of ${show(metadata)} has vector ${vector}`);
      contents.set(id, metadata!);
    }
    const found = show([...contents]);
    const { generation, records: count } = await notes.stats();
    if (count !== records.length) throw new Error(`${count} records are counted, ${records.length} listed`);
    for (let step = begun; step >= acknowledged; step--) {
      if (show([...contentsAfter(step)].sort(([a], [b]) => (a < b ? -1 : 1))) !== found) continue;
      const newest = [...contents].find(([id]) => id === 'same-0')?.[1];
      if (newest !== undefined) {
        const { matches } = await notes.query({ vector: vectorOf(newest), topK: 1, exact: true });
        if (matches[0]?.distance !== 0) throw new Error(`The search does not find ${show(newest)}`);
      }
      return { step, generation };
    }
    throw new Error(`As after none of the steps ${acknowledged} to ${begun}: ${found}`);
  }

  /** Calls again where the call met the loss of the worker: the next one starts another. */
  async function insist<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        if ((error as { code?: string }).code !== 'WORKER_LOST' || attempt === 3) throw error;
      }
    }
  }

  /** True: acknowledged. False: lost with its worker, the outcome unknown. Anything else throws. */
  function outcomeOf(write: Promise<unknown>): Promise<boolean> {
    return write.then(
      () => true,
      (error: { code?: string; outcome?: string }) => {
        if (error.code === 'WORKER_LOST' && error.outcome === 'unknown') return false;
        throw error;
      },
    );
  }

  /** Step after step, for as long as the page lives; with a point, it stops there in the step after `quiet` others. */
  async function runUntilKilled(
    { notes, faults }: { notes: Notes; faults: Faults },
    from: number,
    { quiet, point }: { quiet: number; point: CommitPoint | undefined },
  ): Promise<void> {
    faults.onTransaction((open) => void report({ is: 'transaction', open }));
    try {
      for (let step = from + 1; ; step++) {
        // Row states are put where records are replaced.
        if (point !== undefined && step > from + quiet && step > 1 && !isDelete(step)) {
          faults.holdAt({ point }).then(() => report({ is: 'held' }));
          point = undefined;
        }
        await run(notes, step);
        void report({ is: 'acknowledged', step });
      }
    } catch (error) {
      void report({ is: 'failed', message: String(error) });
    }
  }

  const show = (value: unknown) => JSON.stringify(value);
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  return { isDelete, run, open, find, insist, outcomeOf, pause, runUntilKilled };
}
