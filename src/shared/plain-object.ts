export type PlainObject = { readonly [key: string]: unknown };

const hasOwn = Object.prototype.hasOwnProperty;

/**
 * Whether a value is an object literal, or one without a prototype, and not an instance of a class. Literals of
 * another realm (an iframe) count: their prototype is a root too, with an own `isPrototypeOf`.
 */
export function isPlainObject(value: unknown): value is PlainObject {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && hasOwn.call(prototype, 'isPrototypeOf');
}

/**
 * Keys that turn a careless copy of an object into prototype pollution
 * (`Object.assign({}, JSON.parse('{"__proto__": …}'))`); refused in metadata and in filters.
 */
export function isReservedKey(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype';
}

/** Names a value's kind in a message: `a string`, `null`, `an array`, `a Date`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'object') {
    if (Array.isArray(value)) return 'an array';
    if (isPlainObject(value)) return 'an object';
    const name = (value.constructor as { name?: unknown } | undefined)?.name;
    return typeof name === 'string' && name !== '' ? withArticle(name) : 'an object';
  }
  return withArticle(typeof value);
}

function withArticle(word: string): string {
  return `${/^[aeiou]/i.test(word) ? 'an' : 'a'} ${word}`;
}

/** A value in a message: JSON, cut to about 40 characters. */
export function shown(value: string | number | boolean | null): string {
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(typeof value === 'string' ? value.slice(0, 40) : value);
  return typeof value === 'string' && value.length > 40 ? `${text.slice(0, -1)}…"` : text;
}
