/** Objects and arrays within one another. The deepest that is sent, a filter, has 16 levels of at most three each. */
const MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What was received is not what was agreed on. The message says where. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

/**
 * `JSON.parse` of UTF-8 for text that may be hostile. The parser takes 40 bytes of memory for a bracket and 56 for an
 * empty object, so depth and number of values are counted before it runs. Throws `MalformedError`.
 */
export function parseBoundedJson(bytes: Uint8Array, maxValues: number): unknown {
  checkBounds(bytes, maxValues);
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (error) {
    throw new MalformedError(`It is not JSON: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

/** Commas, colons and brackets outside of strings: at least as many as there are values. */
function checkBounds(bytes: Uint8Array, maxValues: number): void {
  let depth = 0;
  let values = 1;
  const { length } = bytes;
  for (let i = 0; i < length; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) {
      for (i++; i < length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
    } else if (byte === COMMA || byte === COLON) {
      values++;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      values++;
      if (++depth > MAX_DEPTH)
        throw new MalformedError(`Its JSON is nested more than ${MAX_DEPTH} levels deep.`);
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      depth--;
    }
    if (values > maxValues) throw new MalformedError(`Its JSON has more than ${maxValues} values.`);
  }
}
