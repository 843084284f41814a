import { expect, it } from 'vitest';
import { packStrings } from '../../shared/string-column.js';
import type { WorkerEmbedder } from '../../shared/types.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import { batch, CONFIG, callOptions, clientOf, openEngine, record } from './engine.contract.js';

const EMBEDDER = { id: 'lengths', dimension: 2 } as WorkerEmbedder;

async function openNotes(storage = new MemoryStorage()) {
  const asked: string[] = [];
  const embed = async (_: WorkerEmbedder, texts: readonly string[]) => {
    asked.push(...texts);
    return Float32Array.from(texts.flatMap((text) => [text.length, 1]));
  };
  const { engine } = await openEngine(storage, CONFIG, undefined, undefined, undefined, {
    embedders: { embed },
  });
  const upsert = (texts: Record<string, string>) =>
    engine.upsert(
      {
        ids: packStrings(Object.keys(texts)),
        vectors: new Float32Array(2 * Object.keys(texts).length),
        toEmbed: Object.keys(texts).map((_, row) => row),
        metadata: undefined,
        texts: packStrings(Object.values(texts)),
      },
      'upsert',
      'disk',
      { ...callOptions(), embedder: EMBEDDER },
    );
  /** What it was asked to embed since the last call. */
  const embedded = () => asked.splice(0);
  return { engine, storage, notes: clientOf(engine), upsert, embedded };
}

it('E5 embeds what is new and what has changed, each text once', async () => {
  const { upsert, embedded, notes, storage } = await openNotes();
  await upsert({ a: 'one', b: 'three', c: 'one' });
  expect(embedded()).toEqual(['one', 'three']);
  await upsert({ c: 'one', b: 'three', a: 'one' });
  expect(embedded()).toEqual([]);
  await upsert({ a: 'three', b: 'three', d: 'four' });
  expect(embedded()).toEqual(['three', 'four']);
  const vectors = async (opened: typeof notes) =>
    (await opened.get(['a', 'b', 'c', 'd'])).map((record) => record!.vector![0]);
  expect(await vectors(notes)).toEqual([5, 5, 3, 4]);
  const later = await openNotes(storage);
  await later.upsert({ a: 'three', b: 'three', c: 'one', d: 'four' });
  expect(later.embedded()).toEqual([]);
  expect(await vectors(later.notes)).toEqual([5, 5, 3, 4]);
});

it('E5 keeps vectors through merges, and embeds what was deleted, or has lost its text', async () => {
  const { upsert, embedded, notes, engine } = await openNotes();
  await notes.upsert(batch(0, 3_000));
  await upsert({ a: 'one', b: 'two', c: 'three' });
  embedded();
  await engine.optimize(callOptions());
  await upsert({ a: 'one', b: 'two', c: 'three' });
  expect(embedded()).toEqual([]);
  await notes.deleteIds(['a']);
  await notes.upsert([record('b')]);
  await notes.upsert([record('c', 7, 0, undefined, 'three')]);
  await upsert({ a: 'one', b: 'two', c: 'three', r000001: 'x' });
  expect(embedded()).toEqual(['one', 'two', 'x']);
  expect((await notes.get(['c']))[0]!.vector).toEqual([7, 0]);
});
