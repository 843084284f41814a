/** Mulberry32 (Tommy Ettinger, public domain): numbers in [0, 1) that depend on the seed alone. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The whole numbers below `count`, shuffled (Fisher–Yates). */
export function shuffled(count: number, random: () => number): Uint32Array<ArrayBuffer> {
  const values = Uint32Array.from({ length: count }, (_, i) => i);
  for (let end = count; end > 1; end--) {
    const at = Math.floor(random() * end);
    const value = values[at]!;
    values[at] = values[end - 1]!;
    values[end - 1] = value;
  }
  return values;
}
