import { expect } from '@playwright/test';

/** Milliseconds from a kill to the first answer afterwards: the bound, reported, and ten times that, which fails. */
const REOPEN_MS = 1_000;

/** One kill, as the test saw it. */
export interface Kill {
  /** A transaction that writes was open. */
  open: boolean;
  /** Operations acknowledged since the kill before. */
  acknowledged: number;
  /** The operation that was under way is there afterwards, whole; else it is absent. */
  kept: boolean;
  reopenMs: number;
}

/** Says how a run of kills went; fails where it has not shown enough. */
export function judge(title: string, kills: readonly Kill[], wanted: number): void {
  const open = kills.filter((kill) => kill.open).length;
  const acknowledged = kills.reduce((sum, kill) => sum + kill.acknowledged, 0);
  const kept = kills.filter((kill) => kill.kept).length;
  const times = kills.map((kill) => kill.reopenMs).sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round(times[Math.min(times.length - 1, Math.floor(share * times.length))]!);
  console.log(
    `${title}: ${kills.length} kills, ${open} with a transaction open, ${acknowledged} operations acknowledged, ` +
      `${kept} under way kept whole, the others absent; ` +
      `reopened in ${at(0.5)} ms (p95 ${at(0.95)}, max ${at(1)}; bound ${REOPEN_MS})`,
  );
  expect(kills).toHaveLength(wanted);
  expect(acknowledged).toBeGreaterThan(0);
  expect(open).toBeGreaterThanOrEqual(0.3 * kills.length);
  expect(at(1)).toBeLessThan(10 * REOPEN_MS);
}
