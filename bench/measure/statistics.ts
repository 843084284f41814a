/** Median of a list; the mean of the two middle values for an even count. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('The median of nothing was asked for.');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Percentile of durations read from a clock that ticks in steps of `tick` ms. A page without cross-origin
 * isolation has a tick of 0.1 ms, as long as some queries take; so equal readings are taken to be spread evenly
 * over their tick (the grouped percentile of statistics textbooks) instead of all lying on it.
 */
export function percentile(durations: readonly number[], p: number, tick: number): number {
  const sorted = [...durations].sort((a, b) => a - b);
  const target = (p / 100) * sorted.length;
  const at = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(target) - 1))]!;
  const near = (value: number) => Math.abs(value - at) < tick / 2;
  const below = sorted.findIndex(near);
  const count = sorted.filter(near).length;
  return Math.max(0, at - tick / 2 + (tick * (target - below)) / count);
}

/** The smallest step of performance.now() here, in milliseconds. */
export function clockTick(): number {
  let tick = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i++) {
    const start = performance.now();
    let now = start;
    while (now === start) now = performance.now();
    tick = Math.min(tick, now - start);
  }
  return tick;
}
