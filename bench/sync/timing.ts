import { setTimeout as sleep } from 'node:timers/promises';
import { processorMs } from '../node/processes.mjs';

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** As many at once. */
export async function inFlight<T>(
  count: number,
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: count }, async () => {
      for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
    }),
  );
}

export interface Measured {
  readonly ms: number;
  /** Processor time by process, milliseconds, read in steps of 10; empty where the system does not tell. */
  readonly processorMs: Readonly<Record<string, number>>;
}

/** @param processes by the name that they are shown under; this one is `client` */
export async function measured(
  processes: Readonly<Record<string, number>>,
  work: () => Promise<unknown>,
): Promise<Measured> {
  const all = Object.entries({ client: process.pid, ...processes });
  const read = () => all.map(([, pid]) => processorMs(pid));
  const before = read();
  const ms = await timed(work);
  const after = read();
  const spent = all.flatMap(([name], i): [string, number][] =>
    after[i] === undefined ? [] : [[name, after[i] - before[i]!]],
  );
  return { ms, processorMs: Object.fromEntries(spent) };
}

/** So that what a system does afterwards, such as collecting garbage, is its own. */
export const rest = () => sleep(200);

/** Pieces of at most `size`. */
export function* pieces<T>(list: readonly T[], size: number): Generator<readonly T[]> {
  for (let i = 0; i < list.length; i += size) yield list.slice(i, i + size);
}
