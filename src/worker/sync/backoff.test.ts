import { expect, test } from 'vitest';
import { Backoff } from './backoff.js';

test('Y11 failures wait 1 s, doubled up to 60 s, each with full jitter', () => {
  const longest = new Backoff(() => 0.999_999);
  const waits = Array.from({ length: 9 }, () => longest.next());
  expect(waits).toEqual([999, 1_999, 3_999, 7_999, 15_999, 31_999, 59_999, 59_999, 59_999]);
  const none = new Backoff(() => 0);
  expect(Array.from({ length: 9 }, () => none.next())).toEqual(new Array(9).fill(0));
});

test('Y11 what the server asks for is waited at least, with jitter on top', () => {
  const backoff = new Backoff(() => 0.5);
  expect(backoff.next(10_000)).toBe(10_500);
  expect(backoff.next(10_000)).toBe(11_000);
});

test('Y11 a success begins anew, and a thousand failures in a row are no overflow', () => {
  const backoff = new Backoff(() => 0.5);
  for (let i = 0; i < 2_000; i++) backoff.next();
  expect(backoff.next()).toBe(30_000);
  backoff.reset();
  expect(backoff.next()).toBe(500);
});
