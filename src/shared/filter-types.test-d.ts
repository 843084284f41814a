// Checked by tsc only: each `@ts-expect-error` line must be an error, every other line must not.
import type { FieldPath, Filter } from './filter-types.js';
import type { JsonValue } from './types.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<_T extends true>(): void {}
function takes<M>(..._filters: Filter<M>[]): void {}

interface Author {
  name: string;
  born?: number;
  address?: { city: string; zip: string | null };
}
interface Note {
  lang: string;
  year: number;
  draft: boolean;
  kind: 'essay' | 'poem';
  rating?: number | undefined;
  deletedAt: string | null;
  either: string | number;
  tags: string[];
  readonly scores?: readonly number[];
  author: Author;
  links: { url: string; weight?: number }[];
  1: string;
  'dotted.key': string;
}

// Accepted: every kind of field with its operators.
takes<Note>(
  {},
  { lang: 'en' },
  { lang: { $eq: 'en', $ne: 'de', $startsWith: 'e', $contains: 'n', $exists: true } },
  { lang: { $in: ['en', 'de'], $nin: [] } },
  { year: { $gt: 1, $gte: 1, $lt: 2, $lte: 2 } },
  { draft: true },
  { draft: { $ne: false } },
  { kind: 'poem' },
  { kind: { $in: ['poem', 'essay'], $gt: 'a', $startsWith: 'po' } },
  { rating: 3 },
  { rating: { $exists: false } },
  { deletedAt: null },
  { deletedAt: { $ne: null } },
  { deletedAt: { $lt: '2020' } },
  { either: 1 },
  { either: 'one' },
  { either: { $gt: 1 } },
  { tags: 'new' },
  { tags: { $contains: 'new', $startsWith: 'n', $in: ['new'] } },
  { scores: { $gte: 0.5, $contains: 1 } },
  { author: { $exists: true } },
  { 'author.name': 'Ann' },
  { 'author.born': { $lt: 1900 } },
  { 'author.address.city': 'Rome' },
  { 'author.address.zip': null },
  { 'links.url': { $contains: 'example' } },
  { 'links.weight': { $gt: 1 } },
  { 1: 'numeric keys too' },
  { lang: 'en', year: 2000, $or: [{ draft: true }, { $not: { kind: 'poem' } }], $and: [{ tags: 'a' }] },
);

// Refused: names that are not fields.
// @ts-expect-error no such field
takes<Note>({ language: 'en' });
// @ts-expect-error no such nested field
takes<Note>({ 'author.nam': 'Ann' });
// @ts-expect-error an element of a string array has no fields
takes<Note>({ 'tags.length': 1 });
// @ts-expect-error a string has no fields
takes<Note>({ 'lang.length': 2 });
// @ts-expect-error no such field, inside $or
takes<Note>({ $or: [{ lang: 'en' }, { language: 'en' }] });
// @ts-expect-error no such field, inside $not
takes<Note>({ $not: { language: 'en' } });
// @ts-expect-error nested objects are named by dotted paths
takes<Note>({ author: { name: 'Ann' } });
// @ts-expect-error a key with a dot cannot be reached
takes<Note>({ 'dotted.key': 'x' });

// Refused: operands of another type.
// @ts-expect-error
takes<Note>({ lang: 1 });
// @ts-expect-error
takes<Note>({ year: '2000' });
// @ts-expect-error
takes<Note>({ year: { $gt: '2000' } });
// @ts-expect-error
takes<Note>({ year: { $in: ['2000'] } });
// @ts-expect-error
takes<Note>({ year: { $startsWith: '2' } });
// @ts-expect-error
takes<Note>({ year: { $contains: 2 } });
// @ts-expect-error
takes<Note>({ draft: { $gt: false } });
// @ts-expect-error
takes<Note>({ kind: 'novel' });
// @ts-expect-error
takes<Note>({ kind: { $in: ['novel'] } });
// @ts-expect-error not nullable
takes<Note>({ lang: null });
// @ts-expect-error
takes<Note>({ deletedAt: { $gt: null } });
// @ts-expect-error
takes<Note>({ tags: 1 });
// @ts-expect-error operands are scalars
takes<Note>({ tags: ['a', 'b'] });
// @ts-expect-error
takes<Note>({ tags: { $contains: ['a'] } });
// @ts-expect-error
takes<Note>({ scores: { $contains: '1' } });
// @ts-expect-error
takes<Note>({ 'author.born': '1900' });
// @ts-expect-error
takes<Note>({ 'links.weight': { $gt: '1' } });
// @ts-expect-error $exists takes a boolean
takes<Note>({ lang: { $exists: 1 } });
// @ts-expect-error $in takes an array
takes<Note>({ lang: { $in: 'en' } });

// Refused: the language itself.
// @ts-expect-error no such operator
takes<Note>({ lang: { $regex: 'e' } });
// @ts-expect-error no such combinator
takes<Note>({ $nor: [{ lang: 'en' }] });
// @ts-expect-error $or takes an array
takes<Note>({ $or: { lang: 'en' } });
// @ts-expect-error $not takes one filter
takes<Note>({ $not: [{ lang: 'en' }] });
// @ts-expect-error $not is for filters, not for fields
takes<Note>({ lang: { $not: { $eq: 'en' } } });
// @ts-expect-error undefined is not JSON
takes<Note>({ lang: undefined });

// Metadata as a type alias, as a union, with open or recursive parts.
type Alias = { lang: string };
takes<Alias>({ lang: 'en' });
// @ts-expect-error
takes<Alias>({ lang: 1 });

type Shape = { kind: 'circle'; radius: number } | { kind: 'square'; side: number; owner: { name: string } };
takes<Shape>(
  { kind: 'circle' },
  { radius: { $gt: 1 } },
  { side: 2, kind: { $ne: 'circle' } },
  { 'owner.name': 'x' },
);
// @ts-expect-error
takes<Shape>({ radius: 'wide' });
// @ts-expect-error
takes<Shape>({ kind: 'triangle' });

interface Open {
  lang: string;
  extra: JsonValue;
  byName: Record<string, number>;
}
takes<Open>({ extra: 1 }, { 'extra.deep.down': 'x' }, { 'byName.a': 1 }, { 'byName.a': { $gt: 1 } });
// @ts-expect-error
takes<Open>({ lang: 1 });
// @ts-expect-error
takes<Open>({ other: 1 });

interface Tree {
  name: string;
  parent?: Tree;
  children: Tree[];
}
takes<Tree>({ 'parent.parent.children.name': { $startsWith: 'a' } });
// @ts-expect-error
takes<Tree>({ 'parent.children.name': 1 });

interface WithDate {
  created: Date;
  get(): string;
}
is<Equal<Extract<FieldPath<WithDate>, 'get' | 'created.getTime'>, never>>();

// Without a type: any field, any scalar; the operators are still checked.
const untyped: Filter = {
  lang: 'en',
  'a.b': { $gte: 3 },
  n: null,
  f: { $in: [1, 'a', null, true] },
  $or: [{ x: true }, { $not: { y: { $exists: false } } }],
};
takes<unknown>(untyped);
// biome-ignore lint/suspicious/noExplicitAny: a user's `any` must not break
takes<any>(untyped);
takes<Record<string, JsonValue>>(untyped);
takes<object>(untyped);
// @ts-expect-error no such operator
takes<unknown>({ lang: { $like: 'e' } });
// @ts-expect-error operands are scalars
takes<unknown>({ lang: { $eq: ['e'] } });
// @ts-expect-error operands are scalars
takes<unknown>({ lang: ['e'] });
// @ts-expect-error
takes<unknown>({ lang: { $startsWith: 1 } });
// @ts-expect-error
takes<unknown>({ $or: [{ lang: { $like: 'e' } }] });

is<Equal<FieldPath<{ a: { b: number }; c?: string[] }>, 'a' | 'a.b' | 'c'>>();
is<Equal<Filter<unknown>, Filter>>();
