import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  packStrings,
  StringColumnBuilder,
  unpackString,
  unpackStrings,
  utf8Length,
} from './string-column.js';

const texts = fc.array(fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.toWellFormed()));

describe('string columns', () => {
  it('unpackStrings is the inverse of packStrings', () => {
    fc.assert(
      fc.property(texts, (strings) => {
        const column = packStrings(strings);
        expect(unpackStrings(column)).toEqual(strings);
        expect(column.offsets).toHaveLength(strings.length + 1);
        expect(column.bytes.byteLength).toBe(column.bytes.buffer.byteLength);
        for (const [row, text] of strings.entries()) {
          expect(unpackString(column, row)).toBe(text);
          expect([...bytesOf(column, row)]).toEqual([...new TextEncoder().encode(text)]);
        }
      }),
    );
  });

  it('keeps a byte order mark and NUL', () => {
    expect(unpackStrings(packStrings(['\ufeffa', '\0', '']))).toEqual(['\ufeffa', '\0', '']);
  });

  it('grows from long strings after short ones, and takes bytes as they are', () => {
    const builder = new StringColumnBuilder(5, 1);
    const long = '🦀é'.repeat(5_000);
    builder.push('a');
    builder.push(long);
    expect(builder.byteLength).toBe(30_001);
    builder.pushBytes(new TextEncoder().encode('é'));
    expect(builder.byteLength).toBe(30_003);
    // Fewer rows than announced.
    expect(unpackStrings(builder.finish())).toEqual(['a', long, 'é']);
  });

  it('an unfinished builder and its column do not share memory', () => {
    const builder = new StringColumnBuilder(3);
    builder.push('one');
    const first = builder.finish();
    builder.push('two');
    expect(unpackStrings(first)).toEqual(['one']);
    expect(unpackStrings(builder.finish())).toEqual(['one', 'two']);
  });
});

it('V2 utf8Length is the length of the encoded string, half surrogates as U+FFFD', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(fc.nat(0xffff)), (text, units) => {
      const odd = text + String.fromCharCode(...units);
      expect(utf8Length(odd)).toBe(new TextEncoder().encode(odd).length);
    }),
  );
});
