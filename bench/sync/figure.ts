/** What a row has measured, beside what it was measured against. */
export interface Figure {
  readonly name: string;
  readonly unit: 'per second' | 'ms';
  /** The same by the Redis client alone. */
  readonly direct?: number;
  readonly server: number;
  /** Most times as long as directly that it may take. */
  readonly goal?: number;
  readonly note?: string;
  /** For the results file: single rounds, processor time. */
  readonly details?: object;
}

export interface Options {
  /** Of the bulk row; the others take a share of it. */
  readonly records: number;
  readonly rounds: number;
  readonly shards: number;
}

export const DIMENSION = 384;

/** How many times as long it takes through the server. */
export function ratioOf({ unit, direct, server }: Figure): number | undefined {
  if (direct === undefined) return undefined;
  return unit === 'ms' ? server / direct : direct / server;
}
