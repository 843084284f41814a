// Checked by tsc only: each `@ts-expect-error` line must be an error, every other line must not.
import type {
  Collection,
  Filter,
  Match,
  Query,
  QueryResult,
  ReembedResult,
  StoredRecord,
  Sync,
  SyncStatus,
  VectorStore,
} from './index.js';
import { openStore } from './index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<_T extends true>(): void {}

interface Note {
  lang: string;
  year: number;
  tags: string[];
  author: { name: string };
}

declare const store: VectorStore;
declare const notes: Collection<Note>;
declare const untyped: Collection;
declare const vector: Float32Array;
declare const signal: AbortSignal;

// A collection is typed by the metadata it is opened with.
const opened = await store.collection<Note>('notes', { dimension: 3 });
is<Equal<typeof opened, Collection<Note>>>();
const openedUntyped = await store.collection('notes');
is<Equal<typeof openedUntyped, Collection<unknown>>>();

// Filters are typed wherever they are given.
await notes.query({
  vector,
  filter: { lang: 'en', year: { $gte: 2000 }, 'author.name': { $startsWith: 'A' } },
});
await notes.queryMany([
  { vector, filter: { tags: 'new' } },
  { id: 'a', filter: { $or: [{ lang: 'en' }] } },
]);
await notes.delete({ filter: { year: { $in: [1, 2] } } });
await notes.count({ $not: { lang: 'en' } });
await notes.list({ filter: { tags: { $contains: 'new' } } });
// @ts-expect-error no such field
await notes.query({ vector, filter: { language: 'en' } });
// @ts-expect-error the operand has another type
await notes.query({ vector, filter: { year: '2000' } });
// @ts-expect-error the operand has another type, inside an operator
await notes.query({ vector, filter: { year: { $gte: '2000' } } });
// @ts-expect-error no such nested field
await notes.query({ id: 'a', filter: { 'author.nam': 'A' } });
// @ts-expect-error no such operator
await notes.query({ vector, filter: { lang: { $regex: '^e' } } });
// @ts-expect-error no such field, in one of many
await notes.queryMany([{ vector }, { vector, filter: { language: 'en' } }]);
// @ts-expect-error no such field
await notes.delete({ filter: { language: 'en' } });
// @ts-expect-error the operand has another type
await notes.count({ lang: 5 });
// @ts-expect-error the operand has another type
await notes.list({ filter: { tags: { $contains: 5 } } });
// Untyped metadata takes every field, but no unknown operator.
await untyped.query({ vector, filter: { anything: { $gt: 5 }, 'a.b': 'x' } });
await untyped.delete({ filter: {} });
// @ts-expect-error no such operator
await untyped.count({ n: { $like: 1 } });

// A query has exactly one of vector, text and id.
await notes.query({ vector: [1, 2, 3], topK: 5, minScore: 0.5, includeVectors: true, exact: true, signal });
await notes.query({ text: 'a meaning', includeMetadata: false, targetRecall: 1 });
await notes.query({ id: 'a' });
is<Equal<(typeof matches)[number]['origin'], 'local' | 'remote' | undefined>>();
await notes.query({ vector, scope: 'auto' });
// @ts-expect-error no such scope
await notes.query({ vector, scope: 'server' });
// @ts-expect-error none
await notes.query({ topK: 5 });
// @ts-expect-error two
await notes.query({ vector, id: 'a' });
// @ts-expect-error two
await notes.query({ vector, text: 'a meaning' });
// @ts-expect-error two
await notes.query({ text: 'a meaning', id: 'a' });
// @ts-expect-error the option of another library
await notes.query({ vector, k: 5 });
// @ts-expect-error where is a function
await notes.query({ vector, where: { lang: 'en' } });
is<Equal<Parameters<typeof notes.query>[0], Query<Note>>>();

// where sees id, metadata and text; results carry the metadata's type.
const { matches, receipt } = await notes.query({
  vector,
  where: ({ id, metadata, text }) => id !== '' && (metadata?.year ?? 0) > 2000 && text !== undefined,
});
is<Equal<typeof matches, Match<Note>[]>>();
is<Equal<(typeof matches)[number]['metadata'], Note | undefined>>();
is<Equal<(typeof receipt)['backend'], 'webgpu' | 'wasm' | 'js'>>();
const answers = await notes.queryMany([{ vector }]);
is<Equal<typeof answers, QueryResult<Note>[]>>();
const [got] = await notes.get(['a'], { includeVectors: true });
is<undefined extends typeof got ? true : false>();
is<Equal<NonNullable<typeof got>['metadata'], Note | undefined>>();
is<Equal<NonNullable<typeof got>['vector'], Float32Array | undefined>>();
const { records, cursor } = await notes.list();
is<Equal<(typeof records)[number]['metadata'], Note | undefined>>();
is<Equal<typeof cursor, string | undefined>>();
// @ts-expect-error no such field
matches[0]?.metadata?.language;
const [unknownRecord] = await untyped.get(['a']);
// @ts-expect-error unknown metadata has to be looked at first
unknownRecord?.metadata.lang;

// Records are typed by the metadata, too.
const metadata: Note = { lang: 'en', year: 2000, tags: [], author: { name: 'Ann' } };
await notes.upsert([{ id: 'a', vector: [1, 2, 3], metadata }]);
await notes.upsert([{ id: 'a', text: 'a meaning' }]);
await notes.insert({ ids: ['a'], vectors: vector, metadata: [metadata], texts: [undefined] });
await notes.upsert({ ids: ['a'], vectors: vector, metadata: [undefined] }, { durability: 'memory', signal });
await notes.setMetadata([{ id: 'a', metadata }]);
// @ts-expect-error the metadata lacks fields
await notes.upsert([{ id: 'a', vector, metadata: { lang: 'en' } }]);
// @ts-expect-error a field has another type
await notes.setMetadata([{ id: 'a', metadata: { ...metadata, year: '2000' } }]);
// @ts-expect-error vectors of a batch are one Float32Array
await notes.upsert({ ids: ['a'], vectors: [1, 2, 3] });
// @ts-expect-error a misspelt key
await notes.upsert([{ id: 'a', vectro: [1, 2, 3] }]);
// @ts-expect-error no such durability
await notes.upsert([], { durability: 'strict' });

// delete takes exactly one of ids and filter.
await notes.delete({ ids: ['a'] });
// @ts-expect-error both
await notes.delete({ ids: ['a'], filter: {} });
// @ts-expect-error neither
await notes.delete({});

// Another embedder.
const other = { id: 'm/3', dimension: 3, embed: (texts: readonly string[]) => texts.map(() => [1, 0, 0]) };
const reembedded = await notes.reembed(other, { onProgress: ({ done }) => is<Equal<typeof done, number>>() });
is<Equal<typeof reembedded, ReembedResult>>();
// @ts-expect-error there is nothing to embed with
await notes.reembed();

// Options and events.
await openStore('s', { storage: 'memory', backend: 'wasm', worker: () => new Worker('worker.js') });
// @ts-expect-error no such storage
await openStore('s', { storage: 'localstorage' });
// @ts-expect-error no such backend
await openStore('s', { backend: 'cuda' });
// @ts-expect-error no such metric
await store.collection('notes', { metric: 'euclidean' });
notes.on('change', ({ kind }) =>
  is<Equal<typeof kind, 'upsert' | 'delete' | 'drop' | 'evict' | 'reembed' | 'unknown'>>(),
);
store.on('worker-lost', ({ reason }) => is<Equal<typeof reason, string>>());
// @ts-expect-error no such event
store.on('changed', () => {});
// @ts-expect-error collections have one event
notes.on('backend', () => {});

// Sync.
await openStore('s', { remote: { url: 'https://a.example' } });
await openStore('s', {
  remote: { url: ['https://a.example', 'https://b.example'], getToken: async () => 't' },
});
// @ts-expect-error a server has a URL
await openStore('s', { remote: { getToken: () => 't' } });
// @ts-expect-error no such policy
await store.collection('notes', { conflict: 'first-writer-wins' });
const sync = notes.sync({
  live: false,
  onConflict: ({ local, remote, lost }) => {
    is<Equal<typeof local, StoredRecord<Note> | undefined>>();
    return lost || remote === undefined ? 'local' : { vector, metadata: remote.metadata };
  },
});
is<Equal<typeof sync, Sync>>();
// One that only logs.
notes.sync({ onConflict: () => {} });
// @ts-expect-error no such resolution
notes.sync({ onConflict: () => 'mine' });
// @ts-expect-error the merged metadata lacks fields
notes.sync({ onConflict: () => ({ vector, metadata: { lang: 'en' } }) });
is<Equal<ReturnType<typeof sync.status>, SyncStatus>>();
sync.on('status', ({ state }) =>
  is<Equal<typeof state, 'idle' | 'syncing' | 'offline' | 'error' | 'stopped'>>(),
);
await sync.now({ signal });
await sync.stop();
await (await notes.upsert([])).replicated({ signal });

// A filter of its own.
const filter: Filter<Note> = { year: { $lt: 2000 } };
await notes.count(filter);

// Words need a text; a vector or an id may stand beside it in a hybrid query alone.
await notes.query({ text: 'a word', keyword: true });
await notes.query({ text: 'a word', keyword: { fields: ['author.name'] } });
await notes.query({ text: 'a word', hybrid: true, groupBy: 'lang', groupSize: 2 });
await notes.query({ text: 'a word', vector, hybrid: { weights: { keyword: 2 }, rankConstant: 10 } });
await notes.query({ text: 'a word', id: 'a', hybrid: true });
await notes.query({ vector, diversity: 0.5 });
declare const isHybrid: boolean;
const ranked = await notes.query({ text: 'a word', hybrid: isHybrid });
is<Equal<(typeof ranked.matches)[number]['fusedScore'], number | undefined>>();
is<Equal<(typeof ranked.matches)[number]['keywordScore'], number | undefined>>();
// @ts-expect-error no text
await notes.query({ vector, hybrid: true });
// @ts-expect-error words alone
await notes.query({ text: 'a word', vector, keyword: true });
// @ts-expect-error one of them
await notes.query({ text: 'a word', keyword: true, hybrid: true });
