import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeShippedDevice } from './shipped-device.contract.js';
import { type ShippedServer, startShippedServer } from './shipped-server.contract.js';
import { simulate } from './simulate.contract.js';

/** Of the run that is made twice. */
const WRITES_AGAIN = 60;
/** Runs side by side, since each waits for Redis most of the time. */
const TOGETHER = 4;
/** In a run, on average: without them it would prove nothing. */
const AT_LEAST = {
  forks: 2,
  resets: 1,
  gone: 1,
  refusedEpochs: 1,
  stale: 0.5,
  conflicts: 0.5,
  healed: 1,
  merges: 1,
};

export interface SimulationSize {
  /** Of one run each, from the first to the last. */
  seeds: readonly [first: number, last: number];
  /** Of a run. */
  writes: number;
  timeoutMs: number;
}

/**
 * Three devices, each the shipped replicator on the shipped collection, the shipped handler and scripts, a real Redis.
 * What was drawn comes from the seed alone.
 */
export function describeSimulation({ seeds: [first, last], writes, timeoutMs }: SimulationSize): void {
  const runs = last - first + 1;
  describe(`simulation, seeds ${first} to ${last}`, () => {
    let shipped: ShippedServer;
    beforeAll(async () => {
      shipped = await startShippedServer();
    });
    afterAll(() => shipped?.stop());

    test('Y1 the same seed is the same run, merges included', async () => {
      const once = await simulate(shipped, makeShippedDevice, first, WRITES_AGAIN);
      expect(once.events.length).toBeGreaterThan(WRITES_AGAIN);
      expect(await simulate(shipped, makeShippedDevice, first, WRITES_AGAIN)).toEqual(once);
    });

    test(
      `Y1 ${runs} runs of ${writes} writes under faults: replicas are equal, deletes stay, retries have one effect, nothing acknowledged is lost`,
      async () => {
        const began = performance.now();
        const totals: Record<string, number> = {};
        const failed: Record<number, readonly string[]> = {};
        let seed = first;
        const runNext = async () => {
          while (seed <= last) {
            const own = seed++;
            const { violations, answered, healed, merges } = await simulate(
              shipped,
              makeShippedDevice,
              own,
              writes,
            );
            if (violations.length > 0) failed[own] = violations;
            for (const [what, count] of Object.entries({ ...answered, healed, merges })) {
              totals[what] = (totals[what] ?? 0) + count;
            }
          }
        };
        await Promise.all(Array.from({ length: TOGETHER }, runNext));
        const perRun = Math.round((performance.now() - began) / runs);
        console.log(`simulation: seeds ${first} to ${last}, ${perRun} ms a run; ${JSON.stringify(totals)}`);
        // Seed → what it violates.
        expect(failed).toEqual({});
        for (const [what, least] of Object.entries(AT_LEAST)) {
          expect(totals[what], what).toBeGreaterThanOrEqual(Math.floor(least * runs));
        }
      },
      timeoutMs,
    );
  });
}
