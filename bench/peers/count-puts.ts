/** Bytes of the values given to IndexedDB in this realm since it was asked last. */
export function takePutBytes(): number {
  const bytes = counted;
  counted = 0;
  return bytes;
}

let counted = 0;

/** Counts from now on; to be called once, before anything is stored. */
export function countPuts(): void {
  for (const method of ['put', 'add'] as const) {
    const original = IDBObjectStore.prototype[method];
    IDBObjectStore.prototype[method] = function (
      this: IDBObjectStore,
      value: unknown,
      ...key: IDBValidKey[]
    ) {
      counted += sizeOf(value);
      return original.call(this, value, ...key);
    };
  }
}

/** Size of a value as structured clone would store it, but for its few bytes of tags. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value === 'number' || value instanceof Date) return 8;
  // A view stores its whole buffer.
  if (ArrayBuffer.isView(value)) return value.buffer.byteLength;
  if (value instanceof ArrayBuffer) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 1;
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + sizeOf(item), 0);
  return Object.entries(value).reduce((sum, [key, item]) => sum + key.length + sizeOf(item), 0);
}
