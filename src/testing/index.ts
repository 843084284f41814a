/**
 * Faults on purpose, in the worker of a store: for tests of what an app does when a browser fails.
 *
 * @module nearshore/testing
 */
export { type Faults, makeFaults } from './make-faults.js';
export type {
  AtPoint,
  CallCounts,
  CallFault,
  CommitPoint,
  FailingPoint,
  FaultPlace,
  NthCall,
  StorageCall,
  StorageFailure,
} from './protocol.js';
export { COMMIT_POINTS, STORAGE_CALLS } from './protocol.js';
