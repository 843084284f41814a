import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChangeEvent } from '../../shared/types.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { ChangeOrder } from './change-order.js';

const LATE_MS = 100;

function event(generation: number, kind: ChangeEvent['kind'] = 'upsert'): ChangeEvent {
  return { collection: 'notes', kind, ids: ['a'], count: 1, generation, origin: 'tab' };
}

function open(emitted = 0, lateMs = LATE_MS) {
  const heard: string[] = [];
  const order = new ChangeOrder('notes', emitted, lateMs, ({ kind, generation }) =>
    heard.push(`${kind} ${generation}`),
  );
  return { order, heard };
}

describe('T2 events of a collection', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('T2 are emitted at once while they come in order; a merge has none, a commit may have two', () => {
    const { order, heard } = open(4);
    order.tell(5, [event(5)]);
    expect(heard).toEqual(['upsert 5']);
    order.tell(6, []);
    order.tell(7, [event(7), event(7, 'delete')]);
    expect(heard).toEqual(['upsert 5', 'upsert 7', 'delete 7']);
  });

  it('T2 come in the order of generations and once, in whichever order they are told', () => {
    const random = new SeededRandom(7);
    const { order, heard } = open();
    const generations = Array.from({ length: 200 }, (_, i) => i + 1);
    const shuffled = [...generations].sort(() => random.next() - 0.5);
    for (const generation of [...shuffled, ...shuffled]) order.tell(generation, [event(generation)]);
    expect(heard).toEqual(generations.map((generation) => `upsert ${generation}`));
    expect(vi.getTimerCount()).toBe(0);
  });

  it("T2 that are not told in time are one of kind 'unknown', and are not told later", () => {
    const { order, heard } = open();
    order.tell(1, [event(1)]);
    order.tell(4, [event(4)]);
    order.tell(7, [event(7)]);
    expect(heard).toEqual(['upsert 1']);
    vi.advanceTimersByTime(LATE_MS - 1);
    expect(heard).toEqual(['upsert 1']);
    vi.advanceTimersByTime(1);
    expect(heard).toEqual(['upsert 1', 'unknown 3', 'upsert 4']);
    vi.advanceTimersByTime(LATE_MS);
    expect(heard.slice(3)).toEqual(['unknown 6', 'upsert 7']);
    order.tell(2, [event(2)]);
    order.tell(8, [event(8)]);
    expect(heard.slice(5)).toEqual(['upsert 8']);
  });

  it('T2 has its full time to be told, whatever else was late before', () => {
    const { order, heard } = open();
    order.tell(2, [event(2)]);
    vi.advanceTimersByTime(LATE_MS - 10);
    order.tell(1, [event(1)]);
    order.tell(4, [event(4)]);
    vi.advanceTimersByTime(LATE_MS - 10);
    expect(heard).toEqual(['upsert 1', 'upsert 2']);
    order.tell(3, [event(3)]);
    expect(heard.slice(2)).toEqual(['upsert 3', 'upsert 4']);
  });

  it("T2 that led to a generation which is there are 'unknown' if nobody tells", () => {
    const { order, heard } = open(2);
    order.reach(5);
    order.tell(3, [event(3)]);
    vi.advanceTimersByTime(LATE_MS);
    expect(heard).toEqual(['upsert 3', 'unknown 5']);
    order.reach(4);
    expect(order.reached).toBe(5);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("T4 are 'unknown' at once where nothing is announced", () => {
    const { order, heard } = open(0, 0);
    order.reach(3);
    order.tell(5, [event(5)]);
    expect(heard).toEqual(['unknown 3', 'unknown 4', 'upsert 5']);
  });

  it('C12 can be waited for', async () => {
    const { order, heard } = open();
    order.tell(1, [event(1)]);
    await order.emittedUpTo(1);
    order.tell(3, [event(3)]);
    const emitted = order.emittedUpTo(3).then(() => heard.push('resolved'));
    await Promise.resolve();
    expect(heard).toEqual(['upsert 1']);
    order.tell(2, [event(2)]);
    await emitted;
    expect(heard).toEqual(['upsert 1', 'upsert 2', 'upsert 3', 'resolved']);
  });

  it('C12 do not keep anybody waiting who is told that nothing more comes', async () => {
    const { order, heard } = open();
    order.tell(2, [event(2)]);
    const emitted = order.emittedUpTo(2);
    order.end();
    await emitted;
    expect(heard).toEqual(['unknown 1', 'upsert 2']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
