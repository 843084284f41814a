/** The list beginning at another element in each round, so that no system always goes first. */
export function rotated<T>(list: readonly T[], round: number): T[] {
  const shift = list.length === 0 ? 0 : round % list.length;
  return [...list.slice(shift), ...list.slice(0, shift)];
}

export function blocksOf<T>(list: readonly T[], size: number): T[][] {
  const blocks: T[][] = [];
  for (let i = 0; i < list.length; i += size) blocks.push(list.slice(i, i + size));
  return blocks;
}
