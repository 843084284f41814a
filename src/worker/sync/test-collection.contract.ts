import type { Mirror } from './mirror.js';

/** A local collection of records that hold a number each, as tests of the replicator need it. */
export interface TestCollection {
  readonly mirror: Mirror;
  /** @returns its stamp */
  write(id: string, number: number): Promise<string>;
  remove(id: string): Promise<string>;
  /** Merges what there is, as maintenance does. */
  optimize(): Promise<void>;
  /** What is there, by id. */
  numbers(): Promise<Record<string, number>>;
}
