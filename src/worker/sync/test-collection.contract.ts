import type { Mirror } from './mirror.js';

/** A local collection of records that hold a number each, as tests of the replicator need it. */
export interface TestCollection {
  readonly mirror: Mirror;
  /** @returns its stamp */
  write(id: string, number: number): Promise<string>;
  remove(id: string): Promise<string>;
  /** What is there, by id. */
  numbers(): Promise<Record<string, number>>;
}
