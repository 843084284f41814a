import { expect, test } from 'vitest';
import { bytesOf, packStrings } from '../../shared/string-column.js';
import { indexSegment } from './index-segment.js';
import { KeywordIndexBuilder } from './keyword-index.js';
import { wordsOf } from './words.js';

const encode = (word: string) => new TextEncoder().encode(word);

test.each<[string, string, string[]]>([
  ['case and diacritics', 'Café-Bar ÅNGSTRÖM', ['cafe', 'bar', 'angstrom']],
  ['composed or not', 'e\u0301te\u0301 été', ['ete', 'ete']],
  ['compatibility forms', 'ﬁne Ｗｉｄｅ x²', ['fine', 'wide', 'x2']],
  ['punctuation', "the gull's nest_egg, 3.5 km", ['the', 'gull', 's', 'nest', 'egg', '3', '5', 'km']],
  ['vowel signs belong to their words', 'हिन्दी भाषा', ['हिन्दी', 'भाषा']],
  ['Hangul stays whole', '한국어 사전', ['한국어', '사전']],
  ['Han is cut into pairs', '東京都の港', ['東京', '京都', '都の', 'の港']],
  ['a letter alone', '港 a港b', ['港', 'a', '港', 'b']],
  ['kana with a voicing mark', 'がぎ', ['がぎ']],
  ['no word', ' – 🐟!', []],
  ['half surrogates', 'a\ud83db', ['a', 'b']],
])('J2 %s', (_, text, words) => {
  expect(wordsOf(text)).toEqual(words);
});

test('J2 ASCII is read byte by byte, with the same words', async () => {
  const texts = Array.from({ length: 128 }, (_, byte) => `Ab${String.fromCharCode(byte)}Zz9 tail`);
  const column = packStrings(texts);
  const [bytes, strings] = [new KeywordIndexBuilder(texts.length), new KeywordIndexBuilder(texts.length)];
  for (const [row, text] of texts.entries()) {
    bytes.addText(bytesOf(column, row));
    strings.addString(text);
    bytes.endRow();
    strings.endRow();
  }
  const [a, b] = [await bytes.finish(), await strings.finish()];
  expect(a.lengths).toEqual(b.lengths);
  for (const word of new Set(texts.flatMap(wordsOf))) {
    expect(a.posting(encode(word))).toEqual(b.posting(encode(word)));
    expect(a.posting(encode(word))).toBeDefined();
  }
  expect(a.posting(encode('never'))).toBeUndefined();
});

test('J2 many words are told apart', async () => {
  const words = Array.from({ length: 20_000 }, (_, i) => `w${i}`);
  const index = await indexSegment(words.length, packStrings(words), undefined, []);
  for (const [row, word] of words.entries()) {
    expect(index.posting(encode(word))?.rows).toEqual(Uint32Array.of(row));
  }
});

test('J2 strings at paths of the metadata count, through arrays, own keys alone', async () => {
  const metadata = [
    { title: 'Tide', author: [{ name: 'Ada' }, { name: ['Grace', 5, 'Tide'] }, [{ name: 'not entered' }]] },
    { title: { deeper: 'no' } },
  ];
  const column = packStrings([...metadata.map((each) => JSON.stringify(each)), '']);
  const paths = [['title'], ['author', 'name'], ['constructor', 'name']];
  const index = await indexSegment(3, undefined, column, paths);
  expect([...index.lengths]).toEqual([4, 0, 0]);
  expect(index.posting(encode('tide'))).toEqual({ rows: Uint32Array.of(0), counts: Uint16Array.of(2) });
  expect(index.posting(encode('entered'))).toBeUndefined();
});
