/**
 * The store, for a page: `openStore`, what it gives, and the one class of error.
 *
 * @module nearshore
 */
export type * from '../shared/backup-types.js';
export {
  type Problem,
  VectorStoreError,
  type VectorStoreErrorCode,
  type VectorStoreErrorOptions,
} from '../shared/errors.js';
export type {
  FieldCondition,
  Filter,
  JsonScalar,
  TypedFilter,
  UntypedFilter,
} from '../shared/filter-types.js';
export type * from '../shared/sync/sync-status.js';
export type * from '../shared/sync/sync-types.js';
export type * from '../shared/types.js';
export {
  type ValidateOptions,
  type ValidationResult,
  validateQuery,
  validateRecords,
} from '../shared/validate.js';
export type { Collection } from './collection.js';
export type { LiveState } from './live-query.js';
export { openStore } from './open-store.js';
export type { VectorStore } from './store.js';
export type { StoreOptions } from './store-options.js';
export type { Sync } from './sync.js';
