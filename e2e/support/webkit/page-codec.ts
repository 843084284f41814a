/** What crosses between test and page, as JSON: WebDriver alone has no undefined, no NaN and no typed arrays. */
export type Encoded = string | number | boolean | null | { [tag: string]: unknown };

/** Makes `encode` and `decode`. It is sent to the page as text, too, so it uses nothing from outside itself. */
export function makePageCodec() {
  const ARRAYS = { Float32Array, Float64Array, Uint8Array, Int32Array, Uint32Array } as const;
  type ArrayName = keyof typeof ARRAYS;

  function encode(value: unknown): Encoded {
    if (value === undefined || typeof value === 'function') return { undefined: true };
    if (typeof value === 'bigint') return { bigint: String(value) };
    if (typeof value === 'number')
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { number: Object.is(value, -0) ? '-0' : String(value) };
    if (typeof value !== 'object' || value === null) return value as string | boolean | null;
    if (Array.isArray(value)) return { array: value.map(encode) };
    if (value instanceof Date) return { date: value.getTime() };
    if (value instanceof Error) return { error: value.message };
    const name = Object.keys(ARRAYS).find((name) => value instanceof ARRAYS[name as ArrayName]);
    if (name !== undefined) return { typed: name, items: Array.from(value as Float32Array, encode) };
    return { object: Object.entries(value).map(([key, item]) => [key, encode(item)]) };
  }

  function decode(value: Encoded): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const { array, object, typed, items } = value as Record<string, Encoded[]>;
    if ('undefined' in value) return undefined;
    if ('bigint' in value) return BigInt(value.bigint as string);
    if ('number' in value) return Number(value.number);
    if ('date' in value) return new Date(value.date as number);
    if ('error' in value) return new Error(value.error as string);
    if (typed !== undefined)
      return Reflect.construct(ARRAYS[typed as never as ArrayName], [items!.map(decode)]);
    if (array !== undefined) return array.map(decode);
    return Object.fromEntries(
      (object as never as [string, Encoded][]).map(([key, item]) => [key, decode(item)]),
    );
  }

  return { encode, decode };
}
