/** What a filter compares with: a JSON value that is not an array or an object. */
export type JsonScalar = string | number | boolean | null;

/**
 * A condition on metadata, as plain JSON. Fields are named by dotted paths; several fields, or several operators
 * on one field, all have to hold.
 *
 * ```ts
 * { lang: 'en', year: { $gte: 1990, $lt: 2000 }, $or: [{ tags: 'new' }, { 'author.name': { $startsWith: 'A' } }] }
 * ```
 *
 * `M` is the metadata's type. A field it does not have, or an operand of another type, is a compile-time error.
 * Paths are typed to a depth of 5. With `M = unknown`, the default, or an `M` with a string index signature, every
 * field takes every scalar.
 *
 * | operator | holds when the field |
 * |---|---|
 * | `$eq` (or the plain value), `$ne` | equals the operand; does not (also: is missing) |
 * | `$gt` `$gte` `$lt` `$lte` | is a number or a string, like the operand, and so ordered |
 * | `$in`, `$nin` | equals one of the operands; none of them (also: is missing) |
 * | `$exists` | is there (`null` counts as there) or, with `false`, is missing |
 * | `$contains` | is an array with the operand as an element, or a string with it inside |
 * | `$startsWith` | is a string that begins with the operand |
 *
 * On an array field, all but `$exists` and `$contains` ask whether any element passes.
 */
export type Filter<M = unknown> = IsUntyped<M> extends true ? UntypedFilter : TypedFilter<M>;

/** A filter over metadata of an unknown shape. */
export interface UntypedFilter {
  /** Every one holds; at least one is needed. */
  $and?: readonly UntypedFilter[];
  /** Some hold; at least one is needed. */
  $or?: readonly UntypedFilter[];
  /** Does not hold. */
  $not?: UntypedFilter;
  // Without this pattern a misspelt operator would pass as a field of a nested filter.
  [operator: `$${string}`]: UntypedFilter | readonly UntypedFilter[] | undefined;
  [path: string]:
    | JsonScalar
    | FieldCondition<JsonScalar>
    | UntypedFilter
    | readonly UntypedFilter[]
    | undefined;
}

/** A filter over metadata of the type `M`. */
export type TypedFilter<M> = {
  [P in FieldPath<M>]?: Operand<FieldValue<M, P>> | FieldCondition<FieldValue<M, P>>;
} & {
  /** Every one holds; at least one is needed. */
  $and?: readonly TypedFilter<M>[];
  /** Some hold; at least one is needed. */
  $or?: readonly TypedFilter<M>[];
  /** Does not hold. */
  $not?: TypedFilter<M>;
};

/** The operators that a field whose value has type `V` takes; all given ones have to hold. */
export interface FieldCondition<V> {
  /** Equals; the same as the plain value. Of an array: any element does. */
  $eq?: Operand<V>;
  /** Does not equal, or is missing. */
  $ne?: Operand<V>;
  /** Is greater. Numbers compare with numbers, strings with strings (by UTF-16 code unit); otherwise it does not hold. */
  $gt?: Ordered<Operand<V>>;
  /** Is greater or equal. */
  $gte?: Ordered<Operand<V>>;
  /** Is less. */
  $lt?: Ordered<Operand<V>>;
  /** Is less or equal. */
  $lte?: Ordered<Operand<V>>;
  /** Equals one of these, at most 10,000. */
  $in?: readonly Operand<V>[];
  /** Equals none of these, or is missing. */
  $nin?: readonly Operand<V>[];
  /** Is there, whatever its value (`null`, too); with `false`: is missing. */
  $exists?: boolean;
  /** Is an array with this element, or a string with this inside. */
  $contains?: Containable<V>;
  /** Is a string that begins with this; case counts. */
  $startsWith?: Extract<Operand<V>, string> extends never ? never : string;
}

/** Every dotted path into `M`; a path goes through an array to the fields of its elements. */
export type FieldPath<M, Depth extends number = 5> = [Depth] extends [0]
  ? never
  : IsUntyped<M> extends true
    ? string
    : M extends Leaf
      ? never
      : M extends readonly (infer Element)[]
        ? ObjectPath<Exclude<Element, readonly unknown[]>, Depth>
        : ObjectPath<M, Depth>;

type ObjectPath<M, Depth extends number> = M extends Leaf
  ? never
  : { [K in ReachableKey<M>]: `${K}` | `${K}.${FieldPath<Present<M[K]>, Less[Depth]>}` }[ReachableKey<M>];

/** What the field at path `P` of `M` may hold; a union where the path crosses unions. */
export type FieldValue<M, P extends string> =
  IsUntyped<M> extends true
    ? JsonScalar | JsonScalar[]
    : M extends Leaf
      ? never
      : M extends readonly (infer Element)[]
        ? FieldValue<Exclude<Element, readonly unknown[]>, P>
        : ValueAt<M, P>;

type ValueAt<M, P extends string> = P extends `${infer Head}.${infer Rest}`
  ? FieldValue<Present<Property<M, Head>>, Rest>
  : IsUntyped<Present<Property<M, P>>> extends true
    ? JsonScalar | JsonScalar[]
    : Present<Property<M, P>>;

type Property<M, Name extends string> = Name extends keyof M
  ? M[Name]
  : Name extends `${infer Index extends number}`
    ? Index extends keyof M
      ? M[Index]
      : never
    : never;

/** Operands for equality with a value of type `V`: its scalars, or those of its elements. */
type Operand<V> = V extends readonly (infer Element)[]
  ? Extract<Element, JsonScalar>
  : Extract<V, JsonScalar>;

type Ordered<S> = S extends number ? number : S extends string ? string : never;

type Containable<V> = V extends readonly (infer Element)[]
  ? Extract<Element, JsonScalar>
  : V extends string
    ? string
    : never;

// A key with a dot, or one that starts with `$`, cannot be named by a path.
type ReachableKey<M> = {
  [K in keyof M & (string | number)]: `${K}` extends `${string}.${string}` | `$${string}` | ''
    ? never
    : M[K] extends (...args: never[]) => unknown
      ? never
      : K;
}[keyof M & (string | number)];

type Leaf = JsonScalar | undefined | ((...args: never[]) => unknown);
type Present<V> = Exclude<V, undefined>;
type Less = [0, 0, 1, 2, 3, 4];

/** `unknown`, `any`, `object`, `{}` and whatever has a string index signature. */
type IsUntyped<M> = unknown extends M
  ? true
  : [M] extends [JsonScalar | undefined | readonly unknown[]]
    ? false
    : string extends keyof M
      ? true
      : object extends Required<M>
        ? true
        : false;
