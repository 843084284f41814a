import { backup } from './backup.js';
import { batch } from './batch.js';
import { compact } from './compact.js';
import type { RowKind } from './context.js';
import { durable } from './durable.js';
import { exact } from './exact.js';
import { filter } from './filter.js';
import { indexed } from './indexed.js';
import { ingest } from './ingest.js';
import { memory } from './memory.js';
import { open } from './open.js';
import { reopen } from './reopen.js';
import { selectivity } from './selectivity.js';
import { upsert } from './upsert.js';

/** In the order of running; upserts come last because they change what is stored. */
export const ROWS: readonly RowKind[] = [
  exact,
  indexed,
  compact,
  filter,
  selectivity,
  batch,
  open,
  memory,
  upsert,
  durable,
  reopen,
  backup,
];

/** In the order of the tables. */
export const TABLES: readonly Pick<RowKind, 'name' | 'title' | 'columns' | 'principal'>[] = [ingest, ...ROWS];
