import { expect, test } from 'vitest';
import { validateQuery } from './validate.js';

const vector = [1, 2, 3];
const check = (query: unknown, canEmbed = true) => validateQuery(query, { dimension: 3, canEmbed });
const text = 'a word';

test.each<[string, object, boolean]>([
  ['keyword without an embedder', { text, keyword: true }, false],
  ['fields', { text, keyword: { fields: ['title', 'author.name'] } }, false],
  ['hybrid', { text, hybrid: true }, true],
  ['switched off', { text, hybrid: false, keyword: false }, true],
  ['weights', { text, hybrid: { weights: { vector: 0, keyword: 0.5 }, rankConstant: 0 } }, true],
  ['a vector beside the text', { text, vector, hybrid: true }, false],
  ['an id beside the text', { text, id: 'a', hybrid: { fields: [] } }, false],
  ['where', { text, hybrid: true, where: () => true }, true],
  ['groups', { vector, groupBy: 'a.b', groupSize: 3 }, false],
  ['no diversity', { vector, diversity: 0, where: () => true, groupBy: undefined }, false],
  ['diversity', { text, hybrid: true, minScore: 0.1, diversity: 1 }, true],
])('J10 allowed: %s', (_, query, canEmbed) => {
  expect(check(query, canEmbed)).toEqual({ valid: true, problems: [], problemCount: 0 });
});

test.each<[string, object, RegExp]>([
  ['no text', { vector, hybrid: true }, /hybrid and has no text/],
  ['no text', { id: 'a', keyword: true }, /keyword and has no text/],
  ['an empty text', { text: '', keyword: true }, /empty string/],
  ['both', { text, keyword: true, hybrid: {} }, /keyword and hybrid/],
  ['keyword with a vector', { text, vector, keyword: true }, /keyword and vector/],
  ['keyword with minScore', { text, keyword: true, minScore: 0 }, /^minScore is given with keyword/],
  ['hybrid with two points', { text, vector, id: 'a', hybrid: true }, /vector and id/],
  ['a wrong vector', { text, vector: [1], hybrid: true }, /dimension|numbers/],
  ['the server', { text, hybrid: true, scope: 'auto' }, /^hybrid is given with scope 'auto'/],
  ['the server', { text, keyword: true, scope: 'remote' }, /^keyword is given with scope/],
  ['the server', { vector, groupBy: 'a', scope: 'remote' }, /^groupBy is given with scope/],
  ['the server', { vector, diversity: 0.5, scope: 'remote' }, /^diversity is given with scope/],
  ['where with groups', { vector, groupBy: 'a', where: () => true }, /^where is given with groupBy/],
  ['where with diversity', { vector, diversity: 1, where: () => true }, /^where is given with diversity/],
  ['groups with diversity', { vector, diversity: 1, groupBy: 'a' }, /^groupBy and diversity/],
  ['groupSize alone', { vector, groupSize: 2 }, /^groupSize is given without groupBy/],
  ['groupSize', { vector, groupBy: 'a', groupSize: 0 }, /^groupSize is 0/],
  ['groupBy', { vector, groupBy: '' }, /^groupBy is ""/],
  ['groupBy', { vector, groupBy: 'a..b' }, /^groupBy: .*empty segment/],
  ['groupBy', { vector, groupBy: '$or' }, /^groupBy is "\$or"/],
  ['diversity', { vector, diversity: 1.1 }, /^diversity is 1.1/],
  ['diversity', { vector, diversity: Number.NaN }, /^diversity is NaN/],
  ['keyword', { text, keyword: 'yes' }, /^keyword is "yes"/],
  ['unknown keys', { text, keyword: { weights: {} } }, /^keyword has "weights"/],
  ['fields', { text, keyword: { fields: 'title' } }, /^keyword.fields is a string/],
  ['fields', { text, keyword: { fields: Array(17).fill('a') } }, /^keyword.fields has 17 entries/],
  ['fields', { text, hybrid: { fields: ['a', 5] } }, /^hybrid.fields\[1\] is 5/],
  ['weights', { text, hybrid: { weights: { vector: -1 } } }, /^hybrid.weights has/],
  ['weights', { text, hybrid: { weights: { vector: 0, keyword: 0 } } }, /^hybrid.weights are both 0/],
  ['weights', { text, hybrid: { weights: { words: 1 } } }, /^hybrid.weights has "words"/],
  ['weights', { text, hybrid: { weights: 2 } }, /^hybrid.weights is 2/],
  ['rankConstant', { text, hybrid: { rankConstant: -1 } }, /^hybrid.rankConstant is -1/],
])('J10 refused: %s', (_, query, message) => {
  const { valid, problems } = check(query);
  expect(valid).toBe(false);
  expect(problems[0]!.message).toMatch(message);
});

test('J10 a hybrid query by its text alone needs an embedder, and is told what does not', () => {
  expect(check({ text, hybrid: true }, false).problems[0]!.message).toMatch(/no embedder.*\(keyword\)/);
});
