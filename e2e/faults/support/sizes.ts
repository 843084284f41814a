const IS_FULL = process.env.NEARSHORE_FAULTS === 'full';

/** How many: of the full run (`npm run test:faults`), or of the one that fits every build. */
export function size(full: number, ci: number): number {
  return IS_FULL ? full : ci;
}

/** Milliseconds that such a test may take. */
export const TIMEOUT = size(3_600_000, 300_000);
