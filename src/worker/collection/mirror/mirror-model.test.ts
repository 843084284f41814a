import { describe, expect, it } from 'vitest';
import { MemoryStorage } from '../../storage/memory-storage.js';
import { type Events, NO_EVENTS, runMirrorModel } from './mirror-model.contract.js';

const RUNS = process.env.NEARSHORE_FAULTS === 'full' ? 200 : 12;
const STEPS = 120;

describe.each(['last-writer-wins', 'compare-and-set'] as const)('a mirror under %s', (conflict) => {
  it(`Y2 Y3 Y4 Y5 is a plain map of stamps, bases and what is pushed, in ${RUNS} random histories`, async () => {
    const events: Events = { ...NO_EVENTS };
    for (let seed = 1; seed <= RUNS; seed++) {
      await runMirrorModel(new MemoryStorage(), conflict, seed, STEPS, events);
    }
    const never = conflict === 'compare-and-set' ? [] : ['conflicts', 'resolved'];
    const missing = Object.entries(events).filter(([name, count]) => count === 0 && !never.includes(name));
    expect(missing).toEqual([]);
  });
});
