import { expect, it } from 'vitest';
import { pause, Queue, Slice } from './slices.js';

it('L4 pauses end in the order in which they began', async () => {
  const log: number[] = [];
  await Promise.all([1, 2, 3].map((i) => pause().then(() => log.push(i))));
  expect(log).toEqual([1, 2, 3]);
});

it('L4 a slice is over after 8 ms, and a new one begins after the pause', async () => {
  const spin = (milliseconds: number) => {
    for (const end = performance.now() + milliseconds; performance.now() < end; );
  };
  const slice = new Slice();
  expect(slice.isOver()).toBe(false);
  spin(8.5);
  expect(slice.isOver()).toBe(true);
  await slice.next();
  expect(slice.isOver()).toBe(false);
});

it('a queue runs one task after another, and goes on after one that fails', async () => {
  const queue = new Queue();
  const log: string[] = [];
  const task = (name: string, fails = false) =>
    queue.run(async () => {
      log.push(`begin ${name}`);
      await pause();
      log.push(`end ${name}`);
      if (fails) throw new Error(name);
      return name;
    });
  const ends = await Promise.allSettled([
    task('a'),
    task('b', true),
    queue.run(() => {
      throw new Error('at once');
    }),
    task('c'),
  ]);
  expect(ends.map((end) => (end.status === 'fulfilled' ? end.value : end.reason.message))).toEqual([
    'a',
    'b',
    'at once',
    'c',
  ]);
  expect(log).toEqual(['begin a', 'end a', 'begin b', 'end b', 'begin c', 'end c']);
});
