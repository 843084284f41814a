import type { Embedder } from 'nearshore';
import type { CommitPoint } from 'nearshore/testing';
import { judge, type Kill } from './support/kill-log.js';
import { expect, openBlank, test } from './support/kill-test.js';
import { size, TIMEOUT } from './support/sizes.js';

// A collection that goes over from one embedder to the next while its worker is killed, and another tab reads it.

test.describe.configure({ timeout: TIMEOUT });

const KILLS = { chromium: size(100, 8), firefox: size(50, 4) };
/** Two commits of a collection that is built. */
const TEXTS = 800;

const POINTS: readonly CommitPoint[] = [
  'transaction-opened',
  'first-page-put',
  'row-put',
  'requests-succeeded',
];

/** What both tabs have. Sent as text. */
function makeReader() {
  type Notes = Awaited<ReturnType<Awaited<ReturnType<typeof nearshore.openStore>>['collection']>>;
  /** Embedder n writes n, the length of the text, and zeros: another dimension each time. */
  function embedderOf(n: number, onTexts: (count: number) => unknown = () => {}): Embedder {
    const dimension = 2 + (n % 3);
    return {
      id: `model-${n}`,
      dimension,
      embed: async (texts, _signal, purpose) => {
        if (purpose === 'document') await onTexts(texts.length);
        return texts.map((text) => {
          const vector = new Float32Array(dimension);
          vector.set([n, text.length]);
          return vector;
        });
      },
    };
  }
  /** The embedder that all vectors of one answer are from; throws where they are not whole. */
  async function spaceOf(notes: Notes): Promise<{ n: number; texts: Map<string, string> }> {
    const { records } = await notes.list({ limit: 10_000, includeVectors: true });
    const n = records[0]!.vector![0]!;
    for (const { id, text, vector } of records) {
      const isWhole = vector!.length === 2 + (n % 3) && vector![0] === n && vector![1] === text!.length;
      if (!isWhole) throw new Error(`${id} "${text}" has [${vector}] where others are of model ${n}`);
    }
    return { n, texts: new Map(records.map(({ id, text }) => [id, text!])) };
  }
  return { embedderOf, spaceOf };
}

interface Reader {
  reader: ReturnType<typeof makeReader>;
  /** Of the other tab. */
  seen: number[];
  kinds: string[];
  stop: () => Promise<void>;
}

test('P2 E8 E9 E11 killed while it embeds anew, a worker leaves the old collection or the new one, whole, for every tab', async ({
  page,
  context,
  browserName,
}) => {
  await context.addInitScript(`globalThis.reader = (${makeReader})();`);
  const wanted = KILLS[browserName as keyof typeof KILLS];
  const seed = Date.now() % 1e9;
  console.log(`seed ${seed}`);
  await openBlank(page);
  await page.evaluate(async (texts) => {
    const { embedderOf } = (globalThis as never as Reader).reader;
    const faults = testing.makeFaults();
    const store = await nearshore.openStore('anew', { worker: faults.worker });
    const notes = await store.collection('notes', { metric: 'l2', embedder: embedderOf(0) });
    const records = helpers.ids(texts).map((id, i) => ({ id, text: 'x'.repeat(1 + i) }));
    await notes.upsert(records);
    Object.assign(globalThis, { store, notes, faults });
  }, TEXTS);

  const other = await context.newPage();
  await openBlank(other);
  await other.evaluate(async () => {
    const { spaceOf } = (globalThis as never as Reader).reader;
    const store = await nearshore.openStore('anew');
    const notes = await store.collection('notes');
    const [seen, kinds] = [[] as number[], [] as string[]];
    notes.on('change', ({ kind }) => kinds.push(kind));
    let isStopped = false;
    const reading = (async () => {
      while (!isStopped) {
        const { n } = await spaceOf(notes);
        if (seen.at(-1) !== n) seen.push(n);
        await notes.query({ id: 'r1', topK: 3 });
      }
    })();
    // Told when it is stopped.
    reading.catch(() => {});
    const stop = () => {
      isStopped = true;
      return reading;
    };
    Object.assign(globalThis, { seen, kinds, stop });
  });

  const kills = await page.evaluate(
    async ({ wanted, seed, texts, points }) => {
      const { embedderOf, spaceOf } = (globalThis as never as Reader).reader;
      const { notes, faults } = globalThis as never as {
        notes: Awaited<ReturnType<Awaited<ReturnType<typeof nearshore.openStore>>['collection']>>;
        faults: ReturnType<typeof testing.makeFaults>;
      };
      const { insist, pause } = workload;
      const random = helpers.random(seed);
      const kills: Kill[] = [];
      const expected = (await spaceOf(notes)).texts;
      for (let n = 1; kills.length < wanted; n++) {
        let left = kills.length % 4 === 0 ? Math.floor(texts * random()) : texts;
        let due!: () => void;
        const isDue = new Promise<void>((resolve) => {
          due = resolve;
        });
        let embedded = 0;
        const next = embedderOf(n, (count) => {
          embedded += count;
          left -= count;
          if (left <= 0 || embedded >= texts) due();
        });
        const reembedding = notes.reembed(next).then(
          () => true,
          () => false,
        );
        const id = `r${Math.floor(texts * random())}`;
        const text = 'y'.repeat(1 + Math.floor(500 * random()));
        await notes.upsert([{ id, text }]);
        expected.set(id, text);
        await Promise.race([isDue, reembedding]);
        // In a commit in the midst of it, in the last of them, in the replacement, which alone deletes, or anywhere after.
        const atCommit = () => faults.holdAt({ point: points[Math.floor(points.length * random())]! });
        const held = [
          atCommit,
          atCommit,
          async () => {
            await faults.holdAt({ on: 'delete', call: 1 + Math.floor(3 * random()) });
            if (kills.length % 8 !== 2) return;
            faults.release();
            await faults.holdAt({ on: 'put' });
          },
          () => pause(300 * random()),
        ][kills.length % 4]!();
        await Promise.race([held, reembedding]);
        const open = faults.transactionOpen;
        faults.crashWorker();
        const isThere = await reembedding;
        const killed = performance.now();
        const found = await insist(() => spaceOf(notes));
        const reopenMs = performance.now() - killed;
        if (found.n !== n && (isThere || found.n !== n - 1)) throw new Error(`It is of model ${found.n}`);
        kills.push({ open, acknowledged: 1, kept: found.n === n, reopenMs });
        await insist(() => notes.reembed(next));
        const { matches } = await notes.query({ text, topK: 1 });
        if (expected.get(matches[0]!.id)!.length !== text.length)
          throw new Error(`${matches[0]!.id} is found`);
        const after = await spaceOf(notes);
        if (after.n !== n || notes.dimension !== next.dimension) throw new Error(`It is of model ${after.n}`);
        for (const [each, wantedText] of expected) {
          if (after.texts.get(each) !== wantedText) throw new Error(`${each} is ${after.texts.get(each)}`);
        }
        if (after.texts.size !== expected.size) throw new Error(`${after.texts.size} records`);
      }
      return kills;
    },
    { wanted, seed, texts: TEXTS, points: POINTS },
  );
  judge('killed while it is embedded anew', kills, wanted);

  const { seen, kinds } = await other.evaluate(async () => {
    const { seen, kinds, stop } = globalThis as never as Reader;
    await stop();
    return { seen, kinds };
  });
  // Never one that was left again.
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.length).toBeGreaterThan(1);
  expect(kinds).toContain('reembed');
});
