import type { Upsert } from '../records.js';

/** One way for records into Redis and back. */
export interface Way {
  readonly name: string;
  /** Processes that take part beside this one. */
  readonly processes: Readonly<Record<string, number>>;
  /** Forgets what was written, and begins anew. */
  begin(): Promise<void>;
  write(records: readonly Upsert[]): Promise<void>;
  /** Everything that was written since it began. Resolves to how many records have come. */
  read(): Promise<number>;
  close(): Promise<void>;
}

/** Records that are sent together, and how often that is under way at once. */
export const TOGETHER = 500;
export const AT_ONCE = 8;
